import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { removeUnusedContexts } from "../../cli/setup/stageProduct";
import { ClusterRun, lostOf } from "./clusterRun";
import { unknownErrors } from "./errorLines";
import type { Call, Load } from "./load";
import { skip } from "./skip";
import { projectDirectory, TestStack } from "./testStack";
import { eventually } from "./waiting";

const minutes = 60_000;
/** Path of an unpacked pack of the product or of its zip, as in the setting `distribution`. */
const pack = process.env.APIM_PACK;
/** Calls in a second, GET and POST. */
const rate = 10;

/** One line about the calls of a load, for the output of the tests. */
function summaryOf(what: string, calls: readonly Call[]): string {
  const lost = lostOf(calls);
  const of = (method: Call["method"]) => lost.filter((call) => call.method === method).length;
  const longest = Math.max(...calls.map(({ started, ended }) => ended - started));
  return `${what}: ${calls.length} calls, ${of("GET")} GET and ${of("POST")} POST lost, longest ${longest} ms`;
}

/** At most those of two seconds: a POST in flight is not repeated. */
function assertFewLost(calls: readonly Call[]): void {
  const lost = lostOf(calls).map(({ method, detail }) => `${method} ${detail}`);
  assert.ok(lost.length <= 2 * rate, lost.join("\n"));
}

describe("real product: a pack of the user's own (APIM_PACK)", function () {
  this.timeout(30 * minutes);
  const stack = new TestStack("realpack-itest");
  const serving = ["gateway-1", "gateway-2"];
  const run = new ClusterRun(stack, serving);
  const nodes = ["keymanager-1", "keymanager-2", ...serving, "publisher-1", "publisher-2", "store-1", "store-2"];

  before(async function () {
    if (pack === undefined) skip(this, "APIM_PACK is not set; CONTRIBUTING.md says what it needs");
    assert.ok(statSync(pack, { throwIfNoEntry: false }), `APIM_PACK: expected a pack, found nothing at ${pack}`);
    stack.set({
      distribution: pack,
      keyManagerReplicas: 2,
      gatewayReplicas: 2,
      publisherReplicas: 2,
      storeReplicas: 2,
      multiTenancy: true,
      jwt: true,
    });
    await run.start();
  });

  after(async () => {
    if (pack === undefined) return;
    await run.stop();
    removeUnusedContexts(projectDirectory);
  });

  /** Makes calls while something happens. @returns them, with a line of output about them */
  async function underLoad(what: string, action: (load: Load) => Promise<void>): Promise<readonly Call[]> {
    const load = await run.load(rate, undefined, 20 * 60);
    await load.until(run.allServed, 30);
    await action(load);
    const calls = await load.stop();
    console.log(`      ${summaryOf(what, calls)}`);
    return calls;
  }

  /** Kills a container, waits, and starts it again. */
  async function killAndStart(node: string, load: Load): Promise<void> {
    await run.container(node).kill();
    await load.until((since) => since.length > 20 * rate, 60);
    await run.container(node).start();
    await allHealthy();
    // So long that the load balancer sends calls there again.
    await load.until((since) => since.length > 20 * rate, 60);
  }

  const healthy = async (node: string) => (await run.container(node).inspect()).State.Health?.Status === "healthy";
  const allHealthy = () =>
    eventually("all nodes are healthy", async () => (await Promise.all(nodes.map(healthy))).every(Boolean), {
      seconds: 600,
      every: 2000,
    });

  async function audit(): Promise<void> {
    const found = await Promise.all(
      nodes.map(async (node) => unknownErrors(await run.logOf(node)).map((line) => `${node}: ${line}`)),
    );
    assert.deepEqual(found.flat(), []);
  }

  it("verify passes in full, with tenants, JSON Web Tokens, the console, log-in pages and self sign-up", async () => {
    const { cycle } = await run.verify({ endpoint: undefined, slow: 40 });
    for (const { group, name, ms } of cycle?.steps ?? []) console.log(`      ${group}: ${name} (${ms} ms)`);
  });

  for (const roles of [["keymanager"], ["gateway"], ["publisher", "store"]])
    it(`the members of the cluster have joined: ${roles.join(", ")}`, async () => {
      const members = nodes.filter((node) => roles.some((role) => node.startsWith(role)));
      const logs = await Promise.all(members.map((node) => run.logOf(node)));
      // The member that was there first reports each of the others.
      const joins = logs.map((log) => log.split("Member joined").length - 1);
      assert.ok(Math.max(...joins) >= members.length - 1, `${members} report ${joins} joins`);
    });

  for (const [what, node] of [
    ["a gateway", "gateway-2"],
    ["a Key Manager", "keymanager-2"],
  ] as const)
    it(`calls go on while ${what} is killed and comes back`, async () => {
      assertFewLost(await underLoad(`${what} killed`, (load) => killAndStart(node, load)));
    });

  it("calls go on while the load balancer loads other files", async () => {
    stack.set({ balancerMemory: 300 });
    assertFewLost(await underLoad("files of the load balancer loaded", () => run.up()));
  });

  it("no log has an ERROR line besides the known harmless ones, after kills and changes", audit);

  it("a new certificate: the nodes are replaced one after another, the load balancer loads it, and calls go on", async () => {
    stack.set({ certificateRenewal: "2026-12-24" });
    const calls = await underLoad("all nodes replaced", () => run.up());
    await allHealthy();
    assertFewLost(calls);
    await run.verify();
  });

  it("all containers restarted at once become healthy by themselves, and verify passes", async () => {
    await Promise.all(nodes.map((node) => run.container(node).restart({ t: 30 })));
    await allHealthy();
    // Nodes open their ports before they can answer; the load balancer tests those that came back for 8 s.
    await sleep(20_000);
    await run.verify();
  });

  it("no log has an ERROR line besides the known harmless ones, as before the nodes were replaced", audit);
});
