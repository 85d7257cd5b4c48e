import assert from "node:assert/strict";
import { skip } from "../skip";
import { whySwarmTestsAreSkipped } from "./requirements";
import { SwarmRun } from "./swarmRun";
import { databaseMachine, SwarmStack } from "./swarmStack";

interface Status {
  readonly containers: readonly {
    readonly name: string;
    readonly state: string;
    readonly health: string;
    readonly machine?: string;
  }[];
  readonly drift: readonly unknown[];
}

describe("deployment on a swarm of three machines", function () {
  this.timeout(8 * 60_000);
  this.slow(120_000);
  const stack = new SwarmStack("itestswarm");
  const run = new SwarmRun(stack);

  before(async function () {
    const reason = whySwarmTestsAreSkipped();
    if (reason !== undefined) skip(this, reason);
    await stack.startMachines();
    stack.set({ keyManagerReplicas: 2, balancerReplicas: 2, sharedDirectory: stack.sharedDirectory });
  });
  after(() => run.stop());

  /** Name of a service -> its version, which each update raises. */
  const versions = async () =>
    new Map([...(await stack.services())].map(([name, { ID, Version }]) => [name, `${ID} ${Version.Index}`]));
  const changed = async (before: ReadonlyMap<string, string>) => {
    const now = await versions();
    return [...now.keys()].filter((name) => now.get(name) !== before.get(name)).sort();
  };
  const status = async (): Promise<Status> => {
    const { stdout, output } = await stack.run("status", "--drift", "--json");
    try {
      return JSON.parse(stdout);
    } catch {
      return assert.fail(output);
    }
  };

  it("up: all services are healthy, and verify passes all links and the whole cycle", async () => {
    const output = await stack.succeed("up");
    assert.match(output, /All \d+ links are up/);
    await run.start();
    await run.whole();
    assert.deepEqual(await run.machinesOf("mysql"), [databaseMachine]);
  });

  it("status names the machines of each server", async () => {
    const { containers, drift } = await status();
    assert.deepEqual(drift, []);
    assert.deepEqual(containers.map(({ name }) => name).sort(), [...run.servers].sort());
    for (const { name, state, health, machine } of containers) {
      assert.deepEqual([name, state, health], [name, "running", "healthy"]);
      assert.equal(machine, (await run.machinesOf(name)).join(", "), name);
    }
    const balancers = await run.machinesOf("loadbalancer");
    assert.equal(new Set(balancers).size, 2, `load balancers on ${balancers}`);
  });

  it("a preview without a change, before and after refresh, shows none", async () => {
    const before = await versions();
    await stack.succeed("preview", "--expect-no-changes");
    const refresh = await stack.succeed("refresh");
    assert.doesNotMatch(refresh, /\d+ (updated|deleted)/);
    await stack.succeed("preview", "--expect-no-changes");
    await stack.succeed("up", "--skip-verify");
    assert.deepEqual(await changed(before), []);
  });

  it("a changed memory limit of the load balancer updates its service only", async () => {
    const before = await versions();
    stack.set({ balancerMemory: 192 });
    await run.up();
    assert.deepEqual(await changed(before), ["loadbalancer"]);
    await run.whole();
    await run.verify();
  });

  it("scaled from one gateway to three and back, the gateways serve the API that was published to the first one", async () => {
    const before = await versions();
    stack.set({ gatewayReplicas: 3 });
    await run.up();
    await run.whole();
    const grown = await changed(before);
    assert.deepEqual(grown, ["gateway-1", "gateway-2", "gateway-3", "loadbalancer"]);
    await run.verify({ kept: run.kept.name, keep: true });
    stack.set({ gatewayReplicas: 1 });
    await run.up();
    await run.whole();
    assert.deepEqual([...(await stack.services()).keys()].sort(), [...before.keys()].sort());
    await run.verify({ kept: run.kept.name, keep: true });
  });

  it("destroy leaves nothing on any machine but MySQL's volume", async () => {
    const output = await stack.succeed("destroy", "--yes");
    assert.match(output, /Swarm leaves volumes/);
    assert.deepEqual(await stack.leftovers(), []);
    const { volumes } = await stack.objects();
    assert.match(volumes.join(), new RegExp(`^${stack.prefix}-mysql-data-[0-9a-f]{8} on ${databaseMachine}$`));
  });
});
