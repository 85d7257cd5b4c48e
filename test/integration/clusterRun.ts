import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { DeployedStack } from "../../cli/stack";
import { type VerifyOptions, type VerifyReport, verifyDeployment } from "../../cli/verify";
import { Front } from "../../cli/verify/front";
import { verifyLinks } from "../../cli/verify/links";
import { type ConsumerKey, Gateway } from "../../cli/verify/product";
import { until as waitUntil } from "../../cli/verify/waiting";
import { type Call, callerOf, Load, productionKey } from "./load";
import { docker, type TestStack } from "./testStack";
import { outputsOf } from "./wiringSupport";

export const lostOf = (calls: readonly Call[]) => calls.filter(({ ok }) => !ok);
export const nodesOf = (calls: readonly Call[]) => [...new Set(calls.map(({ node }) => node))].sort();
const signal = new AbortController().signal;

/** A stack with several nodes of a role, an API that all calls are for, and what they are tried with. */
export class ClusterRun {
  private deployed: DeployedStack | undefined;
  /** Slow enough that calls are in flight at any time. */
  private readonly endpoint = createServer((_, response) => void sleep(60).then(() => response.end("answered")));
  /** What `verify --keep` left for everybody to call. */
  kept = { name: "", path: "" };

  /** @param serving names of the gateways that take calls, when all are up */
  constructor(
    readonly stack: TestStack,
    private readonly serving: readonly string[],
  ) {}

  get outputs(): DeployedStack {
    return this.deployed ?? assert.fail("the stack is not up yet");
  }

  async start(): Promise<void> {
    await this.up();
    await new Promise<void>((done) => this.endpoint.listen(0, this.outputs.topology.network.gateway, done));
    const left = (await this.verify({ keep: true })).cycle?.left;
    assert.ok(left);
    this.kept = { name: left.name, path: new URL(left.url).pathname };
  }

  /** Brings the stack to its settings. */
  async up(): Promise<void> {
    const up = await this.stack.run("up", "--skip-verify");
    assert.equal(up.status, 0, up.output);
    this.deployed = await outputsOf(this.stack);
  }

  async stop(): Promise<void> {
    this.endpoint.closeAllConnections();
    this.endpoint.close();
    await this.stack.dispose();
  }

  container(node: string) {
    return docker.getContainer(`${this.stack.prefix}-${node}`);
  }

  /** Whether a node's log has the text. */
  async said(node: string, text: string): Promise<boolean> {
    return (await this.container(node).logs({ stdout: true, stderr: true })).toString("utf8").includes(text);
  }

  gateway(): Gateway {
    return new Gateway(this.front(), this.outputs.topology.environments[0]?.apiHost ?? "");
  }

  private front(): Front {
    return new Front(this.outputs.topology, this.outputs.caCertificate);
  }

  /** @param done told of each step that has gone well */
  verified(options: Partial<VerifyOptions> = {}, done?: (step: string) => void): Promise<VerifyReport> {
    const endpoint = `http://${this.outputs.topology.network.gateway}:${(this.endpoint.address() as AddressInfo).port}`;
    const nothing = () => undefined;
    const printer = { links: nothing, progress: nothing, end: nothing };
    return verifyDeployment(this.outputs, { links: false, keep: false, endpoint, ...options }, signal, {
      ...printer,
      done: ({ name }) => done?.(name),
    });
  }

  /**
   * All goes well, but for the links that are down.
   * @param down as told by {@link downWithout}
   */
  async verify(
    options: Partial<VerifyOptions> = {},
    done?: (step: string) => void,
    down: readonly string[] = [],
  ): Promise<VerifyReport> {
    const report = await this.verified(options, done);
    const steps = report.cycle?.steps ?? [];
    assert.deepEqual(
      steps.filter(({ ok }) => !ok),
      [],
    );
    const failed = report.checks.filter(({ ok }) => !ok);
    assert.deepEqual(failed.map(({ name }) => name).sort(), down, JSON.stringify(failed));
    return report;
  }

  /** The production key of the kept application. */
  key(): Promise<ConsumerKey> {
    return productionKey(this.outputs, this.kept.name);
  }

  /** Calls with a token of its own: each verification revokes the application's. */
  async load(perSecond: number, given?: string): Promise<Load> {
    const token = given ?? (await this.gateway().token(await this.key()));
    const isAnswer = (status: number, body: string) => status === 200 && body === "answered";
    return new Load(callerOf(this.outputs, { path: this.kept.path, token, isAnswer }), perSecond);
  }

  /** Each gateway that takes calls has answered some of them. */
  readonly allServe = (calls: readonly Call[]): boolean => this.serving.every((name) => nodesOf(calls).includes(name));

  /** Kills a gateway under load and starts it again: lost is what was in flight on it and can't be repeated. */
  async kill(node: string): Promise<void> {
    const running = await this.load(50);
    await running.until(this.allServe, 10);
    const container = this.container(node);
    await container.kill();
    const killed = Date.now();
    await running.until((since) => since.length > 75, 10);
    // Docker takes a kill for a wish: the restart policy is for what ends by itself.
    assert.equal((await container.inspect()).State.Running, false);
    await container.start();
    await running.until(this.allServe, 15);
    assertOnlyInFlight(await running.stop(), killed);
    await this.settled();
  }

  /** The links that are down without a node, its own answer among them. */
  downWithout(node: string): string[] {
    const { nodes, links } = this.outputs.topology;
    const { hostName } = nodes.find(({ name }) => name === node) ?? assert.fail(node);
    const members = links.filter(({ to, protocol }) => to === node && protocol === "hazelcast");
    return [`${node} answers as ${hostName}`, ...members.map(({ id }) => id)].sort();
  }

  /** Until every link is up but these, members of clusters included: one that vanishes is missed after a while. */
  async settled(down: readonly string[] = []): Promise<void> {
    let failed: readonly { readonly name: string }[] = [];
    const good = await waitUntil(
      async () => {
        failed = (await verifyLinks(this.outputs)).checks.filter(({ ok }) => !ok);
        return isDeepStrictEqual(failed.map(({ name }) => name).sort(), down) || undefined;
      },
      { limit: 20_000, every: 300, signal },
    );
    assert.ok(good, JSON.stringify(failed, null, 2));
  }
}

/** Those that could be repeated went to another gateway. */
export function assertOnlyInFlight(calls: readonly Call[], killed: number): void {
  const lost = lostOf(calls);
  assert.ok(calls.length > 50, `${calls.length} calls`);
  for (const call of lost)
    assert.ok(call.started <= killed && call.method === "POST", `${JSON.stringify(call)}, killed at ${killed}`);
  const inFlight = calls.filter(({ started, ended }) => started <= killed && ended >= killed);
  assert.ok(lost.length <= inFlight.length, `${lost.length} of ${inFlight.length} in flight`);
}
