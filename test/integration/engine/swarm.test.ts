import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { skip } from "../skip";
import { type Swarm, startMachines } from "../swarm/machines";
import { whySwarmTestsAreSkipped } from "../swarm/requirements";
import { importTinyImage } from "../swarm/tinyImage";
import { SampleProject } from "./sampleSupport";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const program = path.join(__dirname, "../fixtures/swarm");

describe("embedded engine: a program on a swarm", function () {
  this.timeout(240_000);
  this.slow(120_000);
  let swarm: Swarm | undefined;
  let project: SampleProject | undefined;
  const environment: NodeJS.ProcessEnv = {};

  before(async function () {
    const reason = whySwarmTestsAreSkipped();
    if (reason !== undefined) skip(this, reason);
    swarm = await startMachines({ count: 1 });
    const [machine = assert.fail()] = swarm.machines;
    await importTinyImage(machine, "tiny:1");
    await machine.docker.getImage("tiny:1").tag({ repo: `${swarm.registry}/tiny`, tag: "1" });
    Object.assign(environment, { SWARM_HOST: machine.dockerHost, SWARM_REGISTRY: swarm.registry });
    project = new SampleProject(program);
  });
  after(async () => {
    project?.dispose();
    await swarm?.stop();
  });

  const run = async (operation: string, env: NodeJS.ProcessEnv, ...flags: string[]) => {
    const made = await (project ?? assert.fail()).run(operation, flags, { ...environment, ...env });
    assert.equal(made.code, 0, made.text);
    return made.text;
  };
  const docker = () => swarm?.machines[0]?.docker ?? assert.fail();
  const names = async () =>
    [...(await docker().listSecrets()), ...(await docker().listConfigs())].map(({ Spec }) => Spec?.Name).sort();
  const services = async () => (await docker().listServices()).map(({ ID }) => ID);

  it("comes up without drift, changes contents under a running service, replaces it for hosts, and is destroyed", async () => {
    const one = { SWARM_CONTENT: "sesame-one" };
    await run("up", one);
    const [first] = await services();
    const state = readFileSync(project?.stateFile ?? "", "utf8");
    assert.ok(state.includes(base64("sesame-one")), "the content of a config");
    assert.ok(!state.includes(base64("secret sesame-one")), "the state has no plain secret");
    await run("refresh", one, "expectNoChanges");
    await run("preview", one, "expectNoChanges");

    const two = { SWARM_CONTENT: "sesame-two" };
    const text = await run("up", two);
    assert.ok(!text.includes(base64("secret sesame-two")), "the output shows no secret");
    assert.deepEqual(await services(), [first], "the service is updated");
    const [conf = "", keys = ""] = await names();
    assert.equal((await names()).length, 2, "the old contents are deleted");
    assert.match(conf, /^conf-/);
    const { Spec } = await docker()
      .getService(first ?? "")
      .inspect();
    assert.deepEqual(
      Spec.TaskTemplate.ContainerSpec.Secrets.map(({ SecretName }: { SecretName: string }) => SecretName),
      [keys],
    );
    await run("refresh", two, "expectNoChanges");
    await run("preview", two, "expectNoChanges");

    const moved = { ...two, SWARM_ADDRESS: "10.0.0.10" };
    await run("up", moved);
    const [second] = await services();
    assert.notEqual(second, first, "the service is replaced");

    await run("destroy", moved);
    assert.deepEqual([await services(), await names()], [[], []]);
    const networks = await docker().listNetworks({ filters: { name: ["net"] } });
    assert.deepEqual(
      networks.filter(({ Name }) => Name === "net"),
      [],
    );
  });
});
