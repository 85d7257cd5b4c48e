import { X509Certificate } from "node:crypto";
import { type Der, oidOf, readAll, readDer, tags } from "./der";
import { type StoredEntry, WrongPassword } from "./keystoreEntry";
import { checkIntegrity, decrypt, partsOf } from "./pkcs12Ciphers";

const oids = {
  data: "1.2.840.113549.1.7.1",
  encryptedData: "1.2.840.113549.1.7.6",
  plainKey: "1.2.840.113549.1.12.10.1.1",
  protectedKey: "1.2.840.113549.1.12.10.1.2",
  certificate: "1.2.840.113549.1.12.10.1.3",
  friendlyName: "1.2.840.113549.1.9.20",
  localKeyId: "1.2.840.113549.1.9.21",
} as const;

/** One key or certificate as it lies in the file. */
interface Bag {
  readonly kind: string;
  readonly value: Buffer;
  readonly friendlyName?: string;
  readonly localKeyId?: string;
}

export function isPkcs12(file: Buffer): boolean {
  return file[0] === tags.sequence;
}

/**
 * Reads a PKCS #12 file as keytool and OpenSSL make them; its keys stay protected until they are opened.
 * A certificate that belongs to no key is taken as trusted.
 *
 * @throws {WrongPassword}
 * @throws Error when it is no PKCS #12 file, is damaged, or protected in a way that is not known here.
 * @see RFC 7292
 */
export function readPkcs12(file: Buffer, password: string): StoredEntry[] {
  const [, authSafe, macData] = partsOf(file);
  const content = dataOf(authSafe);
  if (macData) checkIntegrity(macData, content, password);
  const bags = partsOf(content).flatMap((info) => bagsOf(info, password));
  const certificates = bags.filter(({ kind }) => kind === oids.certificate);
  const taken = new Set<Bag>();
  const keys = bags
    .filter(({ kind }) => kind === oids.plainKey || kind === oids.protectedKey)
    .map((bag, number): StoredEntry => {
      const chain = chainOf(bag, certificates);
      for (const each of chain) taken.add(each);
      return {
        kind: "key",
        alias: aliasOf(bag, `key-${number + 1}`),
        chain: chain.map(({ value }) => value),
        open: (keyPassword) => openKey(bag, keyPassword),
      };
    });
  const trusted = certificates
    .filter((bag) => !taken.has(bag))
    .map((bag, number): StoredEntry => {
      return { kind: "trusted", alias: aliasOf(bag, `certificate-${number + 1}`), certificate: bag.value };
    });
  return [...keys, ...trusted];
}

function bagsOf(contentInfo: Der, password: string): Bag[] {
  const [type, content] = readAll(contentInfo.content);
  const kind = type && oidOf(type);
  if (kind === oids.data) return partsOf(dataOf(contentInfo)).flatMap(bagOf);
  if (kind !== oids.encryptedData || content === undefined) throw damaged("a part is neither plain nor encrypted");
  const [, encrypted] = partsOf(content.content);
  const [, algorithm, data] = readAll(encrypted?.content ?? Buffer.alloc(0));
  if (algorithm === undefined || data === undefined) throw damaged("an encrypted part is cut short");
  const whole = data.tag === tags.context0 ? Buffer.concat(readAll(data.content).map((each) => each.content)) : data;
  const plain = decrypt(algorithm, Buffer.isBuffer(whole) ? whole : whole.content, password);
  return passwordBad(() => partsOf(plain)).flatMap(bagOf);
}

/** Keys and certificates; what else may lie in such a file (passwords, revocation lists) is passed over. */
function bagOf(bag: Der): Bag[] {
  const [type, wrapped, attributes] = readAll(bag.content);
  const kind = type && oidOf(type);
  if (kind === undefined || wrapped === undefined) throw damaged("an entry is cut short");
  const names = attributesOf(attributes);
  if (kind === oids.plainKey || kind === oids.protectedKey) return [{ kind, value: wrapped.content, ...names }];
  if (kind !== oids.certificate) return [];
  const [, certificate] = partsOf(wrapped.content);
  if (certificate === undefined) throw damaged("a certificate is cut short");
  return [{ kind, value: Buffer.from(readDer(certificate.content, tags.octetString).content), ...names }];
}

function attributesOf(attributes: Der | undefined): Pick<Bag, "friendlyName" | "localKeyId"> {
  const found: { friendlyName?: string; localKeyId?: string } = {};
  for (const attribute of attributes ? readAll(attributes.content) : []) {
    const [type, values] = readAll(attribute.content);
    const [value] = values ? readAll(values.content) : [];
    if (type === undefined || value === undefined) continue;
    if (oidOf(type) === oids.friendlyName) found.friendlyName = Buffer.from(value.content).swap16().toString("utf16le");
    if (oidOf(type) === oids.localKeyId) found.localKeyId = value.content.toString("hex");
  }
  return found;
}

/** The key's certificate, then whoever signed it, as far as the file has them. */
function chainOf(key: Bag, certificates: readonly Bag[]): Bag[] {
  const own =
    certificates.find(({ localKeyId }) => localKeyId !== undefined && localKeyId === key.localKeyId) ??
    certificates.find(({ friendlyName }) => friendlyName !== undefined && friendlyName === key.friendlyName);
  const chain: Bag[] = [];
  for (let next = own; next !== undefined; ) {
    chain.push(next);
    const last = new X509Certificate(next.value);
    next = certificates.find((bag) => !chain.includes(bag) && last.checkIssued(new X509Certificate(bag.value)));
  }
  return chain;
}

function openKey({ kind, value }: Bag, password: string): Buffer {
  if (kind === oids.plainKey) return value;
  const [algorithm, data] = partsOf(value);
  if (algorithm === undefined || data === undefined) throw damaged("a key is cut short");
  const plain = decrypt(algorithm, data.content, password);
  return passwordBad(() => readDer(plain, tags.sequence)).whole;
}

function aliasOf({ friendlyName }: Bag, otherwise: string): string {
  return (friendlyName ?? otherwise).toLowerCase();
}

/** Content of a ContentInfo of type data. */
function dataOf(contentInfo: Der | undefined): Buffer {
  const [, content] = contentInfo ? readAll(contentInfo.content) : [];
  if (content === undefined) throw damaged("it has no content");
  return readDer(content.content, tags.octetString).content;
}

/** One wrong password in 256 decrypts without an error, into something unreadable. */
function passwordBad<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw new WrongPassword("its password is another one");
  }
}

function damaged(what: string): Error {
  return new Error(`it is damaged: ${what}`);
}
