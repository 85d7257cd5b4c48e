/** Passwords in PKCS #12: how its keys, certificates and its check digest come from them. */

import { createDecipheriv, createHash, createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto";
import { type Der, oidOf, readAll, readDer, tags } from "./der";
import { WrongPassword } from "./keystoreEntry";

const digests: Readonly<Record<string, string>> = {
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};
const hmacs: Readonly<Record<string, string>> = {
  "1.2.840.113549.2.7": "sha1",
  "1.2.840.113549.2.9": "sha256",
  "1.2.840.113549.2.10": "sha384",
  "1.2.840.113549.2.11": "sha512",
};
const ciphers: Readonly<Record<string, { readonly name: string; readonly keyLength: number }>> = {
  "2.16.840.1.101.3.4.1.2": { name: "aes-128-cbc", keyLength: 16 },
  "2.16.840.1.101.3.4.1.22": { name: "aes-192-cbc", keyLength: 24 },
  "2.16.840.1.101.3.4.1.42": { name: "aes-256-cbc", keyLength: 32 },
  "1.2.840.113549.3.7": { name: "des-ede3-cbc", keyLength: 24 },
};
const pbes2 = "1.2.840.113549.1.5.13";
const pbeWithTripleDes = "1.2.840.113549.1.12.1.3";
/** What the key derivation is asked for (RFC 7292, appendix B.3). */
const purposes = { key: 1, initialVector: 2, integrity: 3 } as const;

/**
 * Decrypts what an algorithm identifier stands before.
 * @throws {WrongPassword} when what comes out can't be what was encrypted
 * @throws Error for a cipher that is not known here
 */
export function decrypt(algorithm: Der, data: Buffer, password: string): Buffer {
  const { cipher, key, initialVector } = cipherOf(algorithm, password);
  try {
    const decipher = createDecipheriv(cipher, key, initialVector);
    return Buffer.concat([decipher.update(data), decipher.final()]);
  } catch {
    throw new WrongPassword("its password is another one");
  }
}

/** @throws {WrongPassword} when the digest of the content is another one (RFC 7292, MacData) */
export function checkIntegrity(macData: Der, content: Buffer, password: string): void {
  const [info, salt, iterations] = readAll(macData.content);
  const [algorithm, digest] = readAll(part(info).content);
  const name = digests[nameOf(part(algorithm))];
  if (name === undefined) throw unknown(nameOf(part(algorithm)));
  const rounds = iterations === undefined ? 1 : numberOf(iterations);
  const size = createHash(name).digest().length;
  const key = derive({ digest: name, purpose: purposes.integrity, salt: part(salt).content, rounds, size, password });
  const found = createHmac(name, key).update(content).digest();
  const expected = part(digest).content;
  if (found.length !== expected.length || !timingSafeEqual(found, expected))
    throw new WrongPassword("its password is another one");
}

function cipherOf(algorithm: Der, password: string) {
  const [, parameters] = readAll(algorithm.content);
  const name = nameOf(algorithm);
  if (name === pbes2) return strongCipher(part(parameters), password);
  if (name !== pbeWithTripleDes) throw unknown(name);
  const [salt, iterations] = readAll(part(parameters).content);
  const common = { digest: "sha1", salt: part(salt).content, rounds: numberOf(part(iterations)), password };
  return {
    cipher: "des-ede3-cbc",
    key: derive({ ...common, purpose: purposes.key, size: 24 }),
    initialVector: derive({ ...common, purpose: purposes.initialVector, size: 8 }),
  };
}

/** PBES2 with PBKDF2 (RFC 8018). */
function strongCipher(parameters: Der, password: string) {
  const [derivation, encryption] = readAll(parameters.content);
  const [, derivationParameters] = readAll(part(derivation).content);
  const [salt, iterations, ...optional] = readAll(part(derivationParameters).content);
  const hmac = optional.find(({ tag }) => tag === tags.sequence);
  const digest = hmac === undefined ? "sha1" : hmacs[nameOf(hmac)];
  const [, initialVector] = readAll(part(encryption).content);
  const cipher = ciphers[nameOf(part(encryption))];
  if (cipher === undefined) throw unknown(nameOf(part(encryption)));
  if (digest === undefined) throw unknown(nameOf(hmac ?? part(derivation)));
  return {
    cipher: cipher.name,
    key: pbkdf2Sync(password, part(salt).content, numberOf(part(iterations)), cipher.keyLength, digest),
    initialVector: part(initialVector).content,
  };
}

interface Derivation {
  readonly digest: string;
  readonly purpose: number;
  readonly salt: Buffer;
  readonly rounds: number;
  readonly size: number;
  readonly password: string;
}

/** RFC 7292, appendix B.2. */
function derive({ digest, purpose, salt, rounds, size, password }: Derivation): Buffer {
  const block = digest === "sha1" || digest === "sha256" ? 64 : 128;
  const stretched = (bytes: Buffer) => Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
  // UTF-16, big end first, with a zero at its end.
  let input = Buffer.concat([stretched(salt), stretched(Buffer.from(`${password}\0`, "utf16le").swap16())]);
  let result = Buffer.alloc(0);
  while (result.length < size) {
    let hash = createHash(digest).update(Buffer.alloc(block, purpose)).update(input).digest();
    for (let round = 1; round < rounds; round++) hash = createHash(digest).update(hash).digest();
    result = Buffer.concat([result, hash]);
    const increment = Buffer.alloc(block, hash);
    const blocks = Array.from({ length: input.length / block }, (_, number) =>
      sum(input.subarray(number * block, (number + 1) * block), increment),
    );
    input = Buffer.concat(blocks);
  }
  return result.subarray(0, size);
}

/** a + b + 1, as numbers with the big end first, what goes beyond their length dropped. */
function sum(a: Buffer, b: Buffer): Buffer {
  const result = Buffer.alloc(a.length);
  let carry = 1;
  for (let at = a.length - 1; at >= 0; at--) {
    carry += (a[at] ?? 0) + (b[at] ?? 0);
    result[at] = carry & 0xff;
    carry >>= 8;
  }
  return result;
}

function nameOf(algorithm: Der): string {
  return oidOf(part(readAll(algorithm.content)[0]));
}

function numberOf(element: Der): number {
  const { content, tag } = element;
  if (tag !== tags.integer || content.length > 5) throw new Error("it is damaged: a count of rounds is not readable");
  return content.readUIntBE(0, content.length);
}

function part(element: Der | undefined): Der {
  if (element === undefined) throw new Error("it is damaged: a part is missing");
  return element;
}

function unknown(algorithm: string): Error {
  return new Error(
    `it is protected in a way that is not known here (${algorithm}); convert it with any keytool: keytool -importkeystore -srckeystore OLD -destkeystore NEW.jks -deststoretype JKS`,
  );
}

/** The first element of a DER text, as a list of its parts. */
export function partsOf(bytes: Buffer): Der[] {
  return readAll(readDer(bytes, tags.sequence).content);
}
