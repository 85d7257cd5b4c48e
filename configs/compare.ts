import { styleText } from "node:util";
import { createTwoFilesPatch, diffLines } from "diff";

/** Lines that only the new text has, and lines that only the old text has; a changed line counts as both. */
export interface LineCount {
  readonly added: number;
  readonly removed: number;
}

export function countChangedLines(before: string, after: string): LineCount {
  let added = 0;
  let removed = 0;
  for (const part of diffLines(before, after)) {
    if (part.added) added += part.count;
    if (part.removed) removed += part.count;
  }
  return { added, removed };
}

/** A unified diff with three lines of context, without carriage returns; empty when the texts are equal. */
export function unifiedDiff(beforeName: string, afterName: string, before: string, after: string): string {
  if (before === after) return "";
  const patch = createTwoFilesPatch(beforeName, afterName, before, after, undefined, undefined, { context: 3 });
  return patch.replace(/^=+\n/, "").replaceAll("\r", "");
}

/** Colours a diff as `git diff` does. The caller decides whether the output takes colours. */
export function colourDiff(diff: string): string {
  return diff
    .split("\n")
    .map((line) => {
      const style = styleOf(line);
      return style === undefined ? line : styleText(style, line, { validateStream: false });
    })
    .join("\n");
}

function styleOf(line: string): "bold" | "cyan" | "red" | "green" | undefined {
  if (line.startsWith("---") || line.startsWith("+++")) return "bold";
  if (line.startsWith("@@")) return "cyan";
  if (line.startsWith("-")) return "red";
  return line.startsWith("+") ? "green" : undefined;
}
