import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { integrityErrors } from "../../engine/integrity";
import { skip } from "../skip";
import { whySwarmTestsAreSkipped } from "../swarm/requirements";
import { decrypted, SampleProject } from "./sampleSupport";
import { startTinySwarm, swarmProgram, type TinySwarm } from "./tinySwarm";

const one = { SWARM_CONTENT: "one" };
const two = { SWARM_CONTENT: "two" };

/** The calls that the runs make, roughly in their order: to the manager, and to write the state file. */
const UP = [
  "write 1",
  "write 2",
  "POST /images/.*/push",
  "POST /networks/create",
  "GET /networks/",
  "POST /secrets/create",
  "POST /configs/create",
  "POST /services/create",
  "GET /tasks",
];
const UPDATE = [
  "write 1",
  "POST /secrets/create",
  "POST /configs/create",
  "POST /services/.*/update",
  "GET /tasks",
  "DELETE /secrets/",
  "DELETE /configs/",
];
const DESTROY = [
  "write 1",
  "DELETE /services/",
  "DELETE /secrets/",
  "DELETE /configs/",
  "DELETE /networks/",
  "write 2",
];

/** Each run is killed one call later, and starts from the state that the previous run left. */
describe("embedded engine: a program on a swarm, killed at each call", function () {
  this.timeout(20 * 60_000);
  this.slow(300_000);
  let swarm: TinySwarm | undefined;
  let project: SampleProject;

  before(async function () {
    const reason = whySwarmTestsAreSkipped();
    if (reason !== undefined) skip(this, reason);
    swarm = await startTinySwarm();
  });
  after(() => swarm?.stop());
  beforeEach(() => {
    project = new SampleProject(swarmProgram);
  });
  afterEach(() => project?.dispose());

  const run = (operation: string, env: NodeJS.ProcessEnv, flags: string[] = [], script?: string) =>
    project.run(operation, flags, { ...swarm?.environment, ...env }, script);
  const succeed = async (...parameters: Parameters<typeof run>) => {
    const { code, text } = await run(...parameters);
    assert.equal(code, 0, text);
  };

  /** What there is in the swarm; contents of secrets and configs have their revision in the name. */
  async function objects(): Promise<string[]> {
    const { docker } = swarm?.machine ?? assert.fail();
    const [services, secrets, configs, networks] = await Promise.all([
      docker.listServices(),
      docker.listSecrets(),
      docker.listConfigs(),
      docker.listNetworks({ filters: { name: ["^net$"] } }),
    ]);
    const kind = (name = "") => name.replace(/-.*/, "");
    return [
      ...[...services, ...secrets, ...configs].map(({ Spec }) => kind(Spec?.Name)),
      ...networks.map(({ Name }) => Name),
    ].sort();
  }

  /** Repeats an operation from where the last run was killed. Each run is killed at the next of these calls. */
  async function killAt(
    calls: readonly string[],
    operation: string,
    env: NodeJS.ProcessEnv,
    undo: () => Promise<void>,
  ) {
    for (const KILL of calls) {
      const killed = () => run(operation, { ...env, KILL }, [], "killedEngine.ts");
      let { code, text } = await killed();
      if (code === 0) {
        // Earlier runs have made this call already: undo everything and start again.
        await undo();
        ({ code, text } = await killed());
      }
      assert.equal(code, null, `not killed ${KILL}\n${text}`);
    }
  }

  /** Asserts that `up` completes, with each object once and a valid state. */
  async function assertUpConverges(env: NodeJS.ProcessEnv): Promise<void> {
    await succeed("up", env);
    assert.equal(project.checkpoint().pending_operations, undefined);
    const resources = await decrypted(project.checkpoint());
    assert.deepEqual(integrityErrors(resources), []);
    const urns = resources.map(({ urn }) => urn);
    assert.deepEqual(urns, [...new Set(urns)], "no URN occurs twice");
    assert.deepEqual(await objects(), ["conf", "keys", "net", "web"]);
    await succeed("refresh", env, ["expectNoChanges"]);
    await succeed("up", env, ["expectNoChanges"]);
  }

  for (const when of ["after", "before"] as const)
    it(`killed ${when} each call: up, an update of contents and destroy converge`, async () => {
      const at = (calls: readonly string[]) => calls.map((call) => `${when} ${call}`);
      await killAt(at(UP), "up", one, () => succeed("destroy", one));
      await assertUpConverges(one);
      await killAt(at(UPDATE), "up", two, () => succeed("up", one));
      await assertUpConverges(two);
      await killAt(at(DESTROY), "destroy", two, () => succeed("up", two));
      await succeed("destroy", two);
      assert.deepEqual(await objects(), []);
      assert.ok(existsSync(project.stateFile));
      assert.equal(project.checkpoint().resources, undefined);
    });
});
