import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { errorMessage } from "../errors";
import { configCommand, type OwnStores, SettingsError, type StoreFile } from "../settings";
import { certificateFaults, type OpenedKey, rootOf } from "./certificateFaults";
import { expiryOf } from "./expiry";
import { handshake } from "./handshake";
import { type StoredCertificate, type StoredEntry, type StoredKey, WrongPassword } from "./keystoreEntry";
import { readKeystore } from "./keystoreFile";
import { balancerTrust, endOf, parseCertificate } from "./nodeStores";

/** The user's own key, after all checks. */
export interface OwnKey {
  /** PEM; secret. */
  readonly privateKey: string;
  /** PEM, from the servers' certificate to the root. */
  readonly chain: readonly string[];
  /** PEM: the root, which clients must trust. */
  readonly caCertificate: string;
}

export interface OwnCertificates {
  /** Undefined when the stack sets no keystore. */
  readonly key?: OwnKey;
  /** Undefined when the stack sets no truststore. */
  readonly trusted?: readonly StoredCertificate[];
  readonly warnings: readonly string[];
}

/** One fault; the search for others continues. */
class Fault extends Error {}

/**
 * Reads the user's keystore and truststore, and checks before anything is created that the deployment can use them.
 *
 * @param names the host names that the certificate must contain
 * @param stack name of the stack, for the commands in messages
 * @throws {SettingsError} with every fault
 */
export async function readOwnCertificates(
  { keystore, truststore }: OwnStores,
  names: readonly string[],
  stack: string,
): Promise<OwnCertificates> {
  const faults: string[] = [];
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      faults.push(error.message);
      return undefined;
    }
  };
  const trusted = truststore && attempt(() => readTruststore(truststore, stack));
  const opened = keystore && attempt(() => openKey(keystore, stack));
  if (opened) faults.push(...certificateFaults(opened, keystore.path, names));
  const usable = opened && trusted && faults.length === 0;
  const key = usable && attempt(() => ownKey(opened, trusted, keystore.path));
  if (key) faults.push(...(await handshakeFaults(key, trusted, keystore.path, names)));
  if (faults.length > 0) throw new SettingsError(faults);
  return {
    ...(key && { key }),
    ...(trusted && { trusted }),
    warnings: key ? expiryWarnings(key, keystore.path) : [],
  };
}

function readTruststore(file: StoreFile, stack: string): StoredCertificate[] {
  const trusted = open(file, "truststore", stack).flatMap((entry): StoredCertificate[] => {
    if (entry.kind === "trusted") return [entry];
    // Like Java: the certificate of a key is trusted too.
    return entry.chain.slice(0, 1).map((certificate) => ({ kind: "trusted", alias: entry.alias, certificate }));
  });
  if (trusted.length > 0) return trusted;
  throw new Fault(
    `truststore: expected certificates in ${file.path}, found none; import the authority's certificate into it`,
  );
}

function openKey(file: NonNullable<OwnStores["keystore"]>, stack: string): OpenedKey {
  const { alias, chain, open: openWith } = chooseKey(open(file, "keystore", stack), file);
  const which = `"${alias}" in ${file.path}`;
  try {
    const bytes = openWith(file.keyPassword ?? file.password);
    const key = createPrivateKey({ key: bytes, format: "der", type: "pkcs8" });
    return { alias, key, chain: chain.map((certificate) => new X509Certificate(certificate)) };
  } catch (error) {
    if (!(error instanceof WrongPassword))
      throw new Fault(
        `keystore: the key ${which} or its certificate can't be read: ${errorMessage(error)}; create it again`,
      );
    const found =
      file.keyPassword === undefined ? "found that the keystore's password does not open it" : "found a wrong one";
    throw new Fault(
      `keyPassword: expected the password of the key ${which}, ${found}; run: ${configCommand("set --secret keyPassword", stack)}`,
    );
  }
}

function chooseKey(entries: readonly StoredEntry[], file: NonNullable<OwnStores["keystore"]>): StoredKey {
  const keys = entries.filter((entry): entry is StoredKey => entry.kind === "key");
  const aliases = keys.map(({ alias }) => alias).join(", ");
  if (keys.length === 0)
    throw new Fault(
      `keystore: expected a private key in ${file.path}, found ${entries.length === 0 ? "nothing" : "only certificates"}; set wso2-apim:keystore to the file that contains the key`,
    );
  const wanted = file.alias?.toLowerCase();
  if (wanted !== undefined) {
    const named = keys.find(({ alias }) => alias === wanted);
    if (named) return named;
    throw new Fault(
      `keystoreAlias: expected a key of ${file.path} (${aliases}), found "${file.alias}"; set wso2-apim:keystoreAlias`,
    );
  }
  const [only, ...more] = keys;
  if (only && more.length === 0) return only;
  throw new Fault(
    `keystoreAlias: expected one of the keys of ${file.path} (${aliases}), found nothing; set wso2-apim:keystoreAlias`,
  );
}

function open(file: StoreFile, setting: "keystore" | "truststore", stack: string): StoredEntry[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file.path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const found = code === "ENOENT" ? `found nothing at ${file.path}` : `${file.path} can't be read (${code})`;
    throw new Fault(
      `${setting}: expected a JKS or PKCS12 file, ${found}; set wso2-apim:${setting} (relative paths start at the project)`,
    );
  }
  try {
    return readKeystore(bytes, file.password);
  } catch (error) {
    if (!(error instanceof WrongPassword)) throw new Fault(`${setting}: ${file.path}: ${errorMessage(error)}`);
    const secret = `${setting}Password`;
    throw new Fault(
      `${secret}: expected the password of ${file.path}, found a wrong one; run: ${configCommand(`set --secret ${secret}`, stack)}`,
    );
  }
}

function ownKey({ alias, key, chain: sent }: OpenedKey, trusted: readonly StoredCertificate[], path: string): OwnKey {
  const { chain, missing } = rootOf(
    sent,
    trusted.flatMap(({ certificate }) => parseCertificate(certificate) ?? []),
  );
  if (missing !== undefined)
    throw new Fault(
      `truststore: expected ${missing}, the root of the certificate "${alias}" in ${path}, found others; import it: keytool -importcert -alias root -file ROOT.pem -keystore TRUSTSTORE`,
    );
  return {
    privateKey: key.export({ type: "pkcs8", format: "pem" }).toString(),
    chain: chain.map(String),
    caCertificate: String(chain.at(-1)),
  };
}

/** Faults that only a real TLS handshake finds, e.g. a weak signature. */
async function handshakeFaults(
  { privateKey, chain }: OwnKey,
  trusted: readonly StoredCertificate[],
  path: string,
  [name = ""]: readonly string[],
): Promise<string[]> {
  try {
    await handshake({ key: privateKey, chain }, balancerTrust(trusted), name);
    return [];
  } catch (error) {
    return [
      `keystore: expected that a TLS client which trusts the truststore accepts the certificate in ${path}, found that it refuses: ${errorMessage(error)}; have a new one issued`,
    ];
  }
}

function expiryWarnings({ chain }: OwnKey, path: string): string[] {
  const end = endOf(chain);
  const { daysLeft, endsSoon } = expiryOf(end);
  return endsSoon
    ? [
        `keystore: the certificate in ${path} expires on ${end.slice(0, 10)}, in ${daysLeft} days; replace it and run up`,
      ]
    : [];
}
