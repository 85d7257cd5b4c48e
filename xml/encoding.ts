/**
 * Bytes to text and back for configuration files: by byte order mark, else by the XML declaration, else UTF-8.
 * A byte order mark stays in the text as U+FEFF, so that `encode(decode(bytes))` gives the very same bytes.
 */

/** Lower case, e.g. `utf-8`, `iso-8859-1`, `utf-16le`. */
export type Encoding = string;

export interface Decoded {
  readonly text: string;
  readonly encoding: Encoding;
}

const declaration = /^<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']/;

const aliases: Readonly<Record<string, Encoding>> = {
  utf8: "utf-8",
  latin1: "iso-8859-1",
  "iso8859-1": "iso-8859-1",
  iso_8859_1: "iso-8859-1",
  ascii: "us-ascii",
  cp1252: "windows-1252",
};

/**
 * @param path names the file in errors.
 * @throws when the encoding is unknown, or the bytes are not valid in it.
 */
export function decode(path: string, bytes: Buffer): Decoded {
  const encoding = detect(bytes);
  if (encoding === "utf-8") return { text: decodeUtf(path, bytes, "utf-8"), encoding };
  if (encoding === "utf-16le" || encoding === "utf-16be") return { text: decodeUtf(path, bytes, encoding), encoding };
  const characters = codePage(path, encoding).characters;
  let text = "";
  for (const byte of bytes) {
    const character = characters[byte];
    if (character === undefined)
      throw new Error(
        `${path}: declares encoding ${encoding} but holds byte 0x${byte.toString(16)}, which is not in it; save the file in the encoding that its first line declares`,
      );
    text += character;
  }
  return { text, encoding };
}

/** @throws when a character of `text` is not in `encoding`: {@link representable} tells beforehand. */
export function encode(path: string, text: string, encoding: Encoding): Buffer {
  if (encoding === "utf-8") return Buffer.from(text, "utf8");
  if (encoding === "utf-16le") return Buffer.from(text, "utf16le");
  if (encoding === "utf-16be") return Buffer.from(text, "utf16le").swap16();
  const bytes = codePage(path, encoding).bytes;
  const result = Buffer.alloc(text.length);
  for (let index = 0; index < text.length; index++) {
    const byte = bytes.get(text.charAt(index));
    if (byte === undefined)
      throw new Error(`${path}: the character ${JSON.stringify(text.charAt(index))} can't be written in ${encoding}`);
    result[index] = byte;
  }
  return result;
}

/** Whether `encode` can write the character; if not, XML needs a character reference. */
export function representable(character: string, encoding: Encoding): boolean {
  if (encoding.startsWith("utf-")) return true;
  return codePage("", encoding).bytes.has(character);
}

function detect(bytes: Buffer): Encoding {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  if (bytes[0] === 0x3c && bytes[1] === 0) return "utf-16le";
  if (bytes[0] === 0 && bytes[1] === 0x3c) return "utf-16be";
  const declared = declaration.exec(bytes.toString("latin1", 0, 200))?.[1]?.toLowerCase() ?? "utf-8";
  return aliases[declared] ?? declared;
}

function decodeUtf(path: string, bytes: Buffer, encoding: Encoding): string {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new Error(
      `${path}: is not valid ${encoding.toUpperCase()}; save it so, or declare its encoding in the first line`,
      {
        cause,
      },
    );
  }
}

interface CodePage {
  readonly characters: readonly (string | undefined)[];
  readonly bytes: ReadonlyMap<string, number>;
}

const codePages = new Map<Encoding, CodePage>();

function codePage(path: string, encoding: Encoding): CodePage {
  const known = codePages.get(encoding);
  if (known) return known;
  const characters = charactersOf(path, encoding);
  const bytes = new Map<string, number>();
  characters.forEach((character, byte) => {
    if (character !== undefined) bytes.set(character, byte);
  });
  const page = { characters, bytes };
  codePages.set(encoding, page);
  return page;
}

function charactersOf(path: string, encoding: Encoding): (string | undefined)[] {
  const all = Array.from({ length: 256 }, (_, byte) => byte);
  // TextDecoder takes both names for windows-1252, and some releases of Node decode that one wrongly.
  if (encoding === "iso-8859-1") return all.map((byte) => String.fromCharCode(byte));
  if (encoding === "windows-1252") return all.map((byte) => windows1252[byte - 0x80] ?? String.fromCharCode(byte));
  if (encoding === "us-ascii") return all.map((byte) => (byte < 128 ? String.fromCharCode(byte) : undefined));
  if (!/^(iso-8859-\d+|windows-\d+|koi8-[ru])$/.test(encoding)) throw unknownEncoding(path, encoding);
  const decoder = decoderOf(path, encoding);
  return all.map((byte) => {
    const character = decoder.decode(Uint8Array.of(byte));
    return character === "\ufffd" ? undefined : character;
  });
}

/** 0x80 to 0x9f; the five that it does not define stand for themselves, as in every browser. */
const windows1252 =
  "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f" +
  "\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178";

function decoderOf(path: string, encoding: Encoding) {
  try {
    return new TextDecoder(encoding);
  } catch {
    throw unknownEncoding(path, encoding);
  }
}

function unknownEncoding(path: string, encoding: Encoding): Error {
  return new Error(
    `${path}: declares encoding ${encoding}; expected UTF-8, UTF-16, US-ASCII, ISO-8859-* or windows-125*; save the file in one of these`,
  );
}
