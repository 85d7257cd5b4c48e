import { XmlComment, XmlElement } from "@rgrove/parse-xml";
import { attributeRange } from "./attributes";
import { escapeXml } from "./escape";
import {
  children,
  contentRange,
  findCommentedOut,
  missing,
  parseFile,
  pathOf,
  place as placeOf,
  startTagEnd,
  type Value,
  type XmlFile,
} from "./parse";
import { applySplices, type Splice } from "./splices";
import { deeper, isElements, type NewElement, plain, prefixOf, writeElement } from "./write";

export type { NewElement } from "./write";

/** Where {@link XmlEdit.ensure} puts an element that the file does not have. */
export interface Place {
  /** Attributes that distinguish the element from others of its name, e.g. `{ name: "domain" }`. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Names of siblings; the element goes behind the first of these that exists. A commented-out element comes first. */
  readonly after?: readonly string[];
}

export interface EditOptions {
  /** Name of an attribute that {@link XmlEdit.setText} removes, because it would override the text. */
  readonly staleAttribute?: RegExp;
  /** Called with one sentence about what a reader of the file would not expect, the file's name in front. */
  readonly warn?: (text: string) => void;
}

/**
 * Changes to one XML file, spliced into its text: every other byte stays. A value that the file has already is left
 * exactly as it is written, so that editing an edited file again changes nothing.
 */
export class XmlEdit {
  private readonly splices: Splice[] = [];
  private readonly withoutStale = new Set<XmlElement>();
  private readonly removed = new Set<XmlElement>();

  constructor(
    readonly file: XmlFile,
    private readonly options: EditOptions = {},
  ) {}

  get root(): XmlElement {
    return this.file.root;
  }

  /** The only element at a path of names below `parent`. @throws when a step of it is missing, or is there twice */
  need(path: string, parent: XmlElement = this.root): XmlElement {
    const found = this.find(path, parent);
    if (!found) throw this.missing(`${pathOf(parent)}/${path}`);
    return found;
  }

  /** As {@link need}; undefined when a step is missing. */
  find(path: string, parent: XmlElement = this.root): XmlElement | undefined {
    let found: XmlElement | undefined = parent;
    for (const name of path.split("/")) found = found && this.only(found, name);
    return found;
  }

  /**
   * The only child of this name and with these attributes; undefined when there is none.
   * @throws when there are several: the readers of a file differ in which one they take
   */
  only(parent: XmlElement, name: string, attributes: Readonly<Record<string, string>> = {}): XmlElement | undefined {
    const wanted = Object.entries(attributes);
    return this.single(
      children(parent, name).filter((element) => wanted.every(([key, text]) => element.attributes[key] === text)),
    );
  }

  /** The only one of the elements. @throws naming their lines when there are several */
  single(elements: readonly XmlElement[]): XmlElement | undefined {
    const [first, second] = elements;
    if (first && second) {
      const lines = elements.map(({ start }) => this.lineAt(start)).join(" and ");
      throw this.refuse(placeOf(first), `is there ${elements.length} times, in lines ${lines}; keep one of them`);
    }
    return first;
  }

  /** The error for a place that the file must have and does not. */
  missing(place: string): Error {
    return missing(this.file, place);
  }

  /** The error for a place that cannot be used as it is. @param reason what was found, what was expected and the remedy */
  refuse(place: string | XmlElement, reason: string): Error {
    return new Error(this.about(place, reason));
  }

  /** Reports what is changed although somebody wrote it by hand. */
  warn(place: string | XmlElement, text: string): void {
    this.options.warn?.(this.about(place, text));
  }

  /** Elements whose stale attribute stays, because nothing set their text. */
  staleElements(): XmlElement[] {
    const { staleAttribute } = this.options;
    if (!staleAttribute) return [];
    const below = (element: XmlElement): XmlElement[] => {
      if (this.removed.has(element)) return [];
      const isStale =
        !this.withoutStale.has(element) && Object.keys(element.attributes).some((name) => staleAttribute.test(name));
      return [...(isStale ? [element] : []), ...children(element).flatMap(below)];
    };
    return below(this.root);
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
    const found = attributeRange(this.file.text, element, name);
    if (found) {
      this.splice(found.valueStart, found.valueEnd, source);
      return;
    }
    const sibling = place.after === undefined ? undefined : attributeRange(this.file.text, element, place.after);
    const tag = this.file.text.slice(element.start, startTagEnd(this.file.text, element));
    const close = element.start + (/\s*\/?>$/.exec(tag)?.index ?? tag.length - 1);
    this.insert(sibling ? sibling.valueEnd + 1 : close, ` ${name}="${source}"`);
  }

