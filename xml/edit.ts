import { XmlComment, XmlElement } from "@rgrove/parse-xml";
import { escapeXml } from "./escape";
import {
  children,
  contentRange,
  findCommentedOut,
  missing,
  need,
  parseFile,
  pathOf,
  startTagEnd,
  type Value,
  type XmlFile,
} from "./parse";

/** An element to write; without `content` it becomes `<name/>`. */
export interface NewElement {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, Value>>;
  readonly content?: Value | readonly NewElement[];
}

/** Where {@link XmlEdit.ensure} puts an element that the file does not have. */
export interface Place {
  /** Attributes that distinguish the element from others of its name, e.g. `{ name: "domain" }`. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Names of siblings; the element goes behind the first of these that exists. A commented-out element comes first. */
  readonly after?: readonly string[];
}

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Changes to one XML file, spliced into its text: every other byte stays. A value that the file has already is left
 * exactly as it is written, so that editing an edited file again changes nothing.
 */
export class XmlEdit {
  private readonly splices: Splice[] = [];

  /** @param staleAttribute name of an attribute that {@link setText} removes, because it would override the text */
  constructor(
    readonly file: XmlFile,
    private readonly staleAttribute?: RegExp,
  ) {}

  get root(): XmlElement {
    return this.file.root;
  }

  /** The element at a path of names below `parent`. @throws when it is missing */
  need(path: string, parent: XmlElement = this.root): XmlElement {
    return need(this.file, parent, path);
  }

  /** The error for a place that the file must have and does not. */
  missing(place: string): Error {
    return missing(this.file, place);
  }

  /** Sets the text of an element; comments in it are kept behind the text. */
  setText(element: XmlElement, value: Value): void {
    this.removeStaleAttribute(element);
    const range = contentRange(this.file, element);
    const source = this.source(value, pathOf(element));
    if (!range) {
      if (source === "") return;
      const end = element.end;
      this.splice(this.file.text.lastIndexOf("/", end), end, `>${source}</${element.name}>`);
      return;
    }
    const nested = children(element)[0];
    if (nested) throw missing(this.file, `text in ${pathOf(element)} (it holds <${nested.name}>)`);
    if (element.text === plain(value)) return;
    const comments = element.children.filter((child) => child instanceof XmlComment);
    const kept = comments.map((comment) => this.file.text.slice(comment.start, comment.end)).join("");
    this.splice(range.start, range.end, source + kept);
  }

  /** @param place.after the attribute behind which a new one goes. @default the last one */
  setAttribute(element: XmlElement, name: string, value: Value, place: { readonly after?: string } = {}): void {
    if (element.attributes[name] === plain(value)) return;
    const source = this.source(value, `${pathOf(element)}/@${name}`);
    const found = this.attributeRange(element, name);
    if (found) {
      this.splice(found.valueStart, found.valueEnd, source);
      return;
    }
    const sibling = place.after === undefined ? undefined : this.attributeRange(element, place.after);
    const tag = this.file.text.slice(element.start, startTagEnd(this.file.text, element));
    const close = element.start + (/\s*\/?>$/.exec(tag)?.index ?? tag.length - 1);
    this.insert(sibling ? sibling.valueEnd + 1 : close, ` ${name}="${source}"`);
  }

  /** Sets the text of every child of that name. @throws when no child has it */
  setChild(parent: XmlElement, name: string, value: Value): void {
    const found = children(parent, name);
    if (found.length === 0) throw missing(this.file, `${pathOf(parent)}/${name}`);
    for (const element of found) this.setText(element, value);
  }

  /** Sets the text of every child of that name, if any. */
  setIfPresent(parent: XmlElement, name: string, value: Value): void {
    for (const element of children(parent, name)) this.setText(element, value);
  }

