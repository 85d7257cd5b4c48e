import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { integrityErrors } from "../../engine/integrity";
import { docker } from "../testStack";
import { blocks, comparable, facts, namesOf, renamed } from "./sampleCompare";
import {
  type Checkpoint,
  decrypted,
  encrypted,
  type ProcessResult,
  type Recorded,
  SampleProject,
  sample,
  useSampleWorld,
} from "./sampleSupport";

const officialState = async (name: string) => {
  const { deployment, checkpoint } = JSON.parse(sample(name));
  return decrypted((deployment ?? checkpoint.latest) as Checkpoint);
};

/** Runs the program of ../shared/data/pulumi-samples step by step, as the official engine ran it. */
describe("embedded engine: the official engine's sample program", function () {
  this.timeout(120_000);
  const world = useSampleWorld();
  let project: SampleProject;

  before(() => {
    project = new SampleProject();
  });
  after(() => project?.dispose());

  /** Runs an operation, which must succeed. @returns what the engine printed */
  async function run(operation: string, ...flags: string[]): Promise<string> {
    const { code, text }: ProcessResult = await project.run(operation, flags);
    assert.equal(code, 0, text);
    return text;
  }
  const localState = () => decrypted(project.checkpoint());
  const container = () => docker.getContainer("box");

  it("preview: prints the same text for the creation", async () => {
    const text = await run("preview", "diff");
    const none = new Map<string, string>();
    assert.deepEqual(blocks(text, none), blocks(sample("01-preview-create.txt"), none));
  });

  it("up: reports the same steps and records the same state and secrets", async () => {
    const text = await run("up");
    const state = await localState();
    const official = await officialState("03-state-after-up.json");
    assert.deepEqual(
      facts(renamed(text, namesOf(state))),
      facts(renamed(sample("02-up-create.txt"), namesOf(official))),
    );
    assert.deepEqual(integrityErrors(state), []);
    // bcryptHash is different in every run.
    assert.deepEqual(comparable(state, ["bcryptHash"]), comparable(official, ["bcryptHash"]));
    assert.doesNotMatch(readFileSync(project.stateFile, "utf8"), /hello|APP_PASSWORD/);
  });

  it("up: creates a container, network and volume with the same docker inspect output", async () => {
    const local = namesOf(await localState());
    const official = namesOf(await officialState("03-state-after-up.json"));
    // Times, process ids, values that Docker chose, and paths of the machine.
    const different =
      /^(Created|CreatedAt|StartedAt|Pid|Log|SandboxID|SandboxKey|EndpointID|ExecIDs|GraphDriver|.*Path|Aliases)$/;
    // The kernel and the cgroup version of the host decide these.
    const ofHost = /^(CgroupnsMode|MaskedPaths|ReadonlyPaths)$/;
    const clean = (text: string, names: ReadonlyMap<string, string>) =>
      JSON.parse(renamed(text, names), (key, value) => {
        if (different.test(key) || ofHost.test(key)) return undefined;
        return key === "Env" ? [...value].sort() : value;
      });
    for (const [kind, found] of [
      ["container", container().inspect()],
      ["network", docker.getNetwork("sample-net").inspect()],
      ["volume", docker.getVolume("box-data").inspect()],
    ] as const) {
      const [expected] = JSON.parse(sample(`04-docker-inspect-${kind}.json`));
      assert.deepEqual(clean(JSON.stringify(await found), local), clean(JSON.stringify(expected), official), kind);
    }
  });

  it("preview and up: find nothing to change after the creation", async () => {
    const text = await run("preview", "diff", "expectNoChanges");
    const none = new Map<string, string>();
    assert.deepEqual(blocks(text, none), blocks(sample("05-preview-no-change.txt"), none));
    const before = readFileSync(project.stateFile, "utf8");
    await run("up", "expectNoChanges");
    assert.equal(readFileSync(project.stateFile, "utf8"), before);
  });

  it("preview: prints the same diffs, reasons and summary for a changed setting", async () => {
    project.set("b", "7");
    const local = namesOf(await localState());
    const official = namesOf(await officialState("03-state-after-up.json"));
    const text = await run("preview", "diff");
    assert.deepEqual(blocks(text, local), blocks(sample("06-preview-config-change.txt"), official));
    // The official summary repeats the changed properties at deletions.
    const brief = (all: string) => facts(all).map((line) => line.replace(/(delete original).*/, "$1").trim());
    assert.deepEqual(brief(await run("preview")), brief(sample("06-preview-config-change-summary.txt")));
    const json = JSON.parse(await run("preview", "json"));
    const expected = JSON.parse(sample("06-preview-config-change.json"));
    type Step = Record<"op" | "urn" | "diffReasons" | "replaceReasons" | "detailedDiff", unknown>;
    const step = ({ op, urn, diffReasons, replaceReasons, detailedDiff }: Step) => ({
      op,
      urn,
      diffReasons,
      replaceReasons,
      detailedDiff,
    });
    assert.deepEqual(json.steps.map(step), expected.steps.map(step));
    const states = (
      { steps }: { steps: readonly Record<string, Recorded | undefined>[] },
      names: Map<string, string>,
    ) =>
      ["oldState", "newState"].map((key) => {
        const all = steps.flatMap((each) => each[key] ?? []);
        // The official engine has already marked the old resources when it prints them.
        return comparable(JSON.parse(renamed(JSON.stringify(all), names)), ["delete", "pendingReplacement"]);
      });
    assert.deepEqual(states(json, local), states(expected, official));
    assert.deepEqual([json.config, json.changeSummary], [expected.config, expected.changeSummary]);
    assert.equal((await project.run("preview", ["expectNoChanges"])).code, 1);
  });

  it("refresh and up: report a container that was removed from outside, and create it again", async () => {
    project.unset();
    await container().remove({ force: true });
    const local = namesOf(await localState());
    const official = namesOf(await officialState("03-state-after-up.json"));
    const refreshed = (all: string) => facts(all).filter((line) => !line.includes("url"));
    assert.deepEqual(refreshed(await run("refresh")), refreshed(sample("07-refresh-after-removal.txt")));
    assert.deepEqual(
      blocks(await run("preview", "diff"), local),
      blocks(sample("08-preview-after-removal.txt"), official),
    );
    assert.deepEqual(refreshed(await run("up")), refreshed(sample("09-up-after-removal.txt")));
    assert.deepEqual(refreshed(await run("refresh")), refreshed(sample("10-refresh-no-drift.txt")));
    assert.deepEqual(integrityErrors(await localState()), []);
    // The official refresh removes these from the inputs, and replaces the password by its hash.
    const drop = ["bcryptHash", "__defaults", "propertyDependencies", "plaintextPassword"];
    assert.deepEqual(
      comparable(await localState(), drop),
      comparable(await officialState("11-state-after-refresh.json"), drop),
    );
  });

  it("official state: no change and no drift are found, and destroy removes everything", async () => {
    const local = namesOf(await localState());
    const official = namesOf(await officialState("03-state-after-up.json"));
    const byName = new Map([...local].map(([value, name]) => [name, value]));
    const swap = new Map([...official].map(([value, name]) => [value, byName.get(name) ?? value]));
    const exported = JSON.parse(sample("03-state-after-up.json")).deployment as Checkpoint;
    const resources = JSON.parse(renamed(JSON.stringify(await decrypted(exported)), swap));
    project.setState(JSON.stringify({ version: 3, checkpoint: { latest: await encrypted(exported, resources) } }));
    await run("preview", "expectNoChanges");
    assert.match(await run("refresh", "expectNoChanges"), /14 unchanged/);
    await run("preview", "expectNoChanges");
    await run("up", "expectNoChanges");
    const text = await run("destroy");
    assert.deepEqual(facts(text), facts(sample("12-destroy.txt")));
    assert.deepEqual(await world.leftovers(), []);
    assert.equal(project.checkpoint().resources, undefined);
  });

  it("official state file: is read unchanged", async () => {
    project.setState(sample("11-backend-file-dev.json"));
    await run("preview", "expectNoChanges");
    // None of its resources is on this machine: refresh removes them from the state, and destroy has nothing to do.
    await run("refresh");
    await run("destroy");
  });
});
