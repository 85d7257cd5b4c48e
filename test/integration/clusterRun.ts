import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { DeployedStack } from "../../cli/deployedStack";
import { type VerifyOptions, type VerifyReport, verifyDeployment } from "../../cli/verify";
import { Front } from "../../cli/verify/front";
import { Gateway } from "../../cli/verify/gateway";
import { verifyLinks } from "../../cli/verify/links";
import type { ConsumerKey } from "../../cli/verify/product";
import { until as waitUntil } from "../../cli/verify/waiting";
import { logText } from "../../engine/providers/docker/logText";
import { type Call, callerOf, Load, productionKey } from "./load";
import { docker, type TestStack } from "./testStack";
import { outputsOf } from "./wiringSupport";

export const lostOf = (calls: readonly Call[]) => calls.filter(({ ok }) => !ok);
export const nodesOf = (calls: readonly Call[]) => [...new Set(calls.map(({ node }) => node))].sort();
const signal = new AbortController().signal;

/** A stack with several nodes of a role, and a published API that the tests call. */
export class ClusterRun {
  private deployed: DeployedStack | undefined;
  /** The API's endpoint. It is slow enough that there are always calls in flight. */
  private readonly endpoint = createServer((_, response) => void sleep(60).then(() => response.end("answered")));
  /** The API that `verify --keep` left for the tests. */
  kept = { name: "", path: "" };

  /** @param serving the names of the gateways that serve API calls when all nodes are up */
  constructor(
    readonly stack: TestStack,
    private readonly serving: readonly string[],
  ) {}

  get outputs(): DeployedStack {
    return this.deployed ?? assert.fail("the stack is not up yet");
  }

  /** An address of this machine that gateways reach. */
  protected get endpointAddress(): string {
    return this.outputs.topology.network.gateway;
  }

  async start(): Promise<void> {
    await this.up();
    await new Promise<void>((done) => this.endpoint.listen(0, this.endpointAddress, done));
    const left = (await this.verify({ keep: true })).cycle?.left;
    assert.ok(left);
    this.kept = { name: left.name, path: new URL(left.url).pathname };
  }

  /** Runs `up` with the present settings. */
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

  logOf(node: string): Promise<string> {
    return logText(this.container(node), {});
  }

  async logHas(node: string, text: string): Promise<boolean> {
    return (await this.logOf(node)).includes(text);
  }

  gateway(): Gateway {
    return new Gateway(this.front(), this.outputs.topology.environments[0]?.apiHost ?? "");
  }

  private front(): Front {
    return new Front(this.outputs.topology, this.outputs.caCertificate);
  }

  /** Runs verify in this process. @param done called after each step that passed */
  report(options: Partial<VerifyOptions> = {}, done?: (step: string) => void): Promise<VerifyReport> {
    const endpoint = `http://${this.endpointAddress}:${(this.endpoint.address() as AddressInfo).port}`;
    const ignore = () => undefined;
    return verifyDeployment(this.outputs, { links: false, keep: false, endpoint, ...options }, signal, {
      links: ignore,
      progress: ignore,
      end: ignore,
      done: ({ name }) => done?.(name),
    });
  }

  /**
   * Asserts that all steps of verify pass, and all links except these.
   * @param down sorted names, as {@link downWithout} returns them
   */
  async verify(
    options: Partial<VerifyOptions> = {},
    done?: (step: string) => void,
    down: readonly string[] = [],
  ): Promise<VerifyReport> {
    const report = await this.report(options, done);
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

  /** Starts a load of calls. @param ownToken @default a new token, since each run of verify revokes the application's token */
  async load(perSecond: number, ownToken?: string, secondsAtMost?: number): Promise<Load> {
    const token = ownToken ?? (await this.gateway().token(await this.key()));
    const isAnswer = (status: number, body: string) => status === 200 && body === "answered";
    return new Load(callerOf(this.outputs, { path: this.kept.path, token, isAnswer }), perSecond, secondsAtMost);
  }

  /** Whether each serving gateway has answered some of the calls. */
  readonly allServed = (calls: readonly Call[]): boolean => this.serving.every((name) => nodesOf(calls).includes(name));

  /** Kills a gateway under load and starts it again. Asserts that only POST calls in flight are lost. */
  async killUnderLoad(node: string): Promise<void> {
    const running = await this.load(50);
    await running.until(this.allServed, 30);
    const container = this.container(node);
    await container.kill();
    const killed = Date.now();
    await running.until((since) => since.length > 75, 10);
    // Docker's restart policy does not apply to a container that `docker kill` ended.
    assert.equal((await container.inspect()).State.Running, false);
    await container.start();
    await running.until(this.allServed, 30);
    assertOnlyInFlight(await running.stop(), killed);
    await this.settled();
  }

  /** The sorted names of the checks that fail while a node is down. */
  downWithout(node: string): string[] {
    const { nodes, links } = this.outputs.topology;
    const { hostName } = nodes.find(({ name }) => name === node) ?? assert.fail(node);
    const members = links.filter(({ to, protocol }) => to === node && protocol === "hazelcast");
    return [`${node} answers as ${hostName}`, ...members.map(({ id }) => id)].sort();
  }

  /** Waits until exactly these links are down. Cluster members notice a missing member only after a while. */
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

/** Asserts that only POST calls are lost that were in flight when a gateway was killed: the balancer retries the others. */
export function assertOnlyInFlight(calls: readonly Call[], killed: number): void {
  const lost = lostOf(calls);
  assert.ok(calls.length > 50, `${calls.length} calls`);
  for (const call of lost)
    assert.ok(call.started <= killed && call.method === "POST", `${JSON.stringify(call)}, killed at ${killed}`);
  const inFlight = calls.filter(({ started, ended }) => started <= killed && ended >= killed);
  assert.ok(lost.length <= inFlight.length, `${lost.length} of ${inFlight.length} in flight`);
}
