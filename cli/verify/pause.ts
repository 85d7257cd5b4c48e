import { setTimeout as sleep } from "node:timers/promises";

/** Waits; a signal ends the wait with its reason. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

export interface Waiting {
  /** Milliseconds at most. */
  readonly limit: number;
  /** Milliseconds between two tries. */
  readonly every: number;
  readonly signal: AbortSignal;
  /** Told every ten seconds how many seconds have gone. */
  readonly progress?: (seconds: number) => void;
}

const progressMilliseconds = 10_000;

/** Tries until there is a result. @returns undefined at the limit */
export async function until<T>(
  attempt: () => Promise<T | undefined>,
  { limit, every, signal, progress }: Waiting,
): Promise<T | undefined> {
  const start = Date.now();
  let said = start;
  for (;;) {
    const result = await attempt();
    if (result !== undefined) return result;
    const now = Date.now();
    if (now - start >= limit) return undefined;
    if (now - said >= progressMilliseconds) {
      said = now;
      progress?.(Math.round((now - start) / 1000));
    }
    await pause(Math.max(1, Math.min(every, limit - (now - start))), signal);
  }
}
