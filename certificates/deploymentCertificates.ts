import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
// By name: a default or star import would be copied into the closure of a dynamic resource, not required by it.
import { type GenerateResult, generate } from "selfsigned";
import { writeJks } from "./jks";

export interface CertificateRequest {
  /** Every DNS name and IP address of the nodes' certificate; at least one, the first is its common name. */
  readonly names: readonly string[];
  /** The same for the balancer's certificate. */
  readonly balancerNames: readonly string[];
  /** How carbon.xml opens the nodes' keystore. */
  readonly keystore: { readonly alias: string; readonly storePassword: string; readonly keyPassword: string };
  readonly trustStorePassword: string;
  /** Validity, 1..36500. */
  readonly days: number;
}

export interface DeploymentCertificates {
  /** The deployment's authority, PEM: what a client must trust. */
  readonly caCertificate: string;
  /** Base64 of the nodes' JKS: the key under the alias, with the nodes' and the authority's certificate. Secret. */
  readonly keystore: string;
  /** Base64 of the JKS with the authority's certificate, and the nodes' under the keystore's alias. Secret. */
  readonly truststore: string;
  /** The balancer's certificate, the authority's, and the balancer's key, PEM, as HAProxy reads them. Secret. */
  readonly balancerPem: string;
  /** SHA-256 of the nodes' certificate, 64 hexadecimal digits. */
  readonly fingerprint: string;
}

const keySize = 2048;
const caAlias = "deployment-ca";

function checkRequest({ names, balancerNames, keystore, days }: CertificateRequest): void {
  for (const [field, list] of [
    ["names", names],
    ["balancerNames", balancerNames],
  ] as const) {
    if (list.length === 0) throw new Error(`certificate ${field}: expected at least one host name, found none`);
    for (const name of list) {
      if (isIP(name) === 0 && !/^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(name)) {
        throw new Error(`certificate ${field}: expected a host name or an IP address, found "${name}"; correct it`);
      }
    }
  }
  if (!Number.isInteger(days) || days < 1 || days > 36500) {
    throw new Error(`certificate days: expected a whole number from 1 to 36500, found ${days}; correct it`);
  }
  if (keystore.alias.toLowerCase() === caAlias) {
    throw new Error(
      `keystore alias: "${keystore.alias}" is taken by the authority's certificate; choose another alias`,
    );
  }
}

function validity(days: number): { notBeforeDate: Date; notAfterDate: Date } {
  const now = Date.now();
  // An hour back: a host whose clock lags must not refuse it.
  return { notBeforeDate: new Date(now - 3_600_000), notAfterDate: new Date(now + days * 86_400_000) };
}

function makeAuthority(days: number): Promise<GenerateResult> {
  // The name differs each time: clients that know two deployments find the issuer by its name.
  const name = `API Manager deployment ${randomBytes(4).toString("hex")}`;
  return generate([{ name: "commonName", value: name }], {
    ...validity(days),
    keySize,
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
}

function makeServerCertificate(names: readonly string[], days: number, ca: GenerateResult): Promise<GenerateResult> {
  return generate([{ name: "commonName", value: names[0] ?? "" }], {
    ...validity(days),
    keySize,
    algorithm: "sha256",
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
      // Nodes call each other with the same key, so it serves both ends.
      { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      {
        name: "subjectAltName",
        altNames: [...new Set(names)].map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
}

/**
 * Makes an authority of the deployment's own and, signed by it, one certificate for all nodes and one for the balancer.
 * The authority's key is dropped: nothing else can ever be signed by it.
 *
 * Runs inside a dynamic resource: plain functions only.
 *
 * @throws when a name, the alias or the number of days cannot be used
 * @see carbon.xml `Security/KeyStore`, `Security/TrustStore`
 */
export async function makeCertificates(request: CertificateRequest): Promise<DeploymentCertificates> {
  checkRequest(request);
  const { names, balancerNames, keystore, trustStorePassword, days } = request;
  const authority = await makeAuthority(days);
  const [node, balancer] = await Promise.all([
    makeServerCertificate(names, days, authority),
    makeServerCertificate(balancerNames, days, authority),
  ]);
  const caDer = new X509Certificate(authority.cert).raw;
  const nodeCertificate = new X509Certificate(node.cert);
  const privateKey = createPrivateKey(node.private).export({ type: "pkcs8", format: "der" });
  const { alias, storePassword, keyPassword } = keystore;
  const keystoreFile = writeJks(
    [{ kind: "key", alias, privateKey, chain: [nodeCertificate.raw, caDer], keyPassword }],
    storePassword,
  );
  const truststoreFile = writeJks(
    [
      { kind: "trusted", alias: caAlias, certificate: caDer },
      { kind: "trusted", alias, certificate: nodeCertificate.raw },
    ],
    trustStorePassword,
  );
  return {
    caCertificate: withNewline(authority.cert),
    keystore: keystoreFile.toString("base64"),
    truststore: truststoreFile.toString("base64"),
    balancerPem: [balancer.cert, authority.cert, balancer.private].map(withNewline).join(""),
    fingerprint: nodeCertificate.fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

function withNewline(pem: string): string {
  return pem.endsWith("\n") ? pem : `${pem}\n`;
}