  /**
   * Sets the text of a child, which is created when the file does not have it: in place of the comment that holds it, or
   * behind the sibling that `place.after` names.
   *
   * @throws when the file has neither the child nor the comment nor a sibling of these names
   */
  ensure(parent: XmlElement, name: string, value: Value, place: Place = {}): void {
    const wanted = Object.entries(place.attributes ?? {});
    const matches = children(parent, name).filter((element) =>
      wanted.every(([key, text]) => element.attributes[key] === text),
    );
    if (matches.length > 0) {
      for (const element of matches) this.setText(element, value);
      return;
    }
    const created: NewElement = { name, ...(place.attributes && { attributes: place.attributes }), content: value };
    const comment = findCommentedOut(parent, name, place.attributes);
    if (comment) {
      this.splice(comment.start, comment.end, this.write(created, "", "\n", prefixOf(parent)));
      return;
    }
    const anchor = (place.after ?? []).map((sibling) => children(parent, sibling).at(-1)).find(Boolean);
    if (!anchor) {
      const label = wanted.map(([key, text]) => `[@${key}="${text}"]`).join("");
      throw missing(this.file, `${pathOf(parent)}/${name}${label}, commented out or not`);
    }
    this.insertAfter(anchor, [created]);
  }

  /** Replaces the comment that holds an element of this name by the element. @returns whether there is such a comment */
  uncomment(parent: XmlElement, element: NewElement): boolean {
    const comment = findCommentedOut(parent, element.name);
    if (!comment) return false;
    const { lineBreak, indent } = this.lineOf(comment.start);
    this.splice(comment.start, comment.end, this.write(element, indent, lineBreak, prefixOf(parent)));
    return true;
  }

  /** Inserts elements behind `anchor`, each on a line of its own if `anchor` has one. */
  insertAfter(anchor: XmlElement | XmlComment, elements: readonly NewElement[]): void {
    const prefix = anchor instanceof XmlElement ? prefixOf(anchor) : "";
    const { lineBreak, indent } = this.lineOf(anchor.start);
    // Where the file separates its blocks by empty lines, new blocks are separated too.
    const isSpaced = /\n[ \t]*\r?\n[ \t]*$/.test(this.file.text.slice(0, anchor.start));
    const written = elements.map((element) => {
      const gap = isSpaced && isElements(element.content) ? lineBreak : "";
      return gap + lineBreak + indent + this.write(element, indent, lineBreak, prefix);
    });
    this.insert(anchor.end, written.join(""));
  }

  /** Inserts an element as the first child of `parent`. */
  insertFirst(parent: XmlElement, element: NewElement): void {
    const range = contentRange(this.file, parent);
    if (!range) throw missing(this.file, `content in ${pathOf(parent)}, which is <${parent.name}/>`);
    const first = parent.children.find((child) => child instanceof XmlElement || child instanceof XmlComment);
    const { lineBreak, indent } = first ? this.lineOf(first.start) : this.lineIn(parent, range);
    const written = this.write(element, indent, lineBreak, prefixOf(parent));
    this.insert(range.start, lineBreak + indent + written);
  }

  /** Inserts a copy of `original` behind `anchor`. @param change edits the copy, which is the root of its own file */
  insertCopyAfter(anchor: XmlElement, original: XmlElement, change: (copy: XmlEdit) => void): void {
    const { path, version, encoding, text } = this.file;
    const { lineBreak, indent } = this.lineOf(original.start);
    const source = Buffer.from(text.slice(original.start, original.end), "utf8");
    const copy = new XmlEdit({ ...parseFile(path, source, version), encoding }, this.staleAttribute);
    change(copy);
    this.insert(anchor.end, lineBreak + indent + copy.apply());
  }

  /** Removes an element, and its line if nothing else is on it. */
  remove(element: XmlElement): void {
    const { lineBreak, indent } = this.lineOf(element.start);
    this.splice(element.start - indent.length - lineBreak.length, element.end, "");
  }

  /** The file's text with all changes. */
  apply(): string {
    const { text } = this.file;
    const ordered = this.splices
      .map((splice, order) => ({ ...splice, order }))
      .sort((a, b) => a.start - b.start || a.end - b.end || a.order - b.order);
    let result = "";
    let position = 0;
    for (const { start, end, text: replacement } of ordered) {
      if (start < position) throw new Error(`${this.file.path}: two changes overlap at offset ${start}`);
      result += text.slice(position, start) + replacement;
      position = end;
    }
    return result + text.slice(position);
  }

