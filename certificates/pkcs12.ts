import { X509Certificate } from "node:crypto";
// By name, as certificates/authority.ts explains.
import { asn1, pkcs12, pki, util } from "node-forge";
import { type StoredEntry, WrongPassword } from "./keystoreEntry";

type Bag = pkcs12.Bag;

/** A certificate as it lies in the file. */
interface Held {
  readonly bag: Bag;
  readonly der: Buffer;
}

export function isPkcs12(file: Buffer): boolean {
  return file[0] === 0x30;
}

/**
 * Reads a PKCS #12 file as keytool and OpenSSL make them; a key's password is the store's.
 * A certificate that belongs to no key is taken as trusted.
 *
 * @throws {WrongPassword}
 * @throws Error when it is no PKCS #12 file, is damaged, or holds what is not known here.
 * @see RFC 7292
 */
export function readPkcs12(file: Buffer, password: string): StoredEntry[] {
  const bags = open(file, password).safeContents.flatMap(({ safeBags }) => safeBags);
  const isCertificate = ({ type }: Bag) => type === pki.oids.certBag;
  const certificates = bags.filter(isCertificate).map((bag): Held => ({ bag, der: certificateOf(bag) }));
  const taken = new Set<Held>();
  const keys = bags
    .filter((bag) => !isCertificate(bag))
    .map((bag, number): StoredEntry => {
      const chain = chainOf(bag, certificates);
      for (const each of chain) taken.add(each);
      const openWith = (keyPassword: string): Buffer => {
        if (keyPassword !== password) throw new WrongPassword("its password is another one");
        return keyOf(bag);
      };
      return {
        kind: "key",
        alias: aliasOf(bag, `key-${number + 1}`),
        chain: chain.map(({ der }) => der),
        open: openWith,
      };
    });
  const trusted = certificates
    .filter((each) => !taken.has(each))
    .map(({ bag, der }, number): StoredEntry => {
      return { kind: "trusted", alias: aliasOf(bag, `certificate-${number + 1}`), certificate: der };
    });
  return [...keys, ...trusted];
}

function open(file: Buffer, password: string): pkcs12.Pkcs12Pfx {
  const pfx = parse(file);
  // With a digest over the content, which is checked first, what fails later is not the password's fault.
  const guarded = pfx.value.length > 2;
  try {
    return pkcs12.pkcs12FromAsn1(pfx, password);
  } catch (error) {
    // Forge's errors have no code.
    const found = messageOf(error);
    if (found.includes("MAC could not be verified")) throw new WrongPassword("its password is another one");
    if (found.includes("not an PKCS#12")) throw new Error("it is no PKCS #12 file, or damaged; name another file");
    // Never without the digest when that could not be checked.
    const again = found.includes("MAC") ? undefined : openInUtf8(pfx, password);
    if (again) return again;
    if (!guarded && !/unsupported/i.test(found)) throw new WrongPassword("its password is another one");
    if (found.includes("ShroudedKeyBag, wrong password"))
      throw new Error("one of its keys has another password than the store; make it with one password for both");
    throw new Error(
      `it holds something that is not known here (${found}); copy the key or certificate: keytool -importkeystore -srcalias ALIAS -srckeystore OLD -destkeystore NEW.jks -deststoretype JKS`,
    );
  }
}

function parse(file: Buffer): asn1.Asn1 {
  try {
    return asn1.fromDer(file.toString("latin1"));
  } catch (error) {
    throw new Error(`it is damaged: ${messageOf(error)}`);
  }
}

/**
 * The newer ciphers take the password in UTF-8, the digest and the older ones in UTF-16, forge the same for all: the
 * digest, which was right, is left out. Undefined when that is not it.
 */
function openInUtf8(pfx: asn1.Asn1, password: string): pkcs12.Pkcs12Pfx | undefined {
  const bytes = util.encodeUtf8(password);
  if (bytes === password) return undefined;
  try {
    return pkcs12.pkcs12FromAsn1({ ...pfx, value: pfx.value.slice(0, 2) }, bytes);
  } catch {
    return undefined;
  }
}

/** The key's certificate, then whoever signed it, as far as the file has them. */
function chainOf(key: Bag, certificates: readonly Held[]): Held[] {
  const own =
    certificates.find(({ bag }) => sameAttribute(bag, key, "localKeyId")) ??
    certificates.find(({ bag }) => sameAttribute(bag, key, "friendlyName"));
  const chain: Held[] = [];
  for (let next = own; next !== undefined; ) {
    chain.push(next);
    const last = new X509Certificate(next.der);
    next = certificates.find((each) => !chain.includes(each) && last.checkIssued(new X509Certificate(each.der)));
  }
  return chain;
}

/** The bytes that were signed: forge would write the algorithm of the signature anew, RSASSA-PSS with other parameters. */
function certificateOf({ cert, asn1: unread }: Bag): Buffer {
  if (!cert) return derOf(unread);
  const { tbsCertificate: content, signature } = cert;
  const { SEQUENCE, BITSTRING } = asn1.Type;
  const algorithm = (content.value as asn1.Asn1[]).find(({ type }) => type === SEQUENCE);
  if (algorithm === undefined) throw new Error("it is damaged: a certificate does not say how it is signed");
  const { UNIVERSAL } = asn1.Class;
  const signed = asn1.create(UNIVERSAL, BITSTRING, false, `\0${signature}`);
  return derOf(asn1.create(UNIVERSAL, SEQUENCE, true, [content, algorithm, signed]));
}

/** PKCS#8, DER; forge leaves a key that is not RSA as it was. */
function keyOf({ key, asn1: unread }: Bag): Buffer {
  return derOf(key ? pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(key)) : unread);
}

function derOf(element: asn1.Asn1): Buffer {
  return Buffer.from(asn1.toDer(element).getBytes(), "latin1");
}

function aliasOf(bag: Bag, otherwise: string): string {
  return (attributeOf(bag, "friendlyName") ?? otherwise).toLowerCase();
}

function sameAttribute(one: Bag, other: Bag, name: "localKeyId" | "friendlyName"): boolean {
  const value = attributeOf(one, name);
  return value !== undefined && value === attributeOf(other, name);
}

function attributeOf({ attributes }: Bag, name: "localKeyId" | "friendlyName"): string | undefined {
  return (attributes as Readonly<Record<string, readonly string[]>>)[name]?.[0];
}

/** Of forge's errors, which end with a full stop. */
function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}
