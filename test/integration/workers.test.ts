import assert from "node:assert/strict";
import { ClusterRun, lostOf, nodesOf } from "./clusterRun";
import { TestStack } from "./testStack";

const minutes = 60_000;
const workers = ["gateway-worker-1", "gateway-worker-2"];

describe("gateway manager and workers on a Docker engine", function () {
  this.timeout(5 * minutes);
  this.slow(60_000);
  const stack = new TestStack("itestworkers");
  const run = new ClusterRun(stack, workers);

  before(async () => {
    stack.set({ gatewayWorkers: 2, memberTimeout: 6 });
    await run.start();
  });

  after(() => run.stop());

  it("the manager deploys APIs, and only the workers answer calls", async () => {
    await run.settled();
    const running = await run.load(25);
    await running.until((since) => since.length > 10 && run.allServed(since), 30);
    const calls = await running.stop();
    assert.deepEqual([nodesOf(calls), lostOf(calls)], [workers, []]);
    const deployed = await Promise.all(["gateway-1", ...workers].map((node) => run.logHas(node, "API deployed: ")));
    assert.deepEqual(deployed, [true, false, false]);
  });

  it("a killed worker loses only calls in flight, and joins the cluster again when it is started", async () => {
    await run.killUnderLoad("gateway-worker-2");
    await run.verify({ kept: run.kept.name, keep: true });
  });

  it("calls continue while the manager is stopped; publishing fails, and verify names the link", async () => {
    const manager = run.container("gateway-1");
    const running = await run.load(25);
    await running.until(run.allServed, 30);
    await manager.stop();
    const deploying = run.outputs.topology.links.filter(({ element }) => element.startsWith("Environment["));
    const down = [
      ...run.downWithout("gateway-1"),
      ...deploying.map(({ id }) => id),
      "loadbalancer -> gateway-1 (gateway)",
    ];
    await run.settled(down.sort());
    const report = await run.report();
    const failed = report.cycle?.steps.find(({ ok }) => !ok);
    assert.equal(`${failed?.group}: ${failed?.name}`, "Publisher: publish the API to the gateways");
    assert.deepEqual(
      failed?.faults?.map(({ link }) => link),
      ["publisher-1 -> loadbalancer (Environment[Production and Sandbox]/ServerURL)"],
    );
    assert.equal(report.cycle?.left, undefined);
    await running.until((since) => since.length > 20 && run.allServed(since), 30);
    assert.deepEqual(lostOf(await running.stop()), []);
    await manager.start();
    await run.settled();
    await run.verify();
  });
});
