/** Property values and their differences as indented text, in the official engine's layout; secrets masked. */

import { diffLines } from "diff";
import { Unknown } from "./provider";
import { equal, isInternalKey, isObject, type Prop, type Props, Secret } from "./values";

export type Tone = "add" | "delete" | "change" | "replace" | "plain";
export type Paint = (tone: Tone, text: string) => string;

const SYMBOLS: Readonly<Record<Tone, string>> = { add: "+ ", delete: "- ", change: "~ ", replace: "+-", plain: "  " };
const MAX_LINES = 3;
const MAX_LINE_LENGTH = 150;
/** Unchanged lines shown before and after a changed one. */
const CONTEXT = 2;

/** `    ` per level; with a symbol, in place of the last two blanks. */
function indentation(indent: number, tone: Tone): string {
  const blanks = "    ".repeat(indent);
  return tone === "plain" ? blanks : blanks.slice(0, -2) + SYMBOLS[tone];
}

const keysOf = (props: Props): string[] => Object.keys(props).sort();
const widthOf = (keys: readonly string[]): number => Math.max(0, ...keys.map((key) => key.length));

/** Empty values only clutter. */
function worthShowing(value: Prop | undefined): value is Prop {
  if (value === undefined || value === null || value === "") return false;
  return !(Array.isArray(value) && value.length === 0) && !(isObject(value) && Object.keys(value).length === 0);
}

export class ValuePrinter {
  constructor(private readonly paint: Paint) {}

  /** One `key: value` per line, keys aligned. */
  object(props: Props, indent: number, tone: Tone = "plain"): string {
    const keys = keysOf(props);
    const width = widthOf(keys);
    return keys
      .filter((key) => !isInternalKey(key))
      .map((key) => this.titled(key.padEnd(width), props[key] ?? null, indent, tone))
      .join("");
  }

  /**
   * What differs between two objects.
   *
   * @param only top-level keys to show; with it, what is the same inside them is left out
   */
  objectDiff(olds: Props, news: Props, indent: number, only?: readonly string[], brief = only !== undefined): string {
    const keys = keysOf({ ...olds, ...news }).filter((key) => !isInternalKey(key) && (only?.includes(key) ?? true));
    const width = widthOf(keys);
    return keys.map((key) => this.memberDiff(key.padEnd(width), olds[key], news[key], indent, brief)).join("");
  }

  private memberDiff(
    title: string,
    old: Prop | undefined,
    now: Prop | undefined,
    indent: number,
    brief: boolean,
  ): string {
    if (old === undefined) return now === undefined ? "" : this.titled(title, now, indent, "add");
    if (now === undefined) return this.titled(title, old, indent, "delete");
    if (equal(old, now)) return brief || !worthShowing(old) ? "" : this.titled(title, old, indent, "plain");
    return this.valueDiff((tone) => this.line(tone, indent, `${title}: `), old, now, indent, brief);
  }

  private valueDiff(title: (tone: Tone) => string, old: Prop, now: Prop, indent: number, brief: boolean): string {
    const close = (bracket: string) => `${this.line("plain", indent, bracket, "change")}\n`;
    if (Array.isArray(old) && Array.isArray(now)) {
      const elements = Array.from({ length: Math.max(old.length, now.length) }, (_, index) => {
        const head = (tone: Tone) => this.line(tone, indent + 1, `[${index}]: `);
        const [before, after] = [old[index], now[index]];
        if (before === undefined)
          return after === undefined ? "" : `${head("add")}${this.value(after, indent + 2, "add")}\n`;
        if (after === undefined) return `${head("delete")}${this.value(before, indent + 2, "delete")}\n`;
        if (!equal(before, after)) return this.valueDiff(head, before, after, indent + 2, brief);
        return brief ? "" : `${head("plain")}${this.value(before, indent + 2, "plain")}\n`;
      });
      return `${title("change")}[\n${elements.join("")}${close("]")}`;
    }
    if (isObject(old) && isObject(now))
      return `${title("change")}{\n${this.objectDiff(old, now, indent + 1, undefined, brief)}${close("}")}`;
    const isPlain = (value: Prop) => !Array.isArray(value) && !isObject(value);
    if (worthShowing(old) && worthShowing(now) && isPlain(old) && isPlain(now)) {
      if (typeof old === "string" && typeof now === "string" && `${old}${now}`.includes("\n"))
        return `${title("change")}\n${this.lineDiff(old, now, indent + 1)}`;
      const [before, after] = [this.value(old, indent, "delete"), this.value(now, indent, "add")];
      return `${title("change")}${before}${this.paint("change", " => ")}${after}\n`;
    }
    const gone = worthShowing(old) ? `${title("delete")}${this.value(old, indent, "delete")}\n` : "";
    return gone + (worthShowing(now) ? `${title("add")}${this.value(now, indent, "add")}\n` : "");
  }

