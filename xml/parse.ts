import { parseXml, XmlComment, XmlElement, XmlError } from "@rgrove/parse-xml";
import { decode, type Encoding, representable } from "./encoding";

/** A stock XML file, parsed; everything that an {@link XmlEdit} needs to splice changes into its text. */
export interface XmlFile {
  /** Below APIM_HOME; named in errors. */
  readonly path: string;
  /** The product's version; named in errors. */
  readonly version: string;
  readonly text: string;
  readonly encoding: Encoding;
  readonly root: XmlElement;
}

/** Text that a file holds until the very end as `{{secret:NAME}}`. */
export interface Placeholder {
  readonly secret: string;
}

/** What an element or an attribute is set to. */
export type Value = string | number | boolean | Placeholder;

/** @throws when the bytes are not text in the declared encoding, or the text is not well-formed XML. */
export function parseFile(path: string, bytes: Buffer, version: string): XmlFile {
  const { text, encoding } = decode(path, bytes);
  try {
    const document = parseXml(text, { includeOffsets: true, preserveComments: true, ignoreUndefinedEntities: true });
    if (!document.root) throw new Error("no root element");
    return { path, version, text, encoding, root: document.root };
  } catch (cause) {
    const reason = cause instanceof XmlError ? `line ${cause.line}: ${cause.message.split("\n")[0]}` : String(cause);
    throw new Error(`${path} (${version}): is not well-formed XML: ${reason}; mend the file in the distribution`, {
      cause,
    });
  }
}

/** The name without its namespace prefix. */
export function localName(element: XmlElement): string {
  return element.name.slice(element.name.indexOf(":") + 1);
}

/** Child elements, by name if given, in their order. */
export function children(parent: XmlElement, name?: string): XmlElement[] {
  return parent.children.filter(
    (child): child is XmlElement => child instanceof XmlElement && (name === undefined || localName(child) === name),
  );
}

/** All elements at a path of names below `parent`, e.g. `Realm/Configuration/AdminUser`. */
export function findAll(parent: XmlElement, path: string): XmlElement[] {
  return path
    .split("/")
    .reduce<XmlElement[]>((found, name) => found.flatMap((element) => children(element, name)), [parent]);
}

export function find(parent: XmlElement, path: string): XmlElement | undefined {
  return findAll(parent, path)[0];
}

/** @throws naming file, version and the whole path, when there is no such element. */
export function need(file: XmlFile, parent: XmlElement, path: string): XmlElement {
  const element = find(parent, path);
  if (!element) throw missing(file, `${pathOf(parent)}/${path}`);
  return element;
}

/** The error for a needed place that the file does not have: it is never made up somewhere else. */
export function missing(file: XmlFile, place: string): Error {
  return new Error(
    `${file.path} (${file.version}): found no ${place}; put it there as the product's own ${file.version} file has it`,
  );
}

/** E.g. `APIManager/APIGateway/Environments`. */
export function pathOf(element: XmlElement): string {
  const { parent } = element;
  return parent instanceof XmlElement ? `${pathOf(parent)}/${localName(element)}` : localName(element);
}

/** Where the content of an element begins and ends in the text; both are undefined for `<a/>`. */
export function contentRange(file: XmlFile, element: XmlElement): { start: number; end: number } | undefined {
  const { text } = file;
  const tagEnd = startTagEnd(text, element);
  if (text[tagEnd - 2] === "/") return undefined;
  return { start: tagEnd, end: text.lastIndexOf("</", element.end - 1) };
}

/** Offset behind the `>` of the start tag. */
export function startTagEnd(text: string, element: XmlElement): number {
  let quote = "";
  for (let index = element.start; index < text.length; index++) {
    const character = text[index] ?? "";
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === '"' || character === "'") quote = character;
    else if (character === ">") return index + 1;
  }
  throw new Error(`element ${element.name} has no end`);
}

/** The comment below `parent` that is one commented-out element and nothing else: `<!--a>..</a-->`, `<!-- <a>..</a> -->`. */
export function findCommentedOut(
  parent: XmlElement,
  name: string,
  attributes: Readonly<Record<string, string>> = {},
): XmlComment | undefined {
  return parent.children.find((child): child is XmlComment => {
    if (!(child instanceof XmlComment)) return false;
    const content = child.content.trim();
    const source = `${content.startsWith("<") ? "" : "<"}${content}${content.endsWith(">") ? "" : ">"}`;
    if (!source.startsWith(`<${name}`)) return false;
    try {
      const { root } = parseXml(source);
      return root?.name === name && Object.entries(attributes).every(([key, value]) => root.attributes[key] === value);
    } catch {
      return false;
    }
  });
}

/**
 * A value as XML source, safe as text and within either kind of quotes.
 *
 * @param what names the value in the error; the value itself may be a secret.
 * @throws when the value holds a character that XML can't.
 */
export function escapeXml(value: string, encoding: Encoding, what: string): string {
  let result = "";
  for (const character of value) {
    const code = character.codePointAt(0) ?? 0;
    if (!isXmlCharacter(code))
      throw new Error(
        `${what} holds the character U+${code.toString(16).padStart(4, "0")}, which no XML file can hold`,
      );
    const named = entities[character];
    if (named !== undefined) result += named;
    else if (code < 32 || code === 127 || !representable(character, encoding)) result += `&#${code};`;
    else result += character;
  }
  // What a person typed must not be taken for one of our own placeholders.
  return result.replaceAll("{{secret:", "&#123;{secret:");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

function isXmlCharacter(code: number): boolean {
  return (
    code === 9 ||
    code === 10 ||
    code === 13 ||
    (code >= 32 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    code >= 0x10000
  );
}
