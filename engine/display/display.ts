/** Prints a run: one progress line per event, or (`diff`) each change in full; then outputs and a summary. */

import type { EngineEvent, Operation, Step } from "../events";
import { isDefaultProvider, nameOf, STACK_TYPE, shortType, typeOf } from "../model";
import { Unknown } from "../provider";
import { mapProps, type Props } from "../values";
import { type Paint, type Tone, ValuePrinter } from "./displayValues";

export type RunKind = "up" | "preview" | "refresh" | "destroy";

interface Wording {
  readonly symbol: string;
  readonly tone: Tone;
  /** The words for a preview, a step in progress, and a finished step. */
  readonly words: readonly [string, string, string];
  /** The words in the summary; undefined for parts of a replacement, which counts as one change. */
  readonly counted?: readonly [before: string, after: string];
}

const worded = (symbol: string, tone: Tone, words: Wording["words"], counted?: Wording["counted"]): Wording => ({
  symbol,
  tone,
  words,
  counted,
});

/** In the order of the summary. */
const WORDING: Readonly<Record<Operation, Wording>> = {
  create: worded("+ ", "add", ["create", "creating", "created"], ["to create", "created"]),
  import: worded("= ", "add", ["import", "importing", "imported"], ["to import", "imported"]),
  update: worded("~ ", "change", ["update", "updating", "updated"], ["to update", "updated"]),
  refresh: worded("~ ", "change", ["refresh", "refreshing", "changed outside"], ["changed outside", "changed outside"]),
  replace: worded("+-", "replace", ["replace", "replacing", "replace"], ["to replace", "replaced"]),
  "create-replacement": worded("++", "add", ["create replacement", "creating replacement", "created replacement"]),
  delete: worded("- ", "delete", ["delete", "deleting", "deleted"], ["to delete", "deleted"]),
  "delete-replaced": worded("--", "delete", ["delete original", "deleting original", "deleted original"]),
  read: worded("> ", "change", ["read", "reading", "read"], ["to read", "read"]),
  same: worded("", "plain", ["", "", ""], ["unchanged", "unchanged"]),
};

const TITLES: Readonly<Record<RunKind, string>> = {
  up: "Updating",
  preview: "Previewing update",
  refresh: "Refreshing",
  destroy: "Destroying",
};

const NO_CHANGES: Readonly<Record<RunKind, string>> = {
  up: "No changes: all resources match the program.\n",
  preview: "No changes: all resources match the program.\n",
  refresh: "No changes: all resources match the state.\n",
  destroy: "Nothing to delete.\n",
};

const COLOURS: Readonly<Record<Tone, string>> = {
  add: "\u001b[32m",
  delete: "\u001b[31m",
  change: "\u001b[33m",
  replace: "\u001b[35m",
  plain: "",
};

/** Colours text on a terminal, unless NO_COLOR is set. */
export function painter(out: { isTTY?: boolean }, env: NodeJS.ProcessEnv): Paint {
  const colour = out.isTTY === true && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
  return (tone, text) => (colour && COLOURS[tone] !== "" ? `${COLOURS[tone]}${text}\u001b[0m` : text);
}

export interface DisplayOptions {
  readonly kind: RunKind;
  readonly stack: string;
  readonly diff: boolean;
  readonly paint: Paint;
  write(text: string): void;
}

export class Display {
  readonly counts = new Map<Operation, number>();
  /** URN -> parent, and whether the resource was printed. */
  private readonly seen = new Map<string, { parent?: string; shown: boolean }>();
  private readonly printer: ValuePrinter;
  private readonly replaced = new Set<string>();
  private outputs: { olds: Props; news: Props } | undefined;
  /** Message -> the resources with this error. */
  private readonly errors = new Map<string, string[]>();

  constructor(private readonly options: DisplayOptions) {
    this.printer = new ValuePrinter(options.paint);
    options.write(`${TITLES[options.kind]} (${options.stack}):\n${options.diff ? "" : "\n"}`);
  }