  private titled(title: string, value: Prop, indent: number, tone: Tone): string {
    return `${this.line(tone, indent, `${title}: `)}${this.value(value, indent, tone)}\n`;
  }

  private line(symbol: Tone, indent: number, text: string, tone = symbol): string {
    return this.paint(tone, indentation(indent, symbol) + text);
  }

  private value(value: Prop, indent: number, tone: Tone): string {
    if (value instanceof Secret) return this.paint(tone, "[secret]");
    if (value instanceof Unknown) return this.paint(tone, "[unknown]");
    if (Array.isArray(value)) {
      if (value.length === 0) return this.paint(tone, "[]");
      const elements = value.map(
        (element, index) =>
          `${this.line("plain", indent + 1, `[${index}]: `, tone)}${this.value(element, indent + 1, tone)}\n`,
      );
      return `${this.paint(tone, "[")}\n${elements.join("")}${this.line("plain", indent, "]", tone)}`;
    }
    if (!isObject(value))
      return this.paint(
        tone,
        value === null ? "<null>" : JSON.stringify(typeof value === "string" ? shorten(value) : value),
      );
    if (Object.keys(value).length === 0) return this.paint(tone, "{}");
    const keys = keysOf(value);
    const width = widthOf(keys);
    const members = keys
      .filter((key) => !isInternalKey(key))
      .map((key) => {
        const title = this.line("plain", indent + 1, `${key.padEnd(width)}: `, tone);
        return `${title}${this.value(value[key] ?? null, indent + 1, tone)}\n`;
      });
    return `${this.paint(tone, "{")}\n${members.join("")}${this.line("plain", indent, "}", tone)}`;
  }

  /** Changed lines with a little of what stands around them; `...` for the rest. */
  private lineDiff(old: string, now: string, indent: number): string {
    const chunks = diffLines(old, now);
    return chunks
      .map((chunk, index) => {
        const tone: Tone = chunk.added ? "add" : chunk.removed ? "delete" : "plain";
        const lines = chunk.value.split("\n").filter((line) => line.trim() !== "");
        const print = (some: readonly string[]) => some.map((line) => `${this.line(tone, indent, line)}\n`).join("");
        const gap = `${this.line("plain", indent, "...")}\n`;
        if (tone !== "plain") return print(lines);
        const head = index > 0 ? CONTEXT : 0;
        const tail = index < chunks.length - 1 ? CONTEXT : 0;
        if (lines.length <= head + tail + 1) return print(lines);
        return print(lines.slice(0, head)) + gap + print(tail > 0 ? lines.slice(-tail) : []);
      })
      .join("");
  }
}

function shorten(text: string): string {
  const lines = text
    .split("\n")
    .map((line) => (line.length > MAX_LINE_LENGTH ? `${line.slice(0, MAX_LINE_LENGTH)}...` : line));
  return lines.length > MAX_LINES ? `${lines.slice(0, MAX_LINES).join("\n")}\n...` : lines.join("\n");
}
