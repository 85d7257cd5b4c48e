import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContext } from "node:tls";
import { readJks } from "../certificates/jks";
import type { StoredEntry } from "../certificates/keystoreEntry";
import type { KeyStoreReference } from "./configuration/carbon";
import { errorMessage } from "./errors";

/** The private key and certificates of a TLS port. */
export interface Identity {
  readonly key: string;
  /** PEM: the certificate of the key, then those of its issuers. */
  readonly cert: string;
}

/**
 * The private key that a keystore reference names.
 * @throws naming the file when the file, the alias or a password is wrong
 */
export function loadIdentity(reference: KeyStoreReference): Identity {
  const entries = load(reference);
  const alias = reference.alias?.toLowerCase();
  const entry = entries.find((one) => one.kind === "key" && (alias === undefined || one.alias === alias));
  if (entry?.kind !== "key") {
    const found = entries.map((one) => one.alias).join(", ") || "nothing";
    throw new Error(`${reference.location}: expected a private key under "${alias ?? "any alias"}", found ${found}`);
  }
  const key = withFile(reference, () => entry.open(reference.keyPassword));
  return {
    key: createPrivateKey({ key, format: "der", type: "pkcs8" }).export({ format: "pem", type: "pkcs8" }).toString(),
    cert: entry.chain.map(pemOf).join(""),
  };
}

/**
 * A TLS context that trusts the certificates of a truststore and no others.
 * @throws naming the file when it can't be read
 */
export function loadTrust(reference: Pick<KeyStoreReference, "location" | "password">): SecureContext {
  const trusted = load(reference).flatMap((one) => (one.kind === "trusted" ? one.certificate : []));
  return createSecureContext({ ca: trusted.map(pemOf) });
}

function load(reference: Pick<KeyStoreReference, "location" | "password">): StoredEntry[] {
  return withFile(reference, () => readJks(readFileSync(reference.location), reference.password));
}

function withFile<T>({ location }: Pick<KeyStoreReference, "location">, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${location}: ${errorMessage(error)}`);
  }
}

function pemOf(certificate: Buffer): string {
  return new X509Certificate(certificate).toString();
}