  removeAttribute(element: XmlElement, name: string): void {
    const found = attributeRange(this.file.text, element, name);
    if (found) this.splice(found.start, found.valueEnd + 1, "");
  }

  /** Sets the text of the only child of that name. @throws when no child has it, or several have it */
  setChild(parent: XmlElement, name: string, value: Value): void {
    this.setText(this.need(name, parent), value);
  }

  /** Sets the text of the only child of that name, if there is one. @throws when there are several */
  setIfPresent(parent: XmlElement, name: string, value: Value): void {
    const element = this.only(parent, name);
    if (element) this.setText(element, value);
  }

  /**
   * Sets the text of a child, which is created when the file does not have it: in place of the comment that holds it, or
   * behind the sibling that `place.after` names.
   *
   * @throws when the file has neither the child nor the comment nor a sibling of these names, or the child twice
   */
  ensure(parent: XmlElement, name: string, value: Value, place: Place = {}): void {
    const found = this.only(parent, name, place.attributes);
    if (found) {
      this.setText(found, value);
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
      const label = Object.entries(place.attributes ?? {})
        .map(([key, text]) => `[@${key}="${text}"]`)
        .join("");
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

  /** Inserts elements as the first children of `parent`. */
  insertFirst(parent: XmlElement, elements: readonly NewElement[]): void {
    const range = contentRange(this.file, parent);
    const first = parent.children.find((child) => child instanceof XmlElement || child instanceof XmlComment);
    const { lineBreak, indent } = first ? this.lineOf(first.start) : this.lineIn(parent, range);
    const written = elements
      .map((element) => lineBreak + indent + this.write(element, indent, lineBreak, prefixOf(parent)))
      .join("");
    if (range) {
      this.insert(range.start, written);
      return;
    }
    const end = lineBreak === "" ? "" : lineBreak + this.lineOf(parent.start).indent;
    this.splice(this.file.text.lastIndexOf("/", parent.end), parent.end, `>${written}${end}</${parent.name}>`);
  }

  /** Inserts a copy of `original` behind `anchor`. @param change edits the copy, which is the root of its own file */
  insertCopyAfter(anchor: XmlElement, original: XmlElement, change: (copy: XmlEdit) => void): void {
    const { path, version, encoding, text } = this.file;
    const { lineBreak, indent } = this.lineOf(original.start);
    const source = Buffer.from(text.slice(original.start, original.end), "utf8");
    const copy = new XmlEdit({ ...parseFile(path, source, version), encoding }, this.options);
    change(copy);
    this.insert(anchor.end, lineBreak + indent + copy.apply());
  }

  /** Removes an element, and its line if nothing else is on it. */
  remove(element: XmlElement): void {
    this.removed.add(element);
    const { lineBreak, indent } = this.lineOf(element.start);
    this.splice(element.start - indent.length - lineBreak.length, element.end, "");
  }

  /** The file's text with all changes. */
  apply(): string {
    return applySplices(this.file.path, this.file.text, this.splices);
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

  /** Line break and indentation for the first child of an element that has none. @param range undefined for `<a/>` */
  private lineIn(
    parent: XmlElement,
    range: { start: number; end: number } | undefined,
  ): { lineBreak: string; indent: string } {
    const { lineBreak, indent } = this.lineOf(parent.start);
    const hasLines = !range || this.file.text.slice(range.start, range.end).includes("\n");
    return hasLines && lineBreak !== "" ? { lineBreak, indent: deeper(indent) } : { lineBreak: "", indent: "" };
  }

  private write(element: NewElement, indent: string, lineBreak: string, prefix: string): string {
    return writeElement(element, indent, { lineBreak, prefix, source: (value, what) => this.source(value, what) });
  }

  private about(place: string | XmlElement, text: string): string {
    return `${this.file.path} (${this.file.version}): ${typeof place === "string" ? place : placeOf(place)}: ${text}`;
  }

  private lineAt(offset: number): number {
    return this.file.text.slice(0, offset).split("\n").length;
  }

  private removeStaleAttribute(element: XmlElement): void {
    const { staleAttribute } = this.options;
    this.withoutStale.add(element);
    const name = Object.keys(element.attributes).find((key) => staleAttribute?.test(key));
    if (name !== undefined) this.removeAttribute(element, name);
  }

  private insert(offset: number, text: string): void {
    this.splice(offset, offset, text);
  }

  private splice(start: number, end: number, text: string): void {
    this.splices.push({ start, end, text });
  }
}
