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

/** Colours as `git diff` has them: for a terminal only. */
export function colourDiff(diff: string): string {
  return diff
    .split("\n")
    .map((line) => {
      if (line.startsWith("---") || line.startsWith("+++")) return `\u001b[1m${line}\u001b[0m`;
      if (line.startsWith("@@")) return `\u001b[36m${line}\u001b[0m`;
      if (line.startsWith("-")) return `\u001b[31m${line}\u001b[0m`;
      if (line.startsWith("+")) return `\u001b[32m${line}\u001b[0m`;
      return line;
    })
    .join("\n");
}
