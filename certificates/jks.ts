import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { encodeDer, readDer, tags } from "./der";
import { type StoredCertificate, type StoredEntry, type StoredKey, WrongPassword } from "./keystoreEntry";

/** A key to write. */
export interface JksKey extends Omit<StoredKey, "open"> {
  /** Milliseconds since 1970. @default 0 */
  readonly created?: number;
  /** PKCS#8, DER. */
  readonly privateKey: Buffer;
  /** Protects the key. @default the store's password */
  readonly keyPassword?: string;
}

/** A certificate to write. */
export interface JksCertificate extends StoredCertificate {
  readonly created?: number;
}

const magic = 0xfeedfeed;
const version = 2;
const keyTag = 1;
const trustedTag = 2;
const digestLength = 20;
/** A constant of the file format, hashed between the password and the content. */
const integrityPhrase = "Mighty Aphrodite";
/** 1.3.6.1.4.1.42.2.17.1.1, Sun's key protector, as a DER algorithm identifier with NULL parameters. */
const keyProtector = Buffer.from("300e060a2b060104012a021101010500", "hex");

export function isJks(file: Buffer): boolean {
  return file.length >= 4 && file.readUInt32BE(0) === magic;
}

/**
 * Writes a Java keystore of type JKS. The same entries and passwords give the same bytes.
 * @throws when an alias is empty, used twice or has characters that can't be written, or a key has no certificate
 */
export function writeJks(entries: readonly (JksKey | JksCertificate)[], storePassword: string): Buffer {
  const parts = [int(magic), int(version), int(entries.length)];
  const seen: string[] = [];
  for (const entry of entries) {
    const alias = entry.alias.toLowerCase();
    if (alias === "" || /[\0\ud800-\udfff]/.test(alias)) {
      throw new Error(
        `keystore alias "${entry.alias}": expected a name without control characters; choose another alias`,
      );
    }
    if (seen.includes(alias)) {
      throw new Error(`keystore alias "${alias}" is used twice (case does not count); choose another alias`);
    }
    seen.push(alias);
    parts.push(int(entry.kind === "key" ? keyTag : trustedTag), text(alias), long(entry.created ?? 0));
    if (entry.kind === "key") {
      if (entry.chain.length === 0) {
        throw new Error(`keystore entry "${alias}": a private key needs at least its own certificate, found none`);
      }
      parts.push(sized(protectKey(entry.privateKey, entry.keyPassword ?? storePassword)), int(entry.chain.length));
      for (const certificate of entry.chain) {
        parts.push(text("X.509"), sized(certificate));
      }
    } else {
      parts.push(text("X.509"), sized(entry.certificate));
    }
  }
  const content = Buffer.concat(parts);
  return Buffer.concat([content, integrityDigest(content, storePassword)]);
}

/**
 * Reads a Java keystore of type JKS. Its keys stay encrypted until they are opened.
 * @throws {WrongPassword}
 * @throws Error when the file is not of type JKS, is truncated or damaged
 */
export function readJks(file: Buffer, storePassword: string): StoredEntry[] {
  if (!isJks(file)) {
    const found = file.subarray(0, 4).toString("hex") || "an empty file";
    throw new Error(`expected it to start with feedfeed, as JKS does, found ${found}`);
  }
  const content = file.subarray(0, Math.max(0, file.length - digestLength));
  const entries = readEntries(content);
  // The digest covers the content too, so a changed file can't be distinguished from a wrong password.
  if (!timingSafeEqual(integrityDigest(content, storePassword), file.subarray(content.length)))
    throw new WrongPassword("the password is wrong");
  return entries;
}

