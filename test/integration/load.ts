import assert from "node:assert/strict";
import type { DeployedStack } from "../../cli/deployedStack";
import { Front } from "../../cli/verify/front";
import { probe } from "../../cli/verify/httpProbe";
import { type ConsumerKey, Store } from "../../cli/verify/product";
import { eventually } from "./waiting";

/** The result of one call. */
export interface Call {
  readonly method: "GET" | "POST";
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly ended: number;
  readonly ok: boolean;
  /** The gateway that answered; empty if none did. */
  readonly node: string;
  /** Status and body, or the reason why there was no answer. */
  readonly detail: string;
}

export type Caller = (method: Call["method"]) => Promise<Pick<Call, "ok" | "node" | "detail">>;

/** Returns a function that calls an API of the first gateway environment through the balancer, over HTTP. */
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

/** Reads the production key of the application that `verify --keep` left. The application has the name of the API. */
export async function productionKey(outputs: DeployedStack, name: string): Promise<ConsumerKey> {
  const store = new Store(new Front(outputs.topology, outputs.caCertificate));
  await store.logIn(outputs.adminUser, outputs.adminPassword);
  const keys = await store.keysOf(name, { name, version: "1.0.0", provider: outputs.adminUser });
  return keys.get("PRODUCTION") ?? assert.fail("the application has no production key");
}

/** Each fifth call is a POST, which the balancer does not retry. */
const postEvery = 5;
/** A load ends by itself after this time, longer than most tests need. */
const defaultSeconds = 90;

/** Makes calls at a steady rate, whether earlier calls have been answered or not. */
export class Load {
  readonly calls: Call[] = [];
  private readonly open = new Set<Promise<void>>();
  private readonly timer: NodeJS.Timeout;
  private count = 0;

  constructor(
    private readonly call: Caller,
    perSecond: number,
    secondsAtMost = defaultSeconds,
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

  /** Waits until a condition holds for the calls that start from now on. @throws at the time limit */
  async until(condition: (since: readonly Call[]) => boolean, seconds: number): Promise<void> {
    const now = Date.now();
    const holds = async () => condition(this.calls.filter(({ started }) => started >= now));
    await eventually(`the calls under load fulfil ${condition}`, holds, { seconds, every: 50 });
  }

  /** Ends the load and waits for all answers. @returns all calls, in the order of their start */
  async stop(): Promise<readonly Call[]> {
    clearInterval(this.timer);
    await Promise.all(this.open);
    return [...this.calls].sort((one, other) => one.started - other.started);
  }
}
