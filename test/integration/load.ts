import { setTimeout as sleep } from "node:timers/promises";

/** What one call of the load came to. */
export interface Call {
  readonly method: "GET" | "POST";
  /** Milliseconds as of Date.now(). */
  readonly started: number;
  readonly ended: number;
  readonly ok: boolean;
  /** Which gateway answered; empty when none did. */
  readonly node: string;
  /** Status and text, or why there was no answer. */
  readonly detail: string;
}

export type Caller = (method: Call["method"]) => Promise<Pick<Call, "ok" | "node" | "detail">>;

/** Each fifth call can't be repeated. */
const postEvery = 5;
/** No test needs longer. */
const secondsAtMost = 90;

/** A steady load, whether calls are answered or not. */
export class Load {
  readonly calls: Call[] = [];
  private readonly open = new Set<Promise<void>>();
  private readonly timer: NodeJS.Timeout;
  private count = 0;

  constructor(
    private readonly call: Caller,
    perSecond: number,
  ) {
    const end = Date.now() + secondsAtMost * 1000;
    this.timer = setInterval(() => {
      if (Date.now() > end) clearInterval(this.timer);
      const one: Promise<void> = this.one().finally(() => this.open.delete(one));
      this.open.add(one);
    }, 1000 / perSecond);
  }

  private async one(): Promise<void> {
    const method = this.count++ % postEvery === 0 ? "POST" : "GET";
    const started = Date.now();
    const fail = (error: Error) => ({ ok: false, node: "", detail: error.message });
    const result = await this.call(method).catch(fail);
    this.calls.push({ method, started, ended: Date.now(), ...result });
  }

  /** Goes on until so many seconds after now, or until the calls made from now on are as wanted. */
  async until(wanted: (since: readonly Call[]) => boolean, seconds: number): Promise<void> {
    const now = Date.now();
    while (!wanted(this.calls.filter(({ started }) => started >= now))) {
      if (Date.now() - now > seconds * 1000) throw new Error(`not within ${seconds} s`);
      await sleep(50);
    }
  }

  /** Ends it, and waits for the answers under way. @returns all calls, in the order of their start */
  async stop(): Promise<readonly Call[]> {
    clearInterval(this.timer);
    await Promise.all(this.open);
    return [...this.calls].sort((one, other) => one.started - other.started);
  }
}
