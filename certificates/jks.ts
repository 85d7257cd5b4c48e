import { createHash, createPrivateKey, randomBytes, timingSafeEqual } from "node:crypto";

/** A private key with its certificate chain, as in wso2carbon.jks. */
export interface JksKeyEntry {
  readonly kind: "key";
  /** Kept in lower case, as Java does. */
  readonly alias: string;
  /** Milliseconds since 1970. @default now, when written */
  readonly created?: number;
  /** PKCS#8, DER. */
  readonly privateKey: Buffer;
  /** X.509, DER, the key's own certificate first. */
  readonly chain: readonly Buffer[];
  /** Protects the key. @default the store's password. Never filled by `readJks`. */
  readonly keyPassword?: string;
}

/** A certificate that is trusted, as in client-truststore.jks. */
export interface JksTrustedEntry {
  readonly kind: "trusted";
  readonly alias: string;
  readonly created?: number;
  /** X.509, DER. */
  readonly certificate: Buffer;
}

export type JksEntry = JksKeyEntry | JksTrustedEntry;

const magic = 0xfeedfeed;
const version = 2;
const keyTag = 1;
const trustedTag = 2;
const digestLength = 20;
/** Part of the file format: hashed between the password and the content. */
const integrityPhrase = "Mighty Aphrodite";
/** 1.3.6.1.4.1.42.2.17.1.1, Sun's key protector, as a DER algorithm identifier with NULL parameters. */
const keyProtectorHex = "300e060a2b060104012a021101010500";

/** A function: a Buffer constant would not survive the closure of a dynamic resource. */
function keyProtector(): Buffer {
  return Buffer.from(keyProtectorHex, "hex");
}

/**
 * Writes a Java keystore of type JKS.
 * @throws when an alias is empty, used twice or not writable, or a key has no certificate.
 */
