import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { DeployedStack } from "../../cli/stack";
import { Front } from "../../cli/verify/front";
import { probe } from "../../cli/verify/httpProbe";
import { type ConsumerKey, Store } from "../../cli/verify/product";

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

/** Calls an API of the first gateway environment, through the balancer's port without TLS. */
export function callerOf(
  { topology }: DeployedStack,
  api: { readonly path: string; readonly token: string; readonly isAnswer: (status: number, body: string) => boolean },
): Caller {
  const port = topology.balancer.ports.find(({ name }) => name === "gatewayHttp")?.published ?? 0;
  const host = topology.environments[0]?.apiHost ?? "";
  const headers = { authorization: `Bearer ${api.token}` };
  const request = { address: topology.reachableAddress, port, host, path: api.path, headers, timeout: 20_000 };
  return async (method) => {
    const answer = await probe({ ...request, method, ...(method === "POST" && { form: {} }) });
    const node = [answer.headers["x-apim-node"]].flat().join();
    const { status, body } = answer;
    return { ok: api.isAnswer(status, body), node, detail: `${status} ${body.slice(0, 200)}` };
  };
}

/** Of the application that `verify --keep` left with an API; both have the same name. */
export async function productionKey(outputs: DeployedStack, name: string): Promise<ConsumerKey> {
  const store = new Store(new Front(outputs.topology, outputs.caCertificate));
  await store.logIn(outputs.adminUser, outputs.adminPassword);
  const keys = await store.keysOf(name, { name, version: "1.0.0", provider: outputs.adminUser });
  return keys.get("PRODUCTION") ?? assert.fail("the application has no production key");
}

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
