import assert from "node:assert/strict";
import { skip } from "../skip";
import { whySwarmTestsAreSkipped } from "./requirements";
import { SwarmRun } from "./swarmRun";
import { SwarmStack } from "./swarmStack";

/**
 * Lines of `up` and `destroy` at which a run is killed. Each step needs the previous one, so that a run that continues has
 * the next line before it.
 */
const UP = [
  "docker:index:Network apim-network creating",
  "docker:index:Secret apim-mysql-\\S+ created",
  "docker:index:Service apim-mysql-service creating",
  "mysql:index:User \\S+ creating",
  "docker:index:Service apim-keymanager-1-service creating",
  "docker:index:Service apim-publisher-1-service creating",
  "Resource apim-self-sign-up creating",
  "docker:index:Service apim-store-1-service creating",
];
const UPDATE = ["docker:index:Service apim-publisher-1-service updating", "docker:index:Secret \\S+ deleting"];
const DESTROY = [
  "docker:index:Service apim-store-1-service deleting",
  "docker:index:Secret apim-keymanager-1-\\S+ deleting",
  "docker:index:Service apim-mysql-service deleted",
  "docker:index:Network apim-network deleting",
];

describe("deployment on a swarm whose runs are killed", function () {
  this.timeout(15 * 60_000);
  this.slow(5 * 60_000);
  const stack = new SwarmStack("itestkilled");
  const run = new SwarmRun(stack);

  before(async function () {
    const reason = whySwarmTestsAreSkipped();
    if (reason !== undefined) skip(this, reason);
    await stack.startMachines({ count: 2 });
  });
  after(() => run.stop());

  const servers = ["gateway-1", "keymanager-1", "loadbalancer", "mysql", "publisher-1", "store-1"];
  /** Asserts that each server is there once, and each secret and config is used by a service. */
  async function assertOnce(): Promise<void> {
    await run.whole();
    const services = await stack.services();
    assert.deepEqual([...services.keys()].sort(), servers);
    const used = new Set<string>();
    for (const service of services.values()) {
      const { Secrets = [], Configs = [] } = service.Spec.TaskTemplate.ContainerSpec;
      for (const { SecretName } of Secrets) used.add(`secret ${SecretName}`);
      for (const { ConfigName } of Configs) used.add(`config ${ConfigName}`);
    }
    const { objects } = await stack.objects();
    assert.deepEqual(
      objects.filter((name) => /^(secret|config) /.test(name)),
      [...used].sort(),
    );
    await stack.succeed("preview", "--expect-no-changes");
  }

  it("up, killed while it checks the machines, leaves nothing after a destroy", async () => {
    const isChecking = async () => (await stack.services()).has("machine-check");
    await stack.runKilledWhen(isChecking, "up", "--skip-verify");
    assert.ok(await isChecking(), "the killed run leaves its service");
    await stack.succeed("destroy", "--yes");
    assert.deepEqual(await stack.leftovers(), []);
  });

  it("up, killed at one step after another, completes", async () => {
    for (const line of UP) await stack.runKilledAt(new RegExp(line), "up", "--skip-verify");
    await run.start();
    await assertOnce();
  });

  it("up with changed files of all nodes, killed, completes", async () => {
    stack.set({ jwt: true });
    for (const line of UPDATE) await stack.runKilledAt(new RegExp(line), "up", "--skip-verify");
    await run.up();
    await assertOnce();
    await run.verify();
  });

  it("destroy, killed at one step after another, completes", async () => {
    for (const line of DESTROY) await stack.runKilledAt(new RegExp(line), "destroy", "--yes");
    await stack.succeed("destroy", "--yes");
    assert.deepEqual(await stack.leftovers(), []);
  });
});
