import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Docker from "dockerode";
import { integrityErrors } from "../../engine/integrity";
import { blocks, comparable, facts, namesOf, renamed } from "./sampleCompare";
import {
  type Checkpoint,
  haveSamples,
  opened,
  type Ran,
  type Recorded,
  SampleProject,
  SampleWorld,
  sample,
  samples,
  sealed,
} from "./sampleSupport";

const docker = new Docker();

const official = async (name: string) => {
  const { deployment, checkpoint } = JSON.parse(sample(name));
  return opened((deployment ?? checkpoint.latest) as Checkpoint);
};

/** The program of ../shared/data/pulumi-samples, unchanged, step by step as the official engine ran it. */
describe("the official engine's sample program", function () {
  this.timeout(120_000);
  const world = new SampleWorld(docker);
  let project: SampleProject;

  before(async function () {
    const why = haveSamples ? await world.start() : `no ${samples}`;
    if (why === undefined) project = new SampleProject();
    else {
      console.log(`      skipped: ${why}`);
      this.skip();
    }
  });
  after(async () => {
    project?.dispose();
    if (haveSamples) await world.stop();
  });

  async function ran(operation: string, ...flags: string[]): Promise<string> {
    const { code, text }: Ran = await project.run(operation, flags);
    assert.equal(code, 0, text);
    return text;
  }
  const ours = () => opened(project.checkpoint());
  const container = () => docker.getContainer("box");

  it("previews its creation with the same words", async () => {
    const text = await ran("preview", "diff");
    const none = new Map<string, string>();
    assert.deepEqual(blocks(text, none), blocks(sample("01-preview-create.txt"), none));
  });

  it("creates the same: steps, state and secrets", async () => {
    const text = await ran("up");
    const state = await ours();
    const theirs = await official("03-state-after-up.json");
    assert.deepEqual(facts(renamed(text, namesOf(state))), facts(renamed(sample("02-up-create.txt"), namesOf(theirs))));
    assert.deepEqual(integrityErrors(state), []);
    // Generated, and another one each time.
    assert.deepEqual(comparable(state, ["bcryptHash"]), comparable(theirs, ["bcryptHash"]));
    assert.doesNotMatch(readFileSync(project.stateFile, "utf8"), /hello|APP_PASSWORD/);
  });

  it("creates the same container, network and volume", async () => {
    const names = async (state: Promise<Awaited<ReturnType<typeof ours>>>) => namesOf(await state);
    const mine = await names(ours());
    const theirs = await names(official("03-state-after-up.json"));
    // Times, process ids, what Docker chose, and the machine's own paths.
    const aside =
      /^(Created|CreatedAt|StartedAt|Pid|Log|SandboxID|SandboxKey|EndpointID|ExecIDs|GraphDriver|.*Path|Aliases)$/;
    // The kernel and the cgroup version of the host decide these.
    const host = /^(CgroupnsMode|MaskedPaths|ReadonlyPaths)$/;
    const clean = (text: string, map: ReadonlyMap<string, string>) =>
      JSON.parse(renamed(text, map), (key, value) => {
        if (aside.test(key) || host.test(key)) return undefined;
        return key === "Env" ? [...value].sort() : value;
      });
    for (const [kind, found] of [
      ["container", container().inspect()],
      ["network", docker.getNetwork("sample-net").inspect()],
      ["volume", docker.getVolume("box-data").inspect()],
    ] as const) {
      const [expected] = JSON.parse(sample(`04-docker-inspect-${kind}.json`));
      assert.deepEqual(clean(JSON.stringify(await found), mine), clean(JSON.stringify(expected), theirs), kind);
    }
  });

  it("finds nothing to change", async () => {
    const text = await ran("preview", "diff", "expectNoChanges");
    const none = new Map<string, string>();
    assert.deepEqual(blocks(text, none), blocks(sample("05-preview-no-change.txt"), none));
    const before = readFileSync(project.stateFile, "utf8");
    await ran("up", "expectNoChanges");
    assert.equal(readFileSync(project.stateFile, "utf8"), before);
  });

  it("previews a changed setting with the same diffs, reasons and summary", async () => {
    project.set("b", "7");
    const mine = namesOf(await ours());
    const theirs = namesOf(await official("03-state-after-up.json"));
    const text = await ran("preview", "diff");
    assert.deepEqual(blocks(text, mine), blocks(sample("06-preview-config-change.txt"), theirs));
    // The official summary repeats what was compared for the deletions too.
    const brief = (all: string) => facts(all).map((line) => line.replace(/(delete original).*/, "$1").trim());
    assert.deepEqual(brief(await ran("preview")), brief(sample("06-preview-config-change-summary.txt")));
    const json = JSON.parse(await ran("preview", "json"));
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
        // The official engine has marked the old ones by the time that it prints them.
        return comparable(JSON.parse(renamed(JSON.stringify(all), names)), ["delete", "pendingReplacement"]);
      });
    assert.deepEqual(states(json, mine), states(expected, theirs));
    assert.deepEqual([json.config, json.changeSummary], [expected.config, expected.changeSummary]);
    assert.equal((await project.run("preview", ["expectNoChanges"])).code, 1);
  });

  it("sees a container that was removed by hand, and brings it back", async () => {
    project.unset();
    await container().remove({ force: true });
    const mine = namesOf(await ours());
    const theirs = namesOf(await official("03-state-after-up.json"));
    const refreshed = (all: string) => facts(all).filter((line) => !line.includes("url"));
    assert.deepEqual(refreshed(await ran("refresh")), refreshed(sample("07-refresh-after-removal.txt")));
    assert.deepEqual(
      blocks(await ran("preview", "diff"), mine),
      blocks(sample("08-preview-after-removal.txt"), theirs),
    );
    assert.deepEqual(refreshed(await ran("up")), refreshed(sample("09-up-after-removal.txt")));
    assert.deepEqual(refreshed(await ran("refresh")), refreshed(sample("10-refresh-no-drift.txt")));
    assert.deepEqual(integrityErrors(await ours()), []);
    // What the official refresh strips of inputs, and the password's hash that it puts in its place.
    const drop = ["bcryptHash", "__defaults", "propertyDependencies", "plaintextPassword"];
    assert.deepEqual(comparable(await ours(), drop), comparable(await official("11-state-after-refresh.json"), drop));
  });

  it("takes over what the official engine recorded: no change, no drift, and destroys it", async () => {
    const mine = namesOf(await ours());
    const theirs = namesOf(await official("03-state-after-up.json"));
    const byName = new Map([...mine].map(([value, name]) => [name, value]));
    const swap = new Map([...theirs].map(([value, name]) => [value, byName.get(name) ?? value]));
    const exported = JSON.parse(sample("03-state-after-up.json")).deployment as Checkpoint;
    const resources = JSON.parse(renamed(JSON.stringify(await opened(exported)), swap));
    project.take(JSON.stringify({ version: 3, checkpoint: { latest: await sealed(exported, resources) } }));
    await ran("preview", "expectNoChanges");
    assert.match(await ran("refresh", "expectNoChanges"), /14 unchanged/);
    await ran("preview", "expectNoChanges");
    await ran("up", "expectNoChanges");
    const text = await ran("destroy");
    assert.deepEqual(facts(text), facts(sample("12-destroy.txt")));
    assert.deepEqual(await world.leftovers(), []);
    assert.equal(project.checkpoint().resources, undefined);
  });

  it("takes over the official backend's file as it is", async () => {
    project.take(sample("11-backend-file-dev.json"));
    await ran("preview", "expectNoChanges");
    // Nothing of it is on this machine: refresh says so, and destroy has nothing to do.
    await ran("refresh");
    await ran("destroy");
  });
});
