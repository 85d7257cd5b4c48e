import { parseXml, XmlComment, XmlElement, XmlError } from "@rgrove/parse-xml";
import { errorMessage } from "../errors";
import { decode, type Encoding } from "./encoding";

/** A parsed XML file, with all that {@link XmlEdit} needs to splice changes into its text. */
export interface XmlFile {
  /** For errors. */
  readonly path: string;
  /** The version of the file, for errors. */
  readonly version: string;
  readonly text: string;
  readonly encoding: Encoding;
  readonly root: XmlElement;
}

/** A secret, which the text contains as `{{secret:NAME}}` until the file is used. */
export interface Placeholder {
  readonly secret: string;
}

/** What an element or an attribute is set to. */
export type Value = string | number | boolean | Placeholder;

/** Levels of elements; the product's files have about ten. */
const deepest = 200;

/**
 * @param version of the file, for errors; empty: unknown
 * @throws when the bytes are not text in the declared encoding, or the text is not well-formed XML
 */
export function parseFile(path: string, bytes: Buffer, version: string): XmlFile {
  const { text, encoding } = decode(path, bytes);
  const name = version === "" ? path : `${path} (${version})`;
  let root: XmlElement | null;
  try {
    root = parseXml(text, {
      includeOffsets: true,
      preserveComments: true,
      resolveUndefinedEntity: declaredEntities(text),
    }).root;
    if (!root) throw new Error("no root element");
  } catch (cause) {
    if (cause instanceof EntityError) throw new Error(`${name}: ${cause.message}`, { cause });
    // The parser calls itself for each level.
    if (cause instanceof RangeError) throw new Error(tooDeep(name), { cause });
    const reason =
      cause instanceof XmlError
        ? `line ${cause.line}, column ${cause.column}: ${cause.message.split("\n")[0]}`
        : errorMessage(cause);
    throw new Error(`${name}: is not well-formed XML: ${reason}; correct the file`, { cause });
  }
  if (depthOf(root) > deepest) throw new Error(tooDeep(name));
  return { path, version, text, encoding, root };
}

function tooDeep(name: string): string {
  return `${name}: expected at most ${deepest} levels of elements, found more; take the original file of the pack`;
}

function depthOf(root: XmlElement): number {
  let level = [root];
  let depth = 0;
  for (; level.length > 0; depth++) level = level.flatMap((element) => children(element));
  return depth;
}

/** An entity that the file declares, but that cannot be read in place. */
class EntityError extends Error {}

/** The declarations of the document type; empty when the file has none. Comments before it are skipped. */
function documentTypeOf(text: string): string {
  const start = text.replace(/<!--[\s\S]*?-->/g, "");
  const root = start.search(/<[A-Za-z_]/);
  return /<!DOCTYPE[^[>]*\[([^\]]*)\]/.exec(start.slice(0, root < 0 ? undefined : root))?.[1] ?? "";
}

/** Entities that the file's own document type declares as text are read as that text; others are an error. */
function declaredEntities(text: string): (reference: string) => string | undefined {
  const declared = new Map(
    [...documentTypeOf(text).matchAll(/<!ENTITY\s+([^\s%]+)\s+(?:"([^"]*)"|'([^']*)'|\w+)/g)].map(
      ([, name, double, simple]) => [`&${name};`, double ?? simple],
    ),
  );
  return (reference) => {
    if (!declared.has(reference)) return undefined;
    const value = declared.get(reference);
    if (value === undefined || /[<&]/.test(value))
      throw new EntityError(`the entity ${reference} is external or holds markup; write its content into the file`);
    return value;
  };
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

/** All elements at a path of names below `parent`, e.g. `invoice/line/amount`. */
export function findAll(parent: XmlElement, path: string): XmlElement[] {
  return path
    .split("/")
    .reduce<XmlElement[]>((found, name) => found.flatMap((element) => children(element, name)), [parent]);
}

export function find(parent: XmlElement, path: string): XmlElement | undefined {
  return findAll(parent, path)[0];
}

/** The first element at a path of names below `parent`. @throws naming file, version and path when it is missing */
export function need(file: XmlFile, parent: XmlElement, path: string): XmlElement {
  const element = find(parent, path);
  if (!element) throw missing(file, `${pathOf(parent)}/${path}`);
  return element;
}

/** The error for a place that the file must have and does not. */
export function missing(file: XmlFile, place: string): Error {
  return new Error(
    `${file.path} (${file.version}): found no ${place}; put it there, as the original ${file.version} file has it`,
  );
}

/** Names from the root to an element, e.g. `invoice/line/amount`. */
export function pathOf(element: XmlElement): string {
  const { parent } = element;
  return parent instanceof XmlElement ? `${pathOf(parent)}/${localName(element)}` : localName(element);
}

/** As {@link pathOf}, with the attribute that distinguishes an element from its siblings, e.g. `invoice/line[@name="a"]`. */
export function place(element: XmlElement): string {
  const { parent, attributes } = element;
  const name = localName(element);
  if (!(parent instanceof XmlElement)) return name;
  const key = ["name", "path"].find((each) => attributes[each] !== undefined);
  const isAmongOthers = key === "path" || children(parent, name).length > 1;
  return `${place(parent)}/${name}${key !== undefined && isAmongOthers ? `[@${key}="${attributes[key]}"]` : ""}`;
}

/** Where the content of an element begins and ends in the text; undefined for `<a/>`. */
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

/**
 * The comment among the children of `parent` that consists of one element of this name: `<!--a>..</a-->` or
 * `<!-- <a>..</a> -->`.
 */
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
