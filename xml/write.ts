import type { XmlElement } from "@rgrove/parse-xml";
import type { Value } from "./parse";

/** An element to write; without `content` it becomes `<name/>`. */
export interface NewElement {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, Value>>;
  readonly content?: Value | readonly NewElement[];
}

export interface WriteOptions {
  /** Between an element's children; empty: all on one line. */
  readonly lineBreak: string;
  /** Namespace prefix of every element, with its colon; may be empty. */
  readonly prefix: string;
  /** The XML source of a value. @param what names the place in errors */
  readonly source: (value: Value, what: string) => string;
}

/** The XML source of a new element, with its children on lines of their own. @param indent of the element's own line */
export function writeElement(element: NewElement, indent: string, options: WriteOptions): string {
  const { lineBreak, prefix, source } = options;
  const attributes = Object.entries(element.attributes ?? {})
    .map(([name, value]) => ` ${name}="${source(value, `${element.name}/@${name}`)}"`)
    .join("");
  const name = prefix + element.name;
  const { content } = element;
  if (content === undefined) return `<${name}${attributes}/>`;
  if (!isElements(content)) return `<${name}${attributes}>${source(content, element.name)}</${name}>`;
  const inner = deeper(indent);
  const separator = lineBreak === "" ? "" : lineBreak + inner;
  const written = content.map((child) => separator + writeElement(child, inner, options)).join("");
  return `<${name}${attributes}>${written}${lineBreak === "" ? "" : lineBreak + indent}</${name}>`;
}

export function isElements(content: Value | readonly NewElement[] | undefined): content is readonly NewElement[] {
  return Array.isArray(content);
}

/** One level more: a tab where the line is indented by tabs only, else four spaces. */
export function deeper(indent: string): string {
  return indent + (indent.includes("\t") && !indent.includes(" ") ? "\t" : "    ");
}

/** A value as plain text; a secret as its placeholder. */
export function plain(value: Value): string {
  return typeof value === "object" ? `{{secret:${value.secret}}}` : String(value);
}

/** The namespace prefix of an element with its colon; empty when it has none. */
export function prefixOf(element: XmlElement): string {
  return element.name.slice(0, element.name.indexOf(":") + 1);
}
