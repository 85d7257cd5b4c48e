/** A measured figure, and the limit below which it should stay. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: "ms" | "s" | "times" | "MiB";
  readonly limit?: number;
  /** The parts of the value, or what the value was compared with. */
  readonly detail: string;
}

/** The middle value, or the mean of the two middle values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [lower = 0, upper = 0] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? upper : (lower + upper) / 2;
}
