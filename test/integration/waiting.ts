import assert from "node:assert/strict";
import { until } from "../../cli/verify/waiting";

interface TimeLimit {
  /** @default 60 */
  readonly seconds?: number;
  /** Milliseconds between two attempts. @default 200 */
  readonly every?: number;
}

/** Repeats an attempt until it returns a result other than undefined and false. @throws at the time limit, naming the condition */
export async function eventually<T>(
  condition: string,
  attempt: () => Promise<T | undefined | false>,
  { seconds = 60, every = 200 }: TimeLimit = {},
): Promise<T> {
  const signal = new AbortController().signal;
  const result = await until(async () => (await attempt()) || undefined, { limit: seconds * 1000, every, signal });
  return result ?? assert.fail(`not within ${seconds} s: ${condition}`);
}
