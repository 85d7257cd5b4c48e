import { encodingExists, decode as iconvDecode } from "iconv-lite";

/**
 * Bytes to text and back. The encoding is that of the byte order mark, else of the XML declaration, else UTF-8.
 * A byte order mark stays in the text as U+FEFF, so that `encode(decode(bytes))` gives the very same bytes.
 */

/** As the file declares it, in lower case, e.g. `utf-8`, `iso-8859-1`, `utf-16le`. */
export type Encoding = string;

export interface Decoded {
  readonly text: string;
  readonly encoding: Encoding;
}

const declaration = /^<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']/;
const singleByte = /^(us-?)?ascii$|^latin1$|^iso[-_]?8859[-_]\d+$|^(windows-|cp)\d+$|^koi8-[ru]$/;

/**
 * @param path names the file in errors
 * @throws when the encoding is not supported, or the bytes are not valid in it
 */
export function decode(path: string, bytes: Buffer): Decoded {
  const encoding = detect(path, bytes);
  if (isUnicode(encoding)) return { text: decodeUnicode(path, bytes, encoding), encoding };
  const { characters } = codePage(path, encoding);
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

/** @throws when a character of `text` is not in `encoding`; {@link canEncode} checks that */
export function encode(path: string, text: string, encoding: Encoding): Buffer {
  if (encoding === "utf-8") return Buffer.from(text, "utf8");
  if (encoding === "utf-16le") return Buffer.from(text, "utf16le");
  if (encoding === "utf-16be") return Buffer.from(text, "utf16le").swap16();
  const { bytes } = codePage(path, encoding);
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
export function canEncode(character: string, encoding: Encoding): boolean {
  return isUnicode(encoding) || codePage("", encoding).bytes.has(character);
}

type Unicode = "utf-8" | "utf-16le" | "utf-16be";

function isUnicode(encoding: Encoding): encoding is Unicode {
  return encoding === "utf-8" || encoding === "utf-16le" || encoding === "utf-16be";
}

function detect(path: string, bytes: Buffer): Encoding {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  if (bytes[0] === 0x3c && bytes[1] === 0) return "utf-16le";
  if (bytes[0] === 0 && bytes[1] === 0x3c) return "utf-16be";
  const declared = declaration.exec(bytes.toString("latin1", 0, 200))?.[1]?.toLowerCase() ?? "utf-8";
  // A file in UTF-16 was recognised above, by its first bytes.
  if (/^(utf-?16|ucs-?2|iso-10646-ucs-2)/.test(declared))
    throw new Error(
      `${path}: declares encoding ${declared}, but each of its characters has one byte, as in UTF-8; correct the encoding in its first line, or save it in UTF-16`,
    );
  return declared === "utf8" ? "utf-8" : declared;
}

/** By TextDecoder, since iconv-lite replaces invalid bytes instead of reporting them. */
function decodeUnicode(path: string, bytes: Buffer, encoding: Unicode): string {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new Error(
      `${path}: is not valid ${encoding.toUpperCase()}; save it in that encoding, or declare its encoding in the first line`,
      { cause },
    );
  }
}

interface CodePage {
  /** By byte; undefined where the encoding has no character. */
  readonly characters: readonly (string | undefined)[];
  readonly bytes: ReadonlyMap<string, number>;
}

const codePages = new Map<Encoding, CodePage>();

function codePage(path: string, encoding: Encoding): CodePage {
  const known = codePages.get(encoding);
  if (known) return known;
  if (!singleByte.test(encoding) || !encodingExists(encoding))
    throw new Error(
      `${path}: declares encoding ${encoding}; expected UTF-8, UTF-16, US-ASCII, ISO-8859-* or windows-125*; save the file in one of these`,
    );
  const characters = Array.from({ length: 256 }, (_, byte) => characterOf(byte, encoding));
  const bytes = new Map<string, number>();
  characters.forEach((character, byte) => {
    if (character !== undefined) bytes.set(character, byte);
  });
  const page = { characters, bytes };
  codePages.set(encoding, page);
  return page;
}

function characterOf(byte: number, encoding: Encoding): string | undefined {
  const character = iconvDecode(Buffer.of(byte), encoding);
  if (character !== "\ufffd") return character;
  // In Windows' code pages, undefined bytes of this range stand for themselves, as in every browser.
  const isControl = byte >= 0x80 && byte <= 0x9f;
  return isControl && /^(windows|cp)/.test(encoding) ? String.fromCharCode(byte) : undefined;
}
