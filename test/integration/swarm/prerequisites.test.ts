import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { ownSubnet } from "../place";
import { skip } from "../skip";
import { eventually } from "../waiting";
import { addressPrefix } from "./lab";
import { setLabels } from "./nodes";
import { whySwarmTestsAreSkipped } from "./requirements";
import { SwarmStack, standardLabels } from "./swarmStack";

describe("what a deployment needs of a swarm", function () {
  this.timeout(5 * 60_000);
  this.slow(60_000);
  const stack = new SwarmStack("itestneeds");

  before(async function () {
    const reason = whySwarmTestsAreSkipped();
    if (reason !== undefined) skip(this, reason);
    await stack.startMachines({ count: 2, managers: 1 });
  });
  after(() => stack.dispose());

  /** Asserts that `up` fails with one error before it makes anything in Docker. */
  async function assertRefused(...expected: RegExp[]): Promise<void> {
    const { status, output } = await stack.run("up", "--skip-verify");
    assert.equal(status, 1, output);
    for (const each of expected) assert.match(output, each);
    assert.doesNotMatch(output, /^ +at /m);
    await stack.useManager("machine-1");
    const { objects, volumes } = await stack.objects();
    assert.deepEqual([objects, volumes], [[], []], output);
  }

  it("a worker in place of a manager is refused", async () => {
    await stack.useManager("machine-2");
    await assertRefused(/platform: expected Docker to be a manager of a swarm, found: .*not a swarm manager/);
  });

  it("missing labels are all named, with the commands that set them", async () => {
    const machine = stack.machine("machine-1");
    for (const { name } of stack.machines) await setLabels(machine, name, {});
    await assertRefused(
      /databasePlacement: expected a machine with node\.labels\.apim\.mysql == true, found none; .*docker node update --label-add apim\.mysql=true MACHINE, with one of machine-\d, machine-\d/,
      /balancerPlacement: expected a machine with node\.labels\.apim\.loadbalancer == true, found none/,
      /gatewayPlacement: expected a machine with node\.labels\.apim\.gateway == true, found none/,
    );
    for (const [name, labels] of Object.entries(standardLabels(2))) await setLabels(machine, name, labels);
  });

  it("more load balancers than labelled machines are refused", async () => {
    stack.set({ balancerReplicas: 3 });
    await assertRefused(/balancerPlacement: expected 3 machines with .*apim\.loadbalancer == true, found 2/);
    stack.set({ balancerReplicas: undefined });
  });

  it("several gateways without a shared directory are refused", async () => {
    stack.set({ gatewayReplicas: 2 });
    await assertRefused(/sharedDirectory: expected a directory with 2 gateways on a swarm, found nothing/);
    stack.set({ gatewayReplicas: undefined });
  });

  it("a shared directory that the manager does not have is refused", async () => {
    stack.set({ gatewayReplicas: 2, sharedDirectory: `${stack.sharedDirectory}/missing` });
    await assertRefused(
      /sharedDirectory: expected a directory that all machines mount, found no .*\/missing on this machine/,
    );
    stack.set({ gatewayReplicas: undefined, sharedDirectory: undefined });
  });

  it("a subnet that overlaps the network of the machines is refused", async () => {
    stack.set({ networkSubnet: `${addressPrefix()}.0/24` });
    await assertRefused(/networkSubnet: expected a network that nothing else .* uses, found .*overlaps/);
    stack.set({ networkSubnet: stack.subnet });
  });

  it("a subnet that overlaps another overlay network of the swarm is refused", async () => {
    const { docker } = stack.manager;
    const Subnet = ownSubnet(200);
    const network = await docker.createNetwork({
      Name: "other",
      Driver: "overlay",
      Attachable: true,
      IPAM: { Driver: "default", Config: [{ Subnet }] },
    });
    stack.set({ networkSubnet: Subnet });
    await assertRefused(
      /networkSubnet: expected a network that nothing else .* uses, found .*overlaps .* of interface overlay network other/,
    );
    await network.remove();
    stack.set({ networkSubnet: stack.subnet });
  });

  it("a registry that does not answer is refused", async () => {
    stack.set({ imageRegistry: `${addressPrefix()}.1:5999` });
    await assertRefused(/imageRegistry: expected a registry that answers at https:\/\/.*:5999\/v2\/, found/);
    stack.set({ imageRegistry: `http://${stack.swarm.registry}` });
  });

  it("a machine without the shared directory, then without the registry, is named before anything is created", async () => {
    const machine = stack.machine("machine-2");
    const sharedDirectory = `${stack.sharedDirectory}/apis`;
    mkdirSync(sharedDirectory);
    stack.set({ gatewayReplicas: 2, sharedDirectory });
    const assertNamed = async (expected: RegExp) => {
      const { status, output } = await stack.run("up", "--skip-verify");
      assert.equal(status, 1, output);
      assert.match(output, expected);
      // A machine removes the container of a deleted job a moment later.
      await eventually("nothing is left", async () => (await stack.objects()).objects.length === 0);
    };
    await machine.hide(stack.sharedDirectory);
    await assertNamed(
      /sharedDirectory: expected \S+\/apis on every machine that may run a gateway, found none on machine-2; mount it/,
    );
    await machine.show(stack.sharedDirectory);
    await machine.refuse(`${addressPrefix()}.1`);
    // Another image, which the machine has not pulled yet.
    await machine.docker.pruneImages({ filters: { dangling: ["false"] } });
    await assertNamed(
      /imageRegistry: expected machine-2 to pull \S+@sha256:[0-9a-f]{64}, found: .*check that this machine/s,
    );
  });
});
