import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { roles } from "../../../product/roles";
import { lostOf } from "../clusterRun";
import type { Call } from "../load";
import { skip } from "../skip";
import { eventually } from "../waiting";
import type { Machine } from "./machine";
import { leaderOf, nodesOf, passLeadership } from "./nodes";
import { whySwarmTestsAreSkipped } from "./requirements";
import { SwarmRun } from "./swarmRun";
import { databaseMachine, SwarmStack } from "./swarmStack";
import { Watch } from "./watch";

/** Seconds after the loss in which each role with one node must answer again. */
const limit = 30;
const single = ["publisher-1", "store-1"];
const pairs = ["gateway", "keymanager"];

/** Two gateways and two Key Managers, each on a machine of its own; one Publisher and one Store. */
describe("deployment on a swarm that loses a machine under load", function () {
  this.timeout(10 * 60_000);
  this.slow(5 * 60_000);
  const stack = new SwarmStack("itestlost");
  const run = new SwarmRun(stack);

  before(async function () {
    const reason = whySwarmTestsAreSkipped();
    if (reason !== undefined) skip(this, reason);
    await stack.startMachines();
    stack.set({
      gatewayReplicas: 2,
      keyManagerReplicas: 2,
      balancerReplicas: 2,
      sharedDirectory: stack.sharedDirectory,
      // The shortest wait for a killed member of a cluster.
      memberTimeout: 6,
    });
    await run.start();
  });
  // A test that failed may have left a machine cut off.
  afterEach(() => Promise.all(stack.machines.map((machine) => machine.reconnect())));
  after(() => run.stop());

  /** Puts all that a machine can lose on one machine: the single nodes, and one of each pair. */
  async function arrange(lost: Machine): Promise<void> {
    const other = stack.machines.find(({ name }) => name !== lost.name && name !== databaseMachine) ?? assert.fail();
    await run.move([...single, ...pairs.map((name) => `${name}-2`)], lost.name);
    await run.move(
      pairs.map((name) => `${name}-1`),
      other.name,
    );
    const balancers = (await run.machinesOf("loadbalancer")).filter((name) => name !== lost.name);
    run.entrance = stack.machine(balancers[0] ?? assert.fail("no load balancer stays"));
    await run.settled();
  }

  /** Whether the single nodes run on other machines. While managers elect a leader, they do not tell. */
  async function leftBySingle(lost: Machine): Promise<boolean> {
    const machines = await Promise.all(single.map((name) => run.machinesOf(name).catch(() => [lost.name])));
    return machines.every((names) => names.length > 0 && !names.includes(lost.name));
  }

  /** Loses a machine under load, waits until all roles answer, brings it back, and waits until the cluster is whole. */
  async function lose(lost: Machine, cut: () => Promise<void>, back: () => Promise<void>): Promise<void> {
    await arrange(lost);
    const { topology, caCertificate } = run.outputs;
    const load = await run.load(10, undefined, 500);
    const watch = new Watch(topology, caCertificate);
    let [at, returned] = [0, 0];
    let calls: readonly Call[] = [];
    const seconds = new Map<string, number>();
    try {
      await load.until((since) => since.length > 30, 20);
      assert.ok(watch.allAnswer());
      at = Date.now();
      await cut();
      await eventually(
        "the servers of the lost machine run elsewhere",
        async () => (await leftBySingle(lost)) && watch.allAnswer(),
        { seconds: 90 },
      );
      for (const role of roles) {
        seconds.set(role, watch.secondsUntilBack(role, at));
        console.log(`      ${role} answers again after ${seconds.get(role)} s: ${watch.failedSince(role, at)}`);
      }
      returned = Date.now();
      await back();
      await run.whole();
      await sleep(5000);
    } finally {
      await watch.stop();
      calls = await load.stop();
    }
    report(calls, at, returned);
    assertLost(calls, at, returned);
    for (const role of roles) assert.ok((seconds.get(role) ?? 0) <= limit, `${role}: ${seconds.get(role)} s`);
    await run.whole();
  }

  for (const [how, cut, back] of [
    ["cut off", (lost: Machine) => lost.cutOff(), (lost: Machine) => lost.reconnect()],
    ["killed with its engine", (lost: Machine) => lost.killEngine(), (lost: Machine) => lost.startEngine()],
  ] as const)
    it(`${how}: pairs lose calls in flight only, single nodes answer within 30 s, then nothing is there twice, clusters are whole, and verify passes`, async () => {
      const lost = stack.machine("machine-3");
      await lose(
        lost,
        () => cut(lost),
        () => back(lost),
      );
      await run.settled();
      await run.verify({ kept: run.kept.name, keep: true });
      await stack.succeed("verify");
    });

  it("the leading manager: calls go on, and up and status work on another manager", async () => {
    await passLeadership(stack.manager, databaseMachine);
    const lost = stack.machine(await leaderOf(stack.manager));
    assert.notEqual(lost.name, databaseMachine);
    await arrange(lost);
    await stack.useManager(databaseMachine);
    const load = await run.load(10, undefined, 500);
    await load.until((since) => since.length > 30, 20);
    const at = Date.now();
    await lost.cutOff();
    await eventually("another manager leads", () => leaderOf(stack.manager).catch(() => undefined), { seconds: 60 });
    console.log(`      a new leader after ${(Date.now() - at) / 1000} s`);
    await eventually(
      "the servers of the lost machine run elsewhere",
      async () => {
        const node = (await nodesOf(stack.manager).catch(() => undefined))?.get(lost.name);
        return node?.Status.State === "down" && leftBySingle(lost);
      },
      { seconds: 150 },
    );
    console.log(`      its servers run elsewhere after ${(Date.now() - at) / 1000} s`);
    const up = Date.now();
    await eventually(
      "status shows every server healthy",
      async () => (await stack.run("status", "--no-drift")).status === 0 || undefined,
      { seconds: 60 },
    );
    // A load balancer that is updated answers nothing on its machine for some seconds.
    const calls = await load.stop();
    report(calls, at, up);
    assertLost(calls, at, up);
    stack.set({ balancerMemory: 192 });
    await stack.succeed("up", "--skip-verify");
    await run.whole(lost.name);
    await lost.reconnect();
    await run.whole();
    await run.settled();
    await stack.succeed("verify");
    await stack.succeed("preview", "--expect-no-changes");
  });
});

/** Calls that are lost after the loss are those that were in flight then, or in the second in which it is noticed. */
function assertLost(calls: readonly Call[], at: number, returned: number): void {
  assert.ok(calls.length > 100, `${calls.length} calls`);
  const lost = lostOf(calls);
  const late = lost.filter(({ started }) => started > at + 1000 || started < at - 1000);
  assert.deepEqual(
    late.map((call) => ({ ...call, after: call.started - at, return: call.started - returned })),
    [],
  );
}

/** Prints what was measured. */
function report(calls: readonly Call[], at: number, returned: number): void {
  const lost = lostOf(calls);
  const seconds = (time: number) => ((time - at) / 1000).toFixed(1);
  const slow = calls.filter(({ started, ended }) => ended - started > 1000);
  console.log(
    `      ${lost.length} of ${calls.length} calls lost: ${lost.map(({ method, started, ended }) => `${method} at ${seconds(started)}..${seconds(ended)}`).join(", ")}; ` +
      `${slow.length} slow, to ${(Math.max(0, ...slow.map(({ started, ended }) => ended - started)) / 1000).toFixed(1)} s; back at ${seconds(returned)}`,
  );
}
