/** Prints property values and their differences as indented text in the official engine's layout, with masked secrets. */

import { diffLines } from "diff";
import { Unknown } from "../provider";
import { equal, isEmpty, isInternalKey, isObject, type Prop, type Props, Secret } from "../values";

export type Tone = "add" | "delete" | "change" | "replace" | "plain";
export type Paint = (tone: Tone, text: string) => string;

const SYMBOLS: Readonly<Record<Tone, string>> = { add: "+ ", delete: "- ", change: "~ ", replace: "+-", plain: "  " };
const MAX_LINES = 3;
const MAX_LINE_LENGTH = 150;
/** Unchanged lines shown before and after a changed one. */
const CONTEXT = 2;

/** Four blanks per level; a symbol replaces the last two. */
function indentation(indent: number, tone: Tone): string {
  const blanks = "    ".repeat(indent);
  return tone === "plain" ? blanks : blanks.slice(0, -2) + SYMBOLS[tone];
}

const keysOf = (props: Props): string[] => Object.keys(props).sort();
const widthOf = (keys: readonly string[]): number => Math.max(0, ...keys.map((key) => key.length));

const worthShowing = (value: Prop | undefined): value is Prop => value !== "" && !isEmpty(value);

type Title = (tone: Tone) => string;

export class ValuePrinter {
  constructor(private readonly paint: Paint) {}

  /** One `key: value` per line with aligned keys; `symbol` precedes each. */
  object(props: Props, indent: number, tone: Tone = "plain", symbol = tone): string {
    const keys = keysOf(props);
    const width = widthOf(keys);
    const shown = keys.filter((key) => !isInternalKey(key));
    return shown.map((key) => this.entry(key.padEnd(width), props[key] ?? null, indent, tone, symbol)).join("");
  }

  /**
   * The differences between two objects.
   *
   * @param only top-level keys to show; unchanged values inside them are then left out
   */
  objectDiff(olds: Props, news: Props, indent: number, only?: readonly string[], brief = only !== undefined): string {
    const keys = keysOf({ ...olds, ...news }).filter((key) => !isInternalKey(key) && (only?.includes(key) ?? true));
    const width = widthOf(keys);
    return keys
      .map((key) => {
        if (equal(olds[key], news[key]) && !worthShowing(olds[key])) return "";
        const title: Title = (tone) => this.line(tone, indent, `${key.padEnd(width)}: `);
        return this.change(title, olds[key], news[key], indent, brief);
      })
      .join("");
  }

  private change(title: Title, old: Prop | undefined, now: Prop | undefined, indent: number, brief: boolean): string {
    if (old === undefined && now === undefined) return "";
    const whole = (value: Prop, tone: Tone) => `${title(tone)}${this.value(value, indent, tone)}\n`;
    if (old === undefined) return whole(now ?? null, "add");
    if (now === undefined) return whole(old, "delete");
    if (equal(old, now)) return brief ? "" : whole(old, "plain");
    // Empty if the members differ only in values that are not shown.
    const block = (open: string, lines: string, close: string) =>
      lines && `${title("change")}${open}\n${lines}${this.line("plain", indent, close, "change")}\n`;
    if (Array.isArray(old) && Array.isArray(now)) {
      const elements = Array.from({ length: Math.max(old.length, now.length) }, (_, index) => {
        const head: Title = (tone) => this.line(tone, indent + 1, `[${index}]: `);
        return this.change(head, old[index], now[index], indent + 2, brief);
      });
      return block("[", elements.join(""), "]");
    }
    if (isObject(old) && isObject(now)) return block("{", this.objectDiff(old, now, indent + 1, undefined, brief), "}");
    const isPlain = (value: Prop) => worthShowing(value) && !Array.isArray(value) && !isObject(value);
    if (!isPlain(old) || !isPlain(now))
      return (worthShowing(old) ? whole(old, "delete") : "") + (worthShowing(now) ? whole(now, "add") : "");
    if (typeof old === "string" && typeof now === "string" && `${old}${now}`.includes("\n"))
      return `${title("change")}\n${this.lineDiff(old, now, indent + 1)}`;
    const arrow = this.paint("change", " => ");
    return `${title("change")}${this.value(old, indent, "delete")}${arrow}${this.value(now, indent, "add")}\n`;
  }

  private entry(title: string, value: Prop, indent: number, tone: Tone, symbol: Tone): string {
    return `${this.line(symbol, indent, `${title}: `, tone)}${this.value(value, indent, tone)}\n`;
  }

  private line(symbol: Tone, indent: number, text: string, tone = symbol): string {
    return this.paint(tone, indentation(indent, symbol) + text);
  }

  private value(value: Prop, indent: number, tone: Tone): string {
    const paint = (text: string) => this.paint(tone, text);
    const block = (open: string, lines: string, close: string) =>
      lines === "" ? paint(open + close) : `${paint(open)}\n${lines}${this.line("plain", indent, close, tone)}`;
    if (value instanceof Secret) return paint("[secret]");
    if (value instanceof Unknown) return paint("[unknown]");
    if (value === null) return paint("<null>");
    if (Array.isArray(value)) {
      const lines = value.map((element, index) => this.entry(`[${index}]`, element, indent + 1, tone, "plain"));
      return block("[", lines.join(""), "]");
    }
    if (isObject(value)) return block("{", this.object(value, indent + 1, tone, "plain"), "}");
    return paint(JSON.stringify(typeof value === "string" ? shorten(value) : value));
  }

  /** Changed lines with {@link CONTEXT} lines around them; `...` for the rest. */
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
