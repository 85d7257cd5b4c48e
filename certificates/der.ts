/** DER as far as keystores need it, and the BER that some programs write in its place. */

/** One element. */
export interface Der {
  readonly tag: number;
  /** Without tag and length; the parts of a string that comes in parts put together. */
  readonly content: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;
}

export const tags = {
  integer: 0x02,
  octetString: 0x04,
  oid: 0x06,
  bmpString: 0x1e,
  octetStringInParts: 0x24,
  sequence: 0x30,
  set: 0x31,
  /** Explicitly or, with parts, implicitly tagged content. */
  context0: 0xa0,
} as const;

const endOfContent = 0x0000;

export function encodeDer(tag: number, content: Buffer): Buffer {
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = Buffer.from(content.length.toString(16).padStart(8, "0"), "hex");
  const first = length.findIndex((byte) => byte !== 0);
  return Buffer.concat([Buffer.from([tag, 0x80 | (4 - first)]), length.subarray(first), content]);
}

/**
 * The element that the bytes begin with; what follows it is left alone.
 * @throws when it is cut short or not of the tag that is expected.
 */
export function readDer(bytes: Buffer, expected?: number): Der {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) throw new Error("an element is cut short");
  if (expected !== undefined && tag !== expected && !(tag === tags.octetStringInParts && expected === tags.octetString))
    throw new Error(`expected an element of tag ${expected}, found ${tag}`);
  if (first === 0x80) return readIndefinite(bytes, tag);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const start = 2 + lengthBytes;
  if (lengthBytes > 4 || bytes.length < start) throw new Error("an element is cut short");
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
  if (start + length > bytes.length) throw new Error("an element is cut short");
  const content = bytes.subarray(start, start + length);
  return { tag, content: joined(tag, content), whole: bytes.subarray(0, start + length) };
}

/** The elements in an element, or in a row. */
export function readAll(bytes: Buffer): Der[] {
  const found: Der[] = [];
  for (let at = 0; at < bytes.length; ) {
    const element = readDer(bytes.subarray(at));
    found.push(element);
    at += element.whole.length;
  }
  return found;
}

/** In dots: `1.2.840.113549.1.7.1`. */
export function oidOf(element: Der): string {
  if (element.tag !== tags.oid) throw new Error(`expected an object identifier, found tag ${element.tag}`);
  const numbers: number[] = [];
  let number = 0;
  for (const byte of element.content) {
    number = number * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      numbers.push(number);
      number = 0;
    }
  }
  const [first = 0, ...rest] = numbers;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...rest].join(".");
}

function readIndefinite(bytes: Buffer, tag: number): Der {
  let at = 2;
  while (bytes.length >= at + 2 && bytes.readUInt16BE(at) !== endOfContent)
    at += readDer(bytes.subarray(at)).whole.length;
  if (bytes.length < at + 2) throw new Error("an element is cut short");
  return { tag, content: joined(tag, bytes.subarray(2, at)), whole: bytes.subarray(0, at + 2) };
}

function joined(tag: number, content: Buffer): Buffer {
  return tag === tags.octetStringInParts ? Buffer.concat(readAll(content).map((part) => part.content)) : content;
}