function readEntries(content: Buffer): StoredEntry[] {
  const cursor = { at: 4 };
  const take = (length: number): Buffer => {
    if (length < 0 || cursor.at + length > content.length) {
      throw new Error(`it is damaged: truncated at byte ${cursor.at} of ${content.length}`);
    }
    cursor.at += length;
    return content.subarray(cursor.at - length, cursor.at);
  };
  const takeInt = (): number => take(4).readInt32BE(0);
  const takeText = (): string => take(take(2).readUInt16BE(0)).toString("utf8");
  const takeCertificate = (): Buffer => {
    const type = takeText();
    if (type !== "X.509") {
      throw new Error(`it is damaged: expected a certificate of type X.509 before byte ${cursor.at}`);
    }
    return Buffer.from(take(takeInt()));
  };

  const found = takeInt();
  if (found !== version) {
    throw new Error(`expected JKS of version 2, found version ${found}`);
  }
  const entries: StoredEntry[] = [];
  for (let left = takeInt(); left > 0; left--) {
    const tag = takeInt();
    const alias = takeText().toLowerCase();
    // The time of creation.
    take(8);
    if (tag === keyTag) {
      const info = Buffer.from(take(takeInt()));
      const chain: Buffer[] = [];
      for (let certificates = takeInt(); certificates > 0; certificates--) {
        chain.push(takeCertificate());
      }
      entries.push({ kind: "key", alias, chain, open: (password) => recoverKey(info, password) });
    } else if (tag === trustedTag) {
      entries.push({ kind: "trusted", alias, certificate: takeCertificate() });
    } else {
      throw new Error(`it is damaged: entry of unknown kind ${tag} before byte ${cursor.at}`);
    }
  }
  if (cursor.at !== content.length) {
    throw new Error(`it is damaged: ${content.length - cursor.at} bytes follow its last entry`);
  }
  return entries;
}

function integrityDigest(content: Buffer, password: string): Buffer {
  return createHash("sha1").update(passwordBytes(password)).update(integrityPhrase).update(content).digest();
}

/** Salt, key XOR a chain of digests, and a digest of the plain key, which detects a wrong password. */
function protectKey(key: Buffer, password: string): Buffer {
  // Derived from the key instead of random, so that writing the same key again gives the same bytes.
  const salt = createHmac("sha256", key).update("salt").digest().subarray(0, digestLength);
  const check = createHash("sha1").update(passwordBytes(password)).update(key).digest();
  const body = encodeDer(tags.octetString, Buffer.concat([salt, mask(key, salt, password), check]));
  return encodeDer(tags.sequence, Buffer.concat([keyProtector, body]));
}

function recoverKey(info: Buffer, password: string): Buffer {
  const sequence = readDer(info, tags.sequence);
  if (!sequence.subarray(0, keyProtector.length).equals(keyProtector))
    throw new Error("it is damaged: the key is not encrypted as in JKS");
  const body = readDer(sequence.subarray(keyProtector.length), tags.octetString);
  if (body.length < 2 * digestLength) throw new Error("it is damaged: the key is truncated");
  const key = mask(body.subarray(digestLength, -digestLength), body.subarray(0, digestLength), password);
  const check = createHash("sha1").update(passwordBytes(password)).update(key).digest();
  if (!timingSafeEqual(check, body.subarray(-digestLength))) throw new WrongPassword("the password is wrong");
  return key;
}

function mask(data: Buffer, salt: Buffer, password: string): Buffer {
  const result = Buffer.alloc(data.length);
  let digest = salt;
  for (let at = 0; at < data.length; at++) {
    if (at % digestLength === 0) {
      digest = createHash("sha1").update(passwordBytes(password)).update(digest).digest();
    }
    result[at] = (data[at] ?? 0) ^ (digest[at % digestLength] ?? 0);
  }
  return result;
}

/** Big-endian UTF-16, like Java's char arrays. */
function passwordBytes(password: string): Buffer {
  return Buffer.from(password, "utf16le").swap16();
}

function int(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value >>> 0);
  return buffer;
}

function long(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64BE(BigInt(value));
  return buffer;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function sized(bytes: Buffer): Buffer {
  return Buffer.concat([int(bytes.length), bytes]);
}
