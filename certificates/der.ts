/** The part of DER that keystores of type JKS need. */

export const tags = { octetString: 0x04, sequence: 0x30 } as const;

export function encodeDer(tag: number, content: Buffer): Buffer {
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = Buffer.from(content.length.toString(16).padStart(8, "0"), "hex");
  const first = length.findIndex((byte) => byte !== 0);
  return Buffer.concat([Buffer.from([tag, 0x80 | (4 - first)]), length.subarray(first), content]);
}

/**
 * The content of the element at the beginning of the bytes; bytes after it are ignored.
 * @throws when it is truncated, or has another tag
 */
export function readDer(bytes: Buffer, expected: number): Buffer {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) throw new Error("an element is truncated");
  if (tag !== expected) throw new Error(`expected an element of tag ${expected}, found ${tag}`);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const start = 2 + lengthBytes;
  // 0x80 is the indefinite length of BER, which DER does not have.
  if (first === 0x80) throw new Error("an element has no length");
  if (lengthBytes > 4 || bytes.length < start) throw new Error("an element is truncated");
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
  if (start + length > bytes.length) throw new Error("an element is truncated");
  return bytes.subarray(start, start + length);
}
