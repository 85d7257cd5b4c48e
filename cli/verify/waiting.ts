import { setTimeout as sleep } from "node:timers/promises";

/** Waits. @throws the signal's reason as soon as the signal is aborted */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** For work that Ctrl-C must not end: cleaning up, or starting a node again. */
export const neverAborted = new AbortController().signal;

/** The result of the work. @throws the signal's reason as soon as the signal is aborted */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stop = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { signal: stop.signal });
  });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, aborted]);
  } finally {
    stop.abort();
  }
}

export interface Waiting {
  /** The time limit in milliseconds. */
  readonly limit: number;
  /** Milliseconds between two attempts. */
  readonly every: number;
  readonly signal: AbortSignal;
  /** Called every ten seconds with the number of seconds since the start. */
  readonly progress?: (seconds: number) => void;
}

const progressMilliseconds = 10_000;

/** Repeats the attempt until it returns a result. @returns undefined at the time limit */
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

/** How many seconds the cycle waits at most for what the product does in its own time. */
export interface Limits {
  /** Until a published API is in the Store's list. */
  readonly listing: number;
  /** Until a gateway serves a published API. */
  readonly deployment: number;
  /** Until a revoked token is refused. */
  readonly revocation: number;
  /** Until a request is answered. @default 60: the product compiles a page at its first request */
  readonly answer?: number;
}

/** The product indexes APIs one minute after the Store's start, and writes a gateway's files in the background. */
export const productLimits: Limits = { listing: 150, deployment: 60, revocation: 15 };
/** The stand-in does all three at once, but a node that is back gets requests after 8 s of good checks. */
export const standinLimits: Limits = { listing: 8, deployment: 12, revocation: 5 };

/** A wait of so many seconds at most; a long one tries less often. */
export function waiting(seconds: number, signal: AbortSignal, progress?: (seconds: number) => void): Waiting {
  return { limit: seconds * 1000, every: seconds > 30 ? 2000 : 200, signal, ...(progress && { progress }) };
}
