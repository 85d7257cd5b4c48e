/** Marks for a good and a bad line; coloured on a terminal unless NO_COLOR is set. */
export function marks(): { ok: string; failed: string } {
  const colour = process.stdout.isTTY && !process.env.NO_COLOR;
  return colour ? { ok: "\x1b[32m✓\x1b[0m", failed: "\x1b[31m✗\x1b[0m" } : { ok: "✓", failed: "✗" };
}

/** Columns padded to their widest cell; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
