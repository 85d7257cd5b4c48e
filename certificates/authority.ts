import { createPrivateKey, createPublicKey, randomBytes, X509Certificate } from "node:crypto";
import { isIP } from "node:net";

/** The certificate authority that signs the deployment's certificates. */
export interface Authority {
  /** PEM. */
  readonly caCertificate: string;
  /** PEM; secret. */
  readonly caKey: string;
}

/** The key and certificate of the deployment's servers. */
export interface ServerKey {
  /** PEM. */
  readonly certificate: string;
  /** PEM; secret. */
  readonly privateKey: string;
}

const keySize = 2048;
/** Twice the default of a certificate, because all clients need the new authority when it expires. */
const authorityDays = 7300;

/**
 * Creates the deployment's own authority.
 *
 * The library is loaded here, since most runs only read certificates, and loading it would take a tenth of a preview. It
 * is `require`, since Pulumi cannot serialize what an `import()` is compiled to.
 *
 * Runs inside a dynamic resource, like {@link issueCertificate}, so it uses plain functions only.
 */
export async function makeAuthority(): Promise<Authority> {
  // A unique name, because a client that trusts the authorities of two deployments finds the issuer by name.
  const name = `API Manager deployment ${randomBytes(4).toString("hex")}`;
  const { generate } = require("selfsigned") as typeof import("selfsigned");
  const made = await generate([{ name: "commonName", value: name }], {
    notBeforeDate: twoDaysAgo(),
    notAfterDate: inDays(authorityDays),
    keySize,
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { caCertificate: withNewline(made.cert), caKey: withNewline(made.private) };
}

/**
 * Issues one certificate for all servers, signed by the authority. It expires no later than the authority.
 *
 * @param names its DNS names and IP addresses, at least one; the first becomes its common name
 * @param days how long it is valid, 1..7300
 * @param privateKey PEM: its key. @default a new one
 * @throws when a name or the number of days is invalid
 */
export async function issueCertificate(
  authority: Authority,
  names: readonly string[],
  days: number,
  privateKey?: string,
): Promise<ServerKey> {
  checkRequest(names, days);
  const last = new Date(new X509Certificate(authority.caCertificate).validTo);
  const wanted = inDays(days);
  const { generate } = require("selfsigned") as typeof import("selfsigned");
  const made = await generate([{ name: "commonName", value: names[0] ?? "" }], {
    notBeforeDate: twoDaysAgo(),
    notAfterDate: wanted < last ? wanted : last,
    keySize,
    algorithm: "sha256",
    ca: { key: authority.caKey, cert: authority.caCertificate },
    ...(privateKey !== undefined && { keyPair: keyPairOf(privateKey) }),
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
      // Nodes also call each other with this key, so it is for servers and clients.
      { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      {
        name: "subjectAltName",
        altNames: [...new Set(names)].map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
  return { certificate: withNewline(made.cert), privateKey: withNewline(made.private) };
}

function checkRequest(names: readonly string[], days: number): void {
  if (names.length === 0) throw new Error("certificate names: expected at least one host name, found none");
  for (const name of names) {
    if (isIP(name) === 0 && !/^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(name)) {
      throw new Error(`certificate names: expected a host name or an IP address, found "${name}"; correct it`);
    }
  }
  if (!Number.isInteger(days) || days < 1 || days > authorityDays) {
    throw new Error(`certificate days: expected a whole number from 1 to ${authorityDays}, found ${days}; correct it`);
  }
}

function keyPairOf(privateKey: string): { privateKey: string; publicKey: string } {
  const key = createPrivateKey(privateKey);
  return {
    privateKey: key.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKey: createPublicKey(key).export({ type: "spki", format: "pem" }).toString(),
  };
}

/** So that hosts with slow clocks accept the certificate, also one that was made with a clock a day ahead. */
function twoDaysAgo(): Date {
  return inDays(-2);
}

function inDays(days: number): Date {
  return new Date(Date.now() + days * 86_400_000);
}

function withNewline(pem: string): string {
  return pem.endsWith("\n") ? pem : `${pem}\n`;
}
