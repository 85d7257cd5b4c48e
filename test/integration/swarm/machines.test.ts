import assert from "node:assert/strict";
import { skip } from "../skip";
import { eventually } from "../waiting";
import { interfaceName } from "./lab";
import type { Machine } from "./machine";
import { type Swarm, startMachines } from "./machines";
import { nodesOf, type SwarmNode } from "./nodes";
import { whySwarmTestsAreSkipped } from "./requirements";
import { importTinyImage } from "./tinyImage";
import { Traces } from "./traces";
import { ask, askFromTask, containerOf, gatewayAddressOf, webService } from "./web";

describe("Swarm test machines", function () {
  this.timeout(300_000);
  this.slow(60_000);
  let swarm: Swarm | undefined;
  let image: string;

  before(async function () {
    const reason = whySwarmTestsAreSkipped();
    if (reason !== undefined) skip(this, reason);
    swarm = await startMachines({ labels: { "machine-2": { database: "true" } } });
    const { docker } = machine(1);
    await importTinyImage(machine(1), "tiny:1");
    image = await swarm.push("tiny:1", machine(1));
    await docker.createNetwork({ Name: "web", Driver: "overlay", Attachable: true });
  });
  after(() => swarm?.stop());

  const machine = (number: number): Machine => swarm?.machines[number - 1] ?? assert.fail(`no machine ${number}`);
  const all = (): Machine[] => [1, 2, 3].map(machine);
  const isReady = (node?: SwarmNode): boolean =>
    node?.Status.State === "ready" && node.ManagerStatus?.Reachability === "reachable";
  const nodesSeenBy = (witness: Machine) => nodesOf(witness).catch(() => new Map<string, SwarmNode>());
  const untilReady = ({ name }: Machine, witness: Machine) =>
    eventually(`${name} is a ready manager`, async () => isReady((await nodesSeenBy(witness)).get(name)));
  const nameOf = async ({ docker }: Machine): Promise<string> => (await docker.info()).Name;

  async function serve(name: string, port: number, constraint: string): Promise<void> {
    await machine(1).docker.createService(webService({ name, image, network: "web", port, constraint }));
  }

  it("are three managers with names, addresses, processes and labels of their own", async () => {
    const nodes = await nodesOf(machine(3));
    assert.deepEqual([...nodes.keys()].sort(), ["machine-1", "machine-2", "machine-3"]);
    for (const each of all()) {
      assert.equal(nodes.get(each.name)?.Status.Addr, each.address);
      assert.ok(isReady(nodes.get(each.name)), each.name);
      assert.equal(await nameOf(each), each.name);
    }
    assert.deepEqual(nodes.get("machine-2")?.Spec.Labels, { database: "true" });
    assert.equal(new Set(all().map(({ pid }) => pid)).size, 3);
  });

  it("run tasks that answer on their ports, and that reach each other by name", async () => {
    for (const { name } of all()) await serve(`at-${name}`, 8080, `node.hostname==${name}`);
    for (const { name, address } of all())
      await eventually(`${name} answers`, async () => (await ask(address)) === name);
    for (const from of all())
      for (const { name } of all())
        assert.equal(
          await eventually(`at-${name} answers ${from.name}`, () => askFromTask(from, `at-${from.name}`, `at-${name}`)),
          name,
        );
  });

  it("let this process reach a container that publishes no port", async () => {
    const container = await containerOf(machine(2), "at-machine-2");
    assert.equal(await ask(await gatewayAddressOf(machine(2), container)), "machine-2");
  });

  it("load images of the main engine", async () => {
    await machine(3).loadImage("wso2-apim/base-debian:bookworm");
    assert.ok(await machine(3).docker.getImage("wso2-apim/base-debian:bookworm").inspect());
  });

  it("cut off, lose their tasks to others; reconnected, are ready again", async () => {
    // Another leader must be elected first, if the leader is cut off.
    const leader = [...(await nodesOf(machine(1))).values()].find(({ ManagerStatus }) => ManagerStatus?.Leader);
    await serve("moving", 8081, `node.hostname!=${leader?.Description.Hostname}`);
    const answering = async (): Promise<Machine[]> => {
      const answers = await Promise.all(all().map(({ address }) => ask(address, 8081)));
      return all().filter(({ name }, index) => answers[index] === name);
    };
    const [lost] = await eventually("the task answers", async () => {
      const found = await answering();
      return found.length === 1 && found;
    });
    assert.ok(lost);
    const { pid } = lost;

    await lost.cutOff();
    const [taker] = await eventually(
      "another machine has the task",
      async () => {
        const found = await answering();
        return found.length === 1 && found;
      },
      { seconds: 120 },
    );
    assert.ok(taker !== undefined && taker !== lost);
    assert.ok(await containerOf(lost, "moving"), "its engine and its containers go on");
    assert.equal(lost.pid, pid);
    assert.equal(await ask(lost.address), undefined);

    await lost.reconnect();
    await untilReady(lost, taker);
    await eventually(`${lost.name} answers`, async () => (await ask(lost.address)) === lost.name, { seconds: 120 });
    await eventually(
      "only one task is left",
      async () => {
        const found = await answering();
        return found.length === 1 && found[0] === taker;
      },
      { seconds: 120 },
    );
  });

  it("killed, end their containers; started again, run their tasks again", async () => {
    const killed = machine(3);
    const { pid } = killed;
    assert.equal(await ask(killed.address), killed.name);
    await killed.killEngine();
    assert.equal(await ask(killed.address), undefined);
    await assert.rejects(killed.docker.ping());
    assert.throws(() => killed.pid, /machine-3: no engine runs/);

    await killed.startEngine();
    assert.notEqual(killed.pid, pid);
    await untilReady(killed, machine(1));
    await eventually(`${killed.name} answers`, async () => (await ask(killed.address)) === killed.name);
  });

  it("can't be started twice by one process", async () => {
    await assert.rejects(startMachines({ count: 1 }), /this process has started machines; stop them/);
    assert.equal(await nameOf(machine(1)), "machine-1");
  });

  it("stopped, leave nothing", async () => {
    const traces = new Traces(process.pid, interfaceName);
    const kinds = (list: string[]) => [...new Set(list.map((line) => line.split(" ")[0]))].sort();
    assert.deepEqual(kinds(traces.existing()), ["control", "directory", "interface", "process", "route"]);
    await swarm?.stop();
    assert.deepEqual(traces.existing(), []);
  });
});

describe("Swarm test machines with one manager", function () {
  this.timeout(60_000);
  this.slow(20_000);

  it("are a manager and workers", async function () {
    const reason = whySwarmTestsAreSkipped();
    if (reason !== undefined) skip(this, reason);
    const swarm = await startMachines({ count: 2, managers: 1 });
    try {
      const [manager] = swarm.machines;
      assert.ok(manager);
      const roles = [...(await nodesOf(manager))].map(([name, { Spec, Status }]) => [name, Spec.Role, Status.State]);
      assert.deepEqual(roles.sort(), [
        ["machine-1", "manager", "ready"],
        ["machine-2", "worker", "ready"],
      ]);
    } finally {
      await swarm.stop();
    }
  });

  it("can't be more than nine, nor have more managers than machines", async () => {
    await assert.rejects(startMachines({ count: 10 }), /count: expected 1 to 9, found 10/);
    await assert.rejects(startMachines({ count: 2, managers: 3 }), /managers: expected 1 to 2, found 3/);
  });
});
