import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { configCommand, type OwnStores, SettingsError, type StoreFile } from "../settings";
import { certificateFaults, type OpenedKey, rootOf } from "./certificateFaults";
import { expiryOf } from "./expiry";
import { meet } from "./handshake";
import { type StoredCertificate, type StoredEntry, type StoredKey, WrongPassword } from "./keystoreEntry";
import { readKeystore } from "./keystoreFile";
import { balancerTrust, endOf, readable } from "./nodeStores";

/** The user's own key, checked. */
export interface OwnKey {
  /** PEM; secret. */
  readonly privateKey: string;
  /** PEM, from the servers' certificate to the root. */
  readonly chain: readonly string[];
  /** PEM: the root, which a client must trust. */
  readonly caCertificate: string;
}

export interface OwnCertificates {
  /** Undefined: the stack names no keystore. */
  readonly key?: OwnKey;
  /** Undefined: the stack names no truststore. */
  readonly trusted?: readonly StoredCertificate[];
  /** What is worth a word. */
  readonly warnings: readonly string[];
}

/** One fault; the others are looked for all the same. */
class Fault extends Error {}

/**
 * Reads the user's keystore and truststore and checks that the deployment can run with them, before anything is made.
 *
 * @param names every host name that the certificate must carry
 * @param stack for the commands in messages
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
    warnings: key ? endWarnings(key, keystore.path) : [],
  };
}

function readTruststore(file: StoreFile, stack: string): StoredCertificate[] {
  const trusted = open(file, "truststore", stack).flatMap((entry): StoredCertificate[] => {
    if (entry.kind === "trusted") return [entry];
    // As Java does: whose key is there is trusted too.
    return entry.chain.slice(0, 1).map((certificate) => ({ kind: "trusted", alias: entry.alias, certificate }));
  });
  if (trusted.length > 0) return trusted;
  throw new Fault(`truststore: expected certificates in ${file.path}, found none; import the authority's into it`);
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
      throw new Fault(`keystore: the key ${which} or its certificate can't be read: ${messageOf(error)}; make it anew`);
    const found = file.keyPassword === undefined ? "found that it is not the keystore's" : "found another one";
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
      `keystore: expected a private key in ${file.path}, found ${entries.length === 0 ? "nothing" : "only certificates"}; name the keystore that the key was made in`,
    );
  if (file.alias !== "") {
    const named = keys.find(({ alias }) => alias === file.alias.toLowerCase());
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
      `${setting}: expected a JKS or PKCS12 file, ${found}; set wso2-apim:${setting} (relative paths are the project's)`,
    );
  }
  try {
    return readKeystore(bytes, file.password);
  } catch (error) {
    if (!(error instanceof WrongPassword)) throw new Fault(`${setting}: ${file.path}: ${messageOf(error)}`);
    const secret = `${setting}Password`;
    throw new Fault(
      `${secret}: expected the password of ${file.path}, found another one; run: ${configCommand(`set --secret ${secret}`, stack)}`,
    );
  }
}

function ownKey({ alias, key, chain: sent }: OpenedKey, trusted: readonly StoredCertificate[], path: string): OwnKey {
  const { chain, missing } = rootOf(
    sent,
    trusted.flatMap(({ certificate }) => readable(certificate) ?? []),
  );
  if (missing !== undefined)
    throw new Fault(
      `truststore: expected the root that the certificate "${alias}" in ${path} leads to, ${missing}, found others; import it: keytool -importcert -alias root -file ROOT.pem -keystore TRUSTSTORE`,
    );
  return {
    privateKey: key.export({ type: "pkcs8", format: "pem" }).toString(),
    chain: chain.map(String),
    caCertificate: String(chain.at(-1)),
  };
}

/** What no single check finds, a server and a client in this process do. */
async function handshakeFaults(
  { privateKey, chain }: OwnKey,
  trusted: readonly StoredCertificate[],
  path: string,
  [name = ""]: readonly string[],
): Promise<string[]> {
  try {
    await meet({ key: privateKey, chain }, balancerTrust(trusted), name);
    return [];
  } catch (error) {
    return [
      `keystore: expected that a TLS client which trusts the truststore takes the certificate in ${path}, found that it refuses: ${messageOf(error)}; have it issued anew`,
    ];
  }
}

function endWarnings({ chain }: OwnKey, path: string): string[] {
  const end = endOf(chain);
  const { daysLeft, endsSoon } = expiryOf(end);
  return endsSoon
    ? [
        `keystore: the certificate in ${path} ends on ${end.slice(0, 10)}, in ${daysLeft} days; put a new one there and run up`,
      ]
    : [];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
