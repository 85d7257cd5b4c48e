import type { KeyObject, X509Certificate } from "node:crypto";

/** A decrypted key with its certificates. */
export interface OpenedKey {
  readonly alias: string;
  readonly key: KeyObject;
  /** The key's own certificate first. */
  readonly chain: readonly X509Certificate[];
}

/** OpenSSL in the balancer refuses shorter keys. */
const minimumBits = 2048;
const serverUse = "1.3.6.1.5.5.7.3.1";

/**
 * Why the deployment's servers can't use this certificate; empty when they can.
 *
 * @param path the keystore's, for messages
 * @param names the host names that the certificate must contain; a wildcard stands for one label
 */
export function certificateFaults({ alias, key, chain }: OpenedKey, path: string, names: readonly string[]): string[] {
  const which = `"${alias}" in ${path}`;
  const [own] = chain;
  if (own === undefined)
    return [`keystore: the key ${which} has no certificate; import the certificate that was issued for it`];
  if (!own.checkPrivateKey(key))
    return [
      `keystore: the certificate ${which} does not belong to its key; import the certificate that was issued for it`,
    ];
  return [
    ...keyFaults(key, which),
    ...dateFaults(own, which),
    ...nameFaults(own, which, names),
    // A certificate without this extension may be used for everything.
    ...((own.keyUsage?.length ?? 0) > 0 && !own.keyUsage.includes(serverUse)
      ? [
          `keystore: expected a certificate for TLS servers, found ${which} without this use (serverAuth); have a new one issued`,
        ]
      : []),
  ];
}

function keyFaults({ asymmetricKeyType: type, asymmetricKeyDetails }: KeyObject, which: string): string[] {
  const bits = asymmetricKeyDetails?.modulusLength ?? 0;
  if (type === "rsa" && bits >= minimumBits) return [];
  return [
    `keystore: expected an RSA key of at least ${minimumBits} bits, which the product uses to sign and encrypt, found ${type === "rsa" ? `${bits} bits` : `one of type ${type}`} under ${which}; create one with: keytool -genkeypair -keyalg RSA -keysize 2048`,
  ];
}

function dateFaults({ validFrom, validTo }: X509Certificate, which: string): string[] {
  const day = (date: string) => new Date(date).toISOString().slice(0, 10);
  if (Date.parse(validTo) < Date.now())
    return [`keystore: the certificate ${which} expired on ${day(validTo)}; have it renewed`];
  if (Date.parse(validFrom) > Date.now())
    return [
      `keystore: the certificate ${which} is not valid before ${day(validFrom)}; correct this machine's clock, or wait`,
    ];
  return [];
}

function nameFaults(own: X509Certificate, which: string, names: readonly string[]): string[] {
  const missing = names.filter((name) => own.checkHost(name, { partialWildcards: false }) === undefined);
  if (missing.length === 0) return [];
  return [
    `keystore: expected every host name of the deployment in the certificate ${which}, missing are ${missing.join(", ")}; have one issued with all of them (keytool -genkeypair or -certreq with: -ext san=${names.map((name) => `dns:${name}`).join(",")})`,
  ];
}

/**
 * Follows a chain to its root. The root itself must be trusted, because the balancer's OpenSSL does not accept a trusted
 * intermediate authority instead.
 *
 * @param sent the certificates of the keystore, the server's first
 * @returns the chain from the server's certificate to the root; `missing` names a root that is not trusted
 */
export function rootOf(
  sent: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
): { readonly chain: readonly X509Certificate[]; readonly missing?: string } {
  const isTrusted = (one: X509Certificate) =>
    trusted.some(({ fingerprint256 }) => fingerprint256 === one.fingerprint256);
  const chain: X509Certificate[] = [];
  let last = sent[0];
  while (last !== undefined) {
    const current = last;
    chain.push(current);
    if (signed(current, current)) return isTrusted(current) ? { chain } : { chain, missing: nameOf(current.subject) };
    // Trusted certificates first: of two roots with the same key, the trusted one is used.
    last = [...trusted, ...sent].find((other) => !chain.includes(other) && signed(other, current));
  }
  return { chain, missing: nameOf(chain.at(-1)?.issuer ?? "") };
}

function signed(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** A distinguished name on one line. */
function nameOf(name: string): string {
  return `"${name.split("\n").join(", ")}"`;
}
