import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyStoreFacts, TrustStoreFacts } from "../distribution";
import { writeJks } from "./jks";
import type { StoredCertificate } from "./keystoreEntry";

/** SHA-256 of a certificate, 64 hexadecimal digits. @param certificate PEM or DER */
export function fingerprintOf(certificate: string | Buffer): string {
  return new X509Certificate(certificate).fingerprint256.replaceAll(":", "").toLowerCase();
}

/** When the first certificate of a chain expires, as an ISO date and time. @param chain PEM */
export function endOf(chain: readonly string[]): string {
  return new Date(Math.min(...chain.map((pem) => Date.parse(new X509Certificate(pem).validTo)))).toISOString();
}

/** The nodes' keystore, with the alias and passwords of carbon.xml. @param key PEM @param chain PEM @returns JKS */
export function nodeKeystore(key: string, chain: readonly string[], facts: KeyStoreFacts): Buffer {
  const privateKey = createPrivateKey(key).export({ type: "pkcs8", format: "der" });
  const certificates = chain.map((pem) => new X509Certificate(pem));
  const created = Date.parse(certificates[0]?.validFrom ?? "");
  const { keyAlias: alias, keyPassword } = facts;
  return writeJks(
    [{ kind: "key", alias, created, privateKey, keyPassword, chain: certificates.map(({ raw }) => raw) }],
    facts.password,
  );
}

/**
 * The certificates that nodes and balancer trust: their own, under the alias of its key, where the product looks for it;
 * its authority; and `others`, which keep their aliases unless these are taken.
 *
 * @param certificate PEM
 * @param root PEM
 */
export function trustedBy(
  certificate: string,
  root: string,
  others: readonly StoredCertificate[],
  { keyAlias }: Pick<KeyStoreFacts, "keyAlias">,
): StoredCertificate[] {
  const trusted: StoredCertificate[] = [];
  const add = (alias: string, bytes: Buffer) => {
    if (trusted.some((one) => one.certificate.equals(bytes))) return;
    let free = alias.toLowerCase();
    for (let number = 2; trusted.some((one) => one.alias === free); number++) free = `${alias.toLowerCase()}-${number}`;
    trusted.push({ kind: "trusted", alias: free, certificate: bytes });
  };
  add(keyAlias, new X509Certificate(certificate).raw);
  for (const { alias, certificate: other } of others) add(alias, other);
  add("deployment-ca", new X509Certificate(root).raw);
  return trusted;
}

/** The nodes' truststore. @returns JKS */
export function nodeTruststore(trusted: readonly StoredCertificate[], { password }: TrustStoreFacts): Buffer {
  return writeJks(trusted, password);
}

/** The trusted certificates for the balancer, PEM, without those that OpenSSL can't read: it would not start. */
export function balancerTrust(trusted: readonly StoredCertificate[]): string {
  return trusted.map(({ certificate }) => parseCertificate(certificate) ?? "").join("");
}

/** A hash of the trusted certificates, without the servers' own and regardless of aliases. @param root PEM */
export function trustFingerprint(root: string, others: readonly StoredCertificate[]): string {
  const trusted = [new X509Certificate(root).raw, ...others.map(({ certificate }) => certificate)];
  const each = new Set(trusted.map((bytes) => createHash("sha256").update(bytes).digest("hex")));
  return createHash("sha256")
    .update([...each].sort().join())
    .digest("hex");
}

/** Undefined for a certificate that OpenSSL can't read; old truststores contain some. @param certificate DER */
export function parseCertificate(certificate: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(certificate);
  } catch {
    return undefined;
  }
}
