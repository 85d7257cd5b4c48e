import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContext } from "node:tls";
import { certificateToPem, type JksEntry, privateKeyToPem, readJks } from "../certificates/jks";
import type { KeyStoreReference } from "./configuration/carbon";

/** What a TLS port presents. */
export interface Identity {
  readonly key: string;
  /** The own certificate first. */
  readonly cert: string;
}

/**
 * The private key that a keystore reference names.
 * @throws naming the file when it, the alias or a password is wrong.
 */
export function loadIdentity(reference: KeyStoreReference): Identity {
  const entries = load(reference, reference.keyPassword);
  const alias = reference.alias?.toLowerCase();
  const entry = entries.find((one) => one.kind === "key" && (alias === undefined || one.alias === alias));
  if (entry?.kind !== "key") {
    const found = entries.map((one) => one.alias).join(", ") || "nothing";
    throw new Error(`${reference.location}: expected a private key under "${alias ?? "any alias"}", found ${found}`);
  }
  return { key: privateKeyToPem(entry.privateKey), cert: entry.chain.map(certificateToPem).join("") };
}

/**
 * Trusts the certificates of a truststore, and nothing else.
 * @throws naming the file when it can't be read.
 */
export function loadTrust(reference: Pick<KeyStoreReference, "location" | "password">): SecureContext {
  const trusted = load(reference, reference.password).flatMap((one) => (one.kind === "trusted" ? one.certificate : []));
  return createSecureContext({ ca: trusted.map(certificateToPem) });
}

function load(reference: { location: string; password: string }, keyPassword: string): JksEntry[] {
  try {
    return readJks(readFileSync(reference.location), reference.password, keyPassword);
  } catch (error) {
    throw new Error(`${reference.location}: ${error instanceof Error ? error.message : error}`);
  }
}
