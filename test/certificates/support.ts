import { createPrivateKey, X509Certificate } from "node:crypto";
import { generate } from "selfsigned";
import type { JksCertificate, JksKey } from "../../certificates/jks";

/** A PEM certificate as DER. */
export function derOf(certificate: string): Buffer {
  return new X509Certificate(certificate).raw;
}

/** A PEM private key as PKCS#8, DER. */
export function keyDerOf(key: string): Buffer {
  return createPrivateKey(key).export({ format: "der", type: "pkcs8" });
}

/** A certificate and its key, PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

export interface Wanted {
  /** Common name. */
  readonly name: string;
  /** Subject alternative names. @default none, and the certificate is an authority */
  readonly hosts?: readonly string[];
  /** The issuer. @default self-signed */
  readonly by?: Issued;
  /** Start and end of validity, in days from now. @default -1 and 365 */
  readonly days?: readonly [number, number];
  readonly kind?: "rsa" | "ec";
  readonly bits?: number;
  readonly algorithm?: "sha1" | "sha256";
  /** @default servers and clients */
  readonly use?: "client";
}

/** Issues a certificate of another authority than the deployment's. */
export async function issue(wanted: Wanted): Promise<Issued> {
  const { name, hosts, by, days: [from, to] = [-1, 365], kind = "rsa", bits = 2048, algorithm = "sha256" } = wanted;
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);
  const made = await generate([{ name: "commonName", value: name }], {
    notBeforeDate: inDays(from),
    notAfterDate: inDays(to),
    keyType: kind,
    keySize: bits,
    algorithm,
    ...(by && { ca: { key: by.key, cert: by.cert } }),
    extensions: hosts
      ? [
          { name: "basicConstraints", cA: false },
          { name: "extKeyUsage", serverAuth: wanted.use !== "client", clientAuth: true },
          { name: "subjectAltName", altNames: hosts.map((value) => ({ type: 2, value })) },
        ]
      : [
          { name: "basicConstraints", cA: true, critical: true },
          { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
        ],
  });
  return { cert: made.cert, key: made.private };
}

/** A key entry for {@link writeJks}. */
export function keyEntry(alias: string, { key }: Pick<Issued, "key">, chain: readonly string[]): JksKey {
  return { kind: "key", alias, privateKey: keyDerOf(key), chain: chain.map(derOf) };
}

export function trustEntry(alias: string, cert: string): JksCertificate {
  return { kind: "trusted", alias, certificate: derOf(cert) };
}
