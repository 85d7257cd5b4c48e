import { X509Certificate } from "node:crypto";
// By name, for the reason in certificates/authority.ts.
import { asn1, pkcs12, pki, util } from "node-forge";
import { errorMessage } from "../errors";
import { type StoredEntry, WrongPassword } from "./keystoreEntry";

type Bag = pkcs12.Bag;

/** A certificate in the file. */
interface CertificateBag {
  readonly bag: Bag;
  readonly der: Buffer;
}

export function isPkcs12(file: Buffer): boolean {
  return file[0] === 0x30;
}

/**
 * Reads a PKCS #12 file of keytool or OpenSSL, in which keys have the password of the store.
 * A certificate that belongs to no key is a trusted one.
 *
 * @throws {WrongPassword}
 * @throws Error when the file is not PKCS #12, is damaged, or contains something that is not supported
 * @see RFC 7292
 */
export function readPkcs12(file: Buffer, password: string): StoredEntry[] {
  const bags = open(file, password).safeContents.flatMap(({ safeBags }) => safeBags);
  const isCertificate = ({ type }: Bag) => type === pki.oids.certBag;
  const certificates = bags.filter(isCertificate).map((bag): CertificateBag => ({ bag, der: certificateOf(bag) }));
  const used = new Set<CertificateBag>();
  const keys = bags
    .filter((bag) => !isCertificate(bag))
    .map((bag, number): StoredEntry => {
      const chain = chainOf(bag, certificates);
      for (const each of chain) used.add(each);
      const openWith = (keyPassword: string): Buffer => {
        if (keyPassword !== password) throw new WrongPassword("the password is wrong");
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
    .filter((each) => !used.has(each))
    .map(({ bag, der }, number): StoredEntry => {
      return { kind: "trusted", alias: aliasOf(bag, `certificate-${number + 1}`), certificate: der };
    });
  return [...keys, ...trusted];
}

function open(file: Buffer, password: string): pkcs12.Pkcs12Pfx {
  const pfx = parse(file);
  // If the file has a digest, which is checked first, a later failure is not caused by the password.
  const hasDigest = pfx.value.length > 2;
  try {
    return pkcs12.pkcs12FromAsn1(pfx, password);
  } catch (error) {
    // Forge's errors have no codes.
    const found = messageOf(error);
    if (found.includes("MAC could not be verified")) throw new WrongPassword("the password is wrong");
    if (found.includes("not an PKCS#12")) throw new Error("it is not a PKCS #12 file, or is damaged; set another file");
    // A digest that could not be checked must not be left out.
    const again = found.includes("MAC") ? undefined : openInUtf8(pfx, password);
    if (again) return again;
    if (!hasDigest && !/unsupported/i.test(found)) throw new WrongPassword("the password is wrong");
    if (found.includes("ShroudedKeyBag, wrong password"))
      throw new Error("one of its keys has a different password than the store; create it with one password for both");
    throw new Error(
      `it contains something that is not supported (${found}); copy the key or certificate: keytool -importkeystore -srcalias ALIAS -srckeystore OLD -destkeystore NEW.jks -deststoretype JKS`,
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
 * Opens a file whose newer ciphers use the password in UTF-8 while its digest uses UTF-16. Forge supports only one form
 * per file, so the digest, which was verified already, is left out. Undefined when that was not the cause.
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

/** The key's certificate and those of its issuers, as far as the file contains them. */
function chainOf(key: Bag, certificates: readonly CertificateBag[]): CertificateBag[] {
  const own =
    certificates.find(({ bag }) => sameAttribute(bag, key, "localKeyId")) ??
    certificates.find(({ bag }) => sameAttribute(bag, key, "friendlyName"));
  const chain: CertificateBag[] = [];
  for (let next = own; next !== undefined; ) {
    chain.push(next);
    const last = new X509Certificate(next.der);
    next = certificates.find((each) => !chain.includes(each) && last.checkIssued(new X509Certificate(each.der)));
  }
  return chain;
}

/** The original bytes: forge would encode the signature algorithm again, RSASSA-PSS with other parameters. */
function certificateOf({ cert, asn1: unread }: Bag): Buffer {
  if (!cert) return derOf(unread);
  const { tbsCertificate: content, signature } = cert;
  const { SEQUENCE, BITSTRING } = asn1.Type;
  const algorithm = (content.value as asn1.Asn1[]).find(({ type }) => type === SEQUENCE);
  if (algorithm === undefined) throw new Error("it is damaged: a certificate has no signature algorithm");
  const { UNIVERSAL } = asn1.Class;
  const signed = asn1.create(UNIVERSAL, BITSTRING, false, `\0${signature}`);
  return derOf(asn1.create(UNIVERSAL, SEQUENCE, true, [content, algorithm, signed]));
}

/** PKCS#8, DER. Forge does not parse keys other than RSA. */
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

/** The message without the full stop of forge's errors. */
function messageOf(error: unknown): string {
  return errorMessage(error).replace(/\.$/, "");
}