  /** Whether any step changed something. */
  get changed(): boolean {
    return [...this.counts].some(([op, count]) => op !== "same" && op !== "read" && count > 0);
  }

  event(event: EngineEvent): void {
    if (event.kind === "log") {
      const mark = event.severity === "info" ? "" : `${event.severity}: `;
      const who = event.urn ? [`${shortType(typeOf(event.urn))} ${nameOf(event.urn)}`] : [];
      const isError = event.severity === "error";
      if (isError) this.errors.set(event.message, [...(this.errors.get(event.message) ?? []), ...who]);
      const line = `    ${mark}${[...who, event.message].join(": ")}\n`;
      this.options.write(this.options.paint(isError ? "delete" : "plain", line));
      return;
    }
    if (event.kind === "outputs") {
      this.outputs = event;
      return;
    }
    const { step } = event;
    if (isDefaultProvider(step.urn)) return;
    if (event.kind === "done") this.count(step);
    if (this.options.diff) {
      if (event.kind === "done") this.options.write(this.details(step));
    } else if (step.op !== "same") this.options.write(this.progress(event, step));
  }

  /** A replacement counts once, when its create is done. Deleting a resource that an earlier run replaced counts as a deletion. */
  private count({ op, urn, old }: Step): void {
    if (op === "replace") return void this.replaced.add(urn);
    const late = op === "delete-replaced" && old?.delete === true && !this.replaced.has(urn);
    const counted = late ? "delete" : op === "create-replacement" ? "replace" : op;
    if (WORDING[counted].counted) this.counts.set(counted, (this.counts.get(counted) ?? 0) + 1);
  }

  finish(ms: number, failed: boolean): void {
    const { kind, diff, paint, write } = this.options;
    if (this.outputs && kind !== "destroy" && !failed) this.showOutputs(this.outputs);
    // Repeated at the end, because the output of other steps may follow an error.
    const errors = [...this.errors].map(([message, who]) => `    error: ${listed(who)}${message}\n`);
    if (errors.length > 0) write(paint("delete", `\nFailed:\n${errors.join("")}`));
    const preview = kind === "preview";
    const lines = Object.entries(WORDING).flatMap(([op, { counted, symbol, tone }]) => {
      const count = this.counts.get(op as Operation) ?? 0;
      return counted && count > 0 ? [paint(tone, `    ${symbol}${count} ${counted[preview ? 0 : 1]}\n`)] : [];
    });
    write(`${diff ? "" : "\n"}Resources:\n${lines.join("")}`);
    if (!this.changed && !failed) write(NO_CHANGES[kind]);
    if (!preview) write(`\nDuration: ${(ms / 1000).toFixed(ms < 9500 ? 1 : 0)}s\n`);
  }

  private progress(event: Exclude<EngineEvent, { kind: "log" | "outputs" }>, step: Step): string {
    const { symbol, tone, words } = WORDING[step.op];
    const word = this.options.kind === "preview" ? words[0] : event.kind === "start" ? words[1] : words[2];
    const name = `${shortType(typeOf(step.urn))} ${nameOf(step.urn)}`;
    if (event.kind === "fail") return this.options.paint("delete", ` ${symbol} ${name} ${words[1]} failed\n`);
    const time = event.kind === "done" && event.ms > 0 ? ` (${duration(event.ms)})` : "";
    const diff = step.diffs?.length ? ` [diff: ${this.diffWords(step)}]` : "";
    return this.options.paint(tone, ` ${symbol} ${name} ${word}${time}${step.retain ? "[retain]" : ""}${diff}\n`);
  }

