/** A part of a text and what takes its place. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The text with all changes; insertions at the same place stay in their order.
 *
 * @param path names the file in errors
 * @throws when two changes overlap
 */
export function applySplices(path: string, text: string, splices: readonly Splice[]): string {
  const ordered = splices
    .map((splice, order) => ({ ...splice, order }))
    .sort((a, b) => a.start - b.start || a.end - b.end || a.order - b.order);
  let result = "";
  let position = 0;
  for (const { start, end, text: replacement } of ordered) {
    if (start < position) throw new Error(`${path}: two changes overlap at offset ${start}`);
    result += text.slice(position, start) + replacement;
    position = end;
  }
  return result + text.slice(position);
}
