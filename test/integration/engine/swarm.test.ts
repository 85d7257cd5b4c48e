import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { skip } from "../skip";
import { whySwarmTestsAreSkipped } from "../swarm/requirements";
import { SampleProject } from "./sampleSupport";
import { startTinySwarm, swarmProgram, type TinySwarm } from "./tinySwarm";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("embedded engine: a program on a swarm", function () {
  this.timeout(240_000);
  this.slow(120_000);
  let swarm: TinySwarm | undefined;
  let project: SampleProject | undefined;

  before(async function () {
    const reason = whySwarmTestsAreSkipped();
    if (reason !== undefined) skip(this, reason);
    swarm = await startTinySwarm();
    project = new SampleProject(swarmProgram);
  });
  after(async () => {
    project?.dispose();
    await swarm?.stop();
  });

  const run = async (operation: string, env: NodeJS.ProcessEnv, ...flags: string[]) => {
    const made = await (project ?? assert.fail()).run(operation, flags, { ...swarm?.environment, ...env });
    assert.equal(made.code, 0, made.text);
    return made.text;
  };
  const docker = () => swarm?.machine.docker ?? assert.fail();
  const names = async () =>
    [...(await docker().listSecrets()), ...(await docker().listConfigs())].map(({ Spec }) => Spec?.Name).sort();
  const services = async () => (await docker().listServices()).map(({ ID }) => ID);

  it("comes up without drift, changes contents under a running service, takes a failed update back, replaces it for hosts, and is destroyed", async () => {
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

    const fails = { SWARM_CONTENT: "sesame-three", SWARM_FAILS: "yes" };
    const failed = await project?.run("up", [], { ...swarm?.environment, ...fails });
    assert.equal(failed?.code, 1, failed?.text);
    assert.match(failed?.text ?? "", /service web: .*exit code 3/s);
    await run("up", two);
    assert.equal((await names()).length, 2, "the failed update is taken back, and its contents are deleted");
    await run("refresh", two, "expectNoChanges");

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