  /** `+added,keys~changed,keys` */
  private diffWords(step: Step): string {
    const groups: Record<string, string[]> = { "+": [], "-": [], "~": [] };
    for (const key of step.diffs ?? []) {
      const kind = step.detailed?.[key] ?? "update";
      groups[kind.startsWith("add") ? "+" : kind.startsWith("delete") ? "-" : "~"]?.push(key);
    }
    return Object.entries(groups)
      .filter(([, keys]) => keys.length > 0)
      .map(([sign, keys]) => sign + keys.join(","))
      .join("");
  }

  /** One step in full; empty for an unchanged resource, except the stack. */
  private details(step: Step): string {
    const state = step.new ?? step.old;
    const root = typeOf(step.urn) === STACK_TYPE;
    const parts = step.op === "create-replacement" || step.op === "delete-replaced";
    const hidden = parts || (step.op === "same" && !root);
    if (state === undefined || hidden) {
      if (state && !this.seen.has(step.urn)) this.seen.set(step.urn, { parent: state.parent, shown: false });
      return "";
    }
    this.seen.set(step.urn, { parent: state.parent, shown: true });
    const indent = this.indentOf(state.parent);
    const { tone } = WORDING[step.op];
    const prefix = step.op === "same" ? "  " : WORDING[step.op].symbol;
    const { paint } = this.options;
    const blanks = "    ".repeat(indent);
    const operation = `${step.op}${step.retain ? "[retain]" : ""}`;
    const head = paint(tone, `${blanks}${prefix}${state.type}: (${operation})${state.protect ? " [protected]" : ""}\n`);
    const notes = [
      step.old?.id && `id=${step.old.id}`,
      `urn=${step.urn}`,
      state.provider && `provider=${state.provider}`,
    ]
      .filter((note) => note && !/^provider=.*::default::/.test(note))
      .map((note) => `${blanks}    [${note}]\n`);
    return head + notes.join("") + this.properties(step, indent + 1);
  }

  private properties(step: Step, indent: number): string {
    const { old, new: now } = step;
    if (step.op === "same" || !(now ?? old)?.custom) return "";
    if (now === undefined) return this.printer.object(old?.inputs ?? {}, indent, "plain");
    if (old === undefined) return this.printer.object(now.inputs ?? {}, indent, "plain");
    if (step.op === "refresh")
      return this.printer.objectDiff(old.outputs ?? {}, now.outputs ?? {}, indent, undefined, true);
    if (Object.keys(step.detailed ?? {}).length === 0)
      return this.printer.objectDiff(old.outputs ?? {}, now.outputs ?? old.outputs ?? {}, indent);
    return this.printer.objectDiff({ ...old.outputs, ...old.inputs }, now.inputs ?? {}, indent, step.diffs);
  }

  /** The number of printed ancestors. */
  private indentOf(parent: string | undefined): number {
    const above = parent === undefined ? undefined : this.seen.get(parent);
    return above === undefined ? 0 : this.indentOf(above.parent) + (above.shown ? 1 : 0);
  }

  private showOutputs({ olds, news: given }: { olds: Props; news: Props }): void {
    const { diff, kind, write } = this.options;
    // Nearly every output may change; only certain changes are shown.
    const news = mapProps(given, (value, key) => (value instanceof Unknown ? (olds[key] ?? value) : value));
    const first = Object.keys(olds).length === 0;
    const body = first
      ? this.printer.object(news, 1)
      : this.printer.objectDiff(olds, news, 1, undefined, diff || kind === "preview");
    if (body === "") return;
    write(diff ? `    --outputs:--\n${body}` : `Outputs:\n${body}`);
  }
}

const MOST_LISTED = 5;

function listed(names: readonly string[]): string {
  const more = names.length - MOST_LISTED;
  const shown = names.slice(0, MOST_LISTED).join(", ");
  return names.length === 0 ? "" : `${shown}${more > 0 ? ` and ${more} more` : ""}: `;
}

function duration(ms: number): string {
  return ms < 995 ? `${(ms / 1000).toFixed(2)}s` : `${Math.round(ms / 1000)}s`;
}
