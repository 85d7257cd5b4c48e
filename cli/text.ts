import { styleText } from "node:util";

/** Whether stdout takes colours: a terminal, unless NO_COLOR is set. */
export function hasColours(): boolean {
  return process.stdout.isTTY && !process.env.NO_COLOR;
}

/** The marks of a good and of a bad line. */
export function marks(): { ok: string; failed: string } {
  const paint = (colour: "green" | "red", mark: string) =>
    hasColours() ? styleText(colour, mark, { validateStream: false }) : mark;
  return { ok: paint("green", "✓"), failed: paint("red", "✗") };
}

/** Columns padded to their widest cell; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