export function writeJks(entries: readonly JksEntry[], storePassword: string): Buffer {
  const parts = [int(magic), int(version), int(entries.length)];
  const seen: string[] = [];
  for (const entry of entries) {
    const alias = entry.alias.toLowerCase();
    if (alias === "" || /[\0\ud800-\udfff]/.test(alias)) {
      throw new Error(`keystore alias "${entry.alias}": expected a name of plain characters; choose another alias`);
    }
    if (seen.includes(alias)) {
      throw new Error(`keystore alias "${alias}" is used twice (case does not count); choose another alias`);
    }
    seen.push(alias);
    parts.push(int(entry.kind === "key" ? keyTag : trustedTag), text(alias), long(entry.created ?? Date.now()));
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
 * Reads a Java keystore of type JKS.
 * @param keyPassword of the private keys. @default storePassword
 * @throws with distinct texts when it is no JKS file, is cut short or damaged, or a password is wrong.
 */
export function readJks(file: Buffer, storePassword: string, keyPassword: string = storePassword): JksEntry[] {
  if (file.length < 4 || file.readUInt32BE(0) !== magic) {
    const found = file.subarray(0, 4).toString("hex") || "an empty file";
    throw new Error(`keystore is not of type JKS: expected it to start with feedfeed, found ${found}`);
  }
  const content = file.subarray(0, Math.max(0, file.length - digestLength));
  const raw = readEntries(content);
  if (!timingSafeEqual(integrityDigest(content, storePassword), file.subarray(content.length))) {
    throw new Error("keystore password is wrong, or a byte of the keystore was changed; give the store's password");
  }
  return raw.map((entry) =>
    entry.kind === "key" ? { ...entry, privateKey: recoverKey(entry.privateKey, keyPassword, entry.alias) } : entry,
  );
}

/** The entries with private keys still protected. */
function readEntries(content: Buffer): JksEntry[] {
  const cursor = { at: 4 };
  const take = (length: number): Buffer => {
    if (length < 0 || cursor.at + length > content.length) {
      throw new Error(
        `keystore is damaged: cut short at byte ${cursor.at} of ${content.length}; make or copy it again`,
      );
    }
    cursor.at += length;
    return content.subarray(cursor.at - length, cursor.at);
  };
  const takeInt = (): number => take(4).readInt32BE(0);
  const takeText = (): string => take(take(2).readUInt16BE(0)).toString("utf8");
  const takeCertificate = (): Buffer => {
    const type = takeText();
    if (type !== "X.509") {
      throw new Error(`keystore is damaged: expected a certificate of type X.509 before byte ${cursor.at}`);
    }
    return Buffer.from(take(takeInt()));
  };

  const found = takeInt();
  if (found !== version) {
    throw new Error(`keystore is of JKS version ${found}: expected version 2; convert it with keytool -importkeystore`);
  }
  const entries: JksEntry[] = [];
  for (let left = takeInt(); left > 0; left--) {
    const tag = takeInt();
    const alias = takeText();
    const created = Number(take(8).readBigInt64BE(0));
    if (tag === keyTag) {
      const privateKey = Buffer.from(take(takeInt()));
      const chain: Buffer[] = [];
      for (let certificates = takeInt(); certificates > 0; certificates--) {
        chain.push(takeCertificate());
      }
      entries.push({ kind: "key", alias, created, privateKey, chain });
    } else if (tag === trustedTag) {
      entries.push({ kind: "trusted", alias, created, certificate: takeCertificate() });
    } else {
      throw new Error(`keystore is damaged: entry of unknown kind ${tag} before byte ${cursor.at}`);
    }
  }
  if (cursor.at !== content.length) {
    throw new Error(`keystore is damaged: ${content.length - cursor.at} bytes are left over after its last entry`);
  }
  return entries;
}

function integrityDigest(content: Buffer, password: string): Buffer {
  return createHash("sha1").update(passwordBytes(password)).update(integrityPhrase).update(content).digest();
}

/** salt, key XOR a chain of digests, and a digest of the plain key by which a wrong password shows. */
function protectKey(key: Buffer, password: string): Buffer {
  const salt = randomBytes(digestLength);
  const check = createHash("sha1").update(passwordBytes(password)).update(key).digest();
  return der(0x30, Buffer.concat([keyProtector(), der(0x04, Buffer.concat([salt, mask(key, salt, password), check]))]));
}

function recoverKey(info: Buffer, password: string, alias: string): Buffer {
  const sequence = derContent(info, 0x30, alias);
  if (!sequence.subarray(0, keyProtector().length).equals(keyProtector())) {
    throw new Error(`keystore entry "${alias}": its key is not protected in the way of JKS; make the keystore again`);
  }
  const body = derContent(sequence.subarray(keyProtector().length), 0x04, alias);
  if (body.length < 2 * digestLength) {
    throw new Error(`keystore is damaged: the key of "${alias}" is cut short`);
  }
  const key = mask(body.subarray(digestLength, -digestLength), body.subarray(0, digestLength), password);
  const check = createHash("sha1").update(passwordBytes(password)).update(key).digest();
  if (!timingSafeEqual(check, body.subarray(-digestLength))) {
    throw new Error(
      `keystore entry "${alias}": key password is wrong; give the one in carbon.xml Security/KeyPassword`,
    );
  }
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

/** UTF-16, big end first, as Java's char arrays. */
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

function der(tag: number, content: Buffer): Buffer {
  if (content.length < 0x80) {
    return Buffer.concat([Buffer.from([tag, content.length]), content]);
  }
  const length = Buffer.from(content.length.toString(16).padStart(8, "0"), "hex");
  const first = length.findIndex((byte) => byte !== 0);
  return Buffer.concat([Buffer.from([tag, 0x80 | (4 - first)]), length.subarray(first), content]);
}

function derContent(bytes: Buffer, tag: number, alias: string): Buffer {
  const short = bytes[1] ?? 0;
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
  const start = 2 + lengthBytes;
  if (bytes[0] !== tag || lengthBytes > 4 || bytes.length < start) {
    throw new Error(`keystore is damaged: the key of "${alias}" is not readable`);
  }
  const length = lengthBytes === 0 ? short : bytes.readUIntBE(2, lengthBytes);
  if (start + length > bytes.length) {
    throw new Error(`keystore is damaged: the key of "${alias}" is cut short`);
  }
  return bytes.subarray(start, start + length);
}

/**
 * The certificates of a PEM text, as DER, in order.
 * @throws when there is none.
 */
export function certificatesFromPem(pem: string): Buffer[] {
  const blocks = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/g)];
  if (blocks.length === 0) {
    throw new Error("certificate: expected PEM with BEGIN CERTIFICATE, found none");
  }
  return blocks.map((block) => Buffer.from(block[1] ?? "", "base64"));
}

/** One DER certificate as PEM. */
export function certificateToPem(certificate: Buffer): string {
  return toPem("CERTIFICATE", certificate);
}

/**
 * A PEM private key of any unencrypted form as PKCS#8 DER.
 * @throws when it is not readable.
 */
export function privateKeyFromPem(pem: string): Buffer {
  return createPrivateKey(pem).export({ format: "der", type: "pkcs8" });
}

/** A PKCS#8 DER private key as PEM. */
export function privateKeyToPem(privateKey: Buffer): string {
  return toPem("PRIVATE KEY", privateKey);
}

function toPem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