  /** Line break and indentation before an offset; both are empty when other text stands between. */
  lineOf(offset: number): { lineBreak: string; indent: string } {
    const { text } = this.file;
    const newline = text.lastIndexOf("\n", offset - 1);
    const indent = text.slice(newline + 1, offset);
    if (newline < 0 || indent.trim() !== "") return { lineBreak: "", indent: "" };
    return { lineBreak: text[newline - 1] === "\r" ? "\r\n" : "\n", indent };
  }

  /** The XML source of a value; a placeholder stays a placeholder. */
  source(value: Value, what: string): string {
    if (typeof value === "object") return plain(value);
    return escapeXml(plain(value), this.file.encoding, `${this.file.path}: the value for ${what}`);
  }

  /** Line break and indentation for the first child of an element that has none. */
  private lineIn(parent: XmlElement, range: { start: number; end: number }): { lineBreak: string; indent: string } {
    const { lineBreak, indent } = this.lineOf(parent.start);
    const hasLines = this.file.text.slice(range.start, range.end).includes("\n");
    return hasLines ? { lineBreak, indent: deeper(indent) } : { lineBreak: "", indent: "" };
  }

  private write(element: NewElement, indent: string, lineBreak: string, prefix: string): string {
    const attributes = Object.entries(element.attributes ?? {})
      .map(([name, value]) => ` ${name}="${this.source(value, `${element.name}/@${name}`)}"`)
      .join("");
    const name = prefix + element.name;
    const { content } = element;
    if (content === undefined) return `<${name}${attributes}/>`;
    if (!isElements(content)) return `<${name}${attributes}>${this.source(content, element.name)}</${name}>`;
    const inner = deeper(indent);
    const separator = lineBreak === "" ? "" : lineBreak + inner;
    const written = content.map((child) => separator + this.write(child, inner, lineBreak, prefix)).join("");
    return `<${name}${attributes}>${written}${lineBreak === "" ? "" : lineBreak + indent}</${name}>`;
  }

  private removeStaleAttribute(element: XmlElement): void {
    const name = Object.keys(element.attributes).find((key) => this.staleAttribute?.test(key));
    const found = name === undefined ? undefined : this.attributeRange(element, name);
    if (found) this.splice(found.start, found.valueEnd + 1, "");
  }

  private attributeRange(
    element: XmlElement,
    name: string,
  ): { start: number; valueStart: number; valueEnd: number } | undefined {
    const tag = this.file.text.slice(element.start, startTagEnd(this.file.text, element));
    const attribute = /\s+([^\s=>/]+)\s*=\s*("[^"]*"|'[^']*')/y;
    attribute.lastIndex = 1 + element.name.length;
    for (let match = attribute.exec(tag); match; match = attribute.exec(tag)) {
      if (match[1] !== name) continue;
      const valueEnd = element.start + attribute.lastIndex - 1;
      const length = (match[2]?.length ?? 2) - 2;
      return { start: element.start + match.index, valueStart: valueEnd - length, valueEnd };
    }
    return undefined;
  }

  private insert(offset: number, text: string): void {
    this.splice(offset, offset, text);
  }

  private splice(start: number, end: number, text: string): void {
    this.splices.push({ start, end, text });
  }
}

function isElements(content: Value | readonly NewElement[] | undefined): content is readonly NewElement[] {
  return Array.isArray(content);
}

/** One level more: a tab where the line is indented by tabs only, else four spaces. */
function deeper(indent: string): string {
  return indent + (indent.includes("\t") && !indent.includes(" ") ? "\t" : "    ");
}

function plain(value: Value): string {
  return typeof value === "object" ? `{{secret:${value.secret}}}` : String(value);
}

function prefixOf(element: XmlElement): string {
  return element.name.slice(0, element.name.indexOf(":") + 1);
}
