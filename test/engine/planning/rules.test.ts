import assert from "node:assert/strict";
import { type Goal, PROVIDER_PREFIX } from "../../../engine/model";
import { Secret, SIGNATURE, settled, UNKNOWN_ID } from "../../../engine/values";
import {
  deploy,
  NAMED,
  type Outcome,
  recorded,
  referenceTo,
  refresh,
  removeTemporaryDirs,
  statesRefused,
  temporaryDir,
  thing,
  urnOf,
  type Wiring,
  World,
  wired,
} from "../support";

interface Rule {
  readonly rule: string;
  readonly before?: readonly Wiring[];
  /** What happens outside in between. */
  readonly outside?: (world: World) => void;
  readonly refreshed?: readonly string[];
  readonly after: readonly Wiring[];
  /** Steps of the second run, in order; `same` is left out. */
  readonly steps?: readonly string[];
  /** What exists in the end. */
  readonly left?: readonly string[];
  readonly error?: RegExp;
}

const PROVIDER = `${PROVIDER_PREFIX}toy`;
const explicit = (name: string): Wiring => thing(name, { place: name }, { type: PROVIDER });
const reference = (name: string): string => referenceTo(urnOf(name, PROVIDER));
/** Has a physical name, and takes its size from `from`: is replaced when that is. */
const mounted = (name: string, from: string, size: string): Wiring => ({
  ...thing(name, { size }, { type: NAMED, dependencies: [urnOf(from, NAMED)] }),
  propertyDependencies: { size: [urnOf(from, NAMED)] },
});
/** Takes its colour from `from`, which is changed in place. */
const painted = (from: string, colour: string, options: Partial<Goal>): Wiring => ({
  ...thing("box", { colour }, { type: NAMED, dependencies: [urnOf(from, NAMED)], ...options }),
  propertyDependencies: { colour: [urnOf(from, NAMED)] },
});
const ignorant = (size: string): Wiring => ({ ...mounted("box", "net", size), ignoreChanges: ["size"] });
const component = (name: string, type = "toy:index:Box"): Wiring => ({ ...thing(name), type, custom: false });
const replacedFirst = ["replace a", "delete-replaced a", "create-replacement a"];
/** What is mounted on a net goes before that, and is made anew behind it. */
const boxGoesFirst = [
  ...["replace net", "delete-replaced box", "delete-replaced net", "create-replacement net"],
  ...["replace box", "create-replacement box"],
];
const replacedLast = ["replace a", "create-replacement a", "delete-replaced a"];

const rules: readonly Rule[] = [
  { rule: "create", after: [thing("a")], steps: ["create a"], left: ["a"] },
  { rule: "same", before: [thing("a")], after: [thing("a")], steps: [] },
  { rule: "update", before: [thing("a")], after: [thing("a", { colour: "red" })], steps: ["update a"], left: ["a"] },
  { rule: "delete", before: [thing("a"), thing("b")], after: [thing("b")], steps: ["delete a"], left: ["b"] },
  { rule: "replace: create before", before: [thing("a")], after: [thing("a", { size: 2 })], steps: replacedLast },
  {
    rule: "replace: delete before, as the provider says",
    before: [thing("a", { size: 1 }, { type: NAMED })],
    after: [thing("a", { size: 2 }, { type: NAMED })],
    steps: replacedFirst,
  },
  {
    rule: "deleteBeforeReplace: true",
    before: [thing("a")],
    after: [thing("a", { size: 2 }, { deleteBeforeReplace: true })],
    steps: replacedFirst,
  },
  {
    rule: "deleteBeforeReplace: false",
    before: [thing("a", { size: 1 }, { type: NAMED })],
    after: [thing("a", { size: 2 }, { type: NAMED, deleteBeforeReplace: false })],
    error: /a exists already/,
  },
  {
    rule: "a dependent of what is replaced is updated when that is enough",
    before: [thing("a"), wired(thing("b"), "a")],
    after: [thing("a", { size: 2 }), wired(thing("b"), "a")],
    steps: ["replace a", "create-replacement a", "update b", "delete-replaced a"],
  },
  {
    rule: "a dependent that would be replaced goes before what is deleted first",
    before: [thing("net", { size: 1 }, { type: NAMED }), mounted("box", "net", "on 1")],
    after: [thing("net", { size: 2 }, { type: NAMED }), mounted("box", "net", "on 2")],
    steps: boxGoesFirst,
    left: ["box", "net"],
  },
  {
    rule: "a dependent with replaceOnChanges goes before what is deleted first",
    before: [thing("net", { size: 1 }, { type: NAMED }), painted("net", "on 1", { replaceOnChanges: ["colour"] })],
    after: [thing("net", { size: 2 }, { type: NAMED }), painted("net", "on 2", { replaceOnChanges: ["colour"] })],
    steps: boxGoesFirst,
  },
  {
    rule: "a dependent that ignores what would replace it stays",
    before: [thing("net", { size: 1 }, { type: NAMED }), ignorant("on 1")],
    after: [thing("net", { size: 2 }, { type: NAMED }), ignorant("on 2")],
    steps: ["replace net", "delete-replaced net", "create-replacement net"],
  },
  {
    rule: "dependsOn only orders: a dependent of what is replaced stays",
    before: [thing("a"), thing("b", {}, { dependencies: [urnOf("a")] })],
    after: [thing("a", { size: 2 }), thing("b", {}, { dependencies: [urnOf("a")] })],
    steps: replacedLast,
  },
  {
    rule: "dependsOn: dependents are deleted first",
    before: [thing("a"), thing("b", {}, { dependencies: [urnOf("a")] })],
    after: [],
    steps: ["delete b", "delete a"],
    left: [],
  },
  {
    rule: "parent: children are deleted first",
    before: [component("box"), thing("a", {}, { parent: urnOf("box", "toy:index:Box") })],
    after: [],
    steps: ["delete a", "delete box"],
  },
  {
    rule: "retainOnDelete forgets without deleting",
    before: [thing("a", {}, { retainOnDelete: true })],
    after: [],
    steps: ["delete a"],
    left: ["a"],
  },
  {
    rule: "retainOnDelete keeps the old one of a replacement too",
    before: [thing("a", {}, { retainOnDelete: true })],
    after: [thing("a", { size: 2 }, { retainOnDelete: true })],
    steps: replacedLast,
    left: ["a", "a"],
  },
  {
    rule: "deletedWith: goes with the other one, without being asked",
    before: [thing("a"), thing("b", {}, { deletedWith: urnOf("a") })],
    after: [],
    steps: ["delete b", "delete a"],
    left: ["b"],
  },
  {
    rule: "deletedWith: is deleted when the other one stays",
    before: [thing("a"), thing("b", {}, { deletedWith: urnOf("a") })],
    after: [thing("a")],
    steps: ["delete b"],
    left: ["a"],
  },
  {
    rule: "deletedWith: goes with the other one that is replaced, without being asked",
    before: [thing("a", { size: 1 }), thing("b", {}, { deletedWith: urnOf("a") })],
    after: [thing("a", { size: 2 })],
    steps: ["replace a", "create-replacement a", "delete b", "delete-replaced a"],
    left: ["a", "b"],
  },
  {
    rule: "deletedWith: is replaced with the other one when that goes before its replacement",
    before: [thing("a", { size: 1 }, { type: NAMED }), thing("b", {}, { deletedWith: urnOf("a", NAMED) })],
    after: [thing("a", { size: 2 }, { type: NAMED }), thing("b", {}, { deletedWith: urnOf("a", NAMED) })],
    steps: [
      ...["replace a", "delete-replaced b", "delete-replaced a", "create-replacement a"],
      ...["replace b", "create-replacement b"],
    ],
    left: ["a", "b", "b"],
  },
  {
    rule: "protect refuses deletion, and nothing else is deleted",
    before: [thing("a", {}, { protect: true }), thing("b")],
    after: [],
    error: /a.*can't be deleted: it is protected/,
    left: ["a", "b"],
  },
  {
    rule: "protect refuses replacement",
    before: [thing("a", {}, { protect: true })],
    after: [thing("a", { size: 2 }, { protect: true })],
    error: /a.*can't be replaced: it is protected/,
    left: ["a"],
  },
  {
    rule: "protect taken away lets a replacement pass at once",
    before: [thing("a", {}, { protect: true })],
    after: [thing("a", { size: 2 })],
    steps: replacedLast,
    left: ["a"],
  },
  {
    rule: "protect lets updates pass",
    before: [thing("a", {}, { protect: true })],
    after: [thing("a", { colour: "red" }, { protect: true })],
    steps: ["update a"],
  },
  {
    rule: "ignoreChanges keeps the recorded value",
    before: [thing("a", { size: 1, colour: "red" })],
    after: [thing("a", { size: 2, colour: "blue" }, { ignoreChanges: ["size"] })],
    steps: ["update a"],
  },
  {
    rule: "ignoreChanges of what is nowhere changes nothing",
    before: [thing("a")],
    after: [thing("a", {}, { ignoreChanges: ["deep.down", "list[0].name", "list[*].name", "deep.*", "up"] })],
    steps: [],
  },
  {
    rule: "ignoreChanges keeps members, also of all elements",
    before: [thing("a", { tags: { x: "1", y: "1" }, list: [{ n: 1 }, { n: 2 }] })],
    after: [
      thing(
        "a",
        { tags: { x: "2", y: "1" }, list: [{ n: 3 }, { n: 4 }] },
        { ignoreChanges: ['tags["x"]', "list[*].n"] },
      ),
    ],
    steps: [],
  },
  {
    rule: "ignoreChanges in lists of other lengths is refused: which element is which?",
    before: [thing("a", { list: [{ n: 1 }] })],
    after: [thing("a", { list: [{ n: 2 }, { n: 1 }] }, { ignoreChanges: ["list[*].n"] })],
    error: /ignoreChanges: \*/,
  },
  {
    rule: "ignoreChanges in what the program no longer has is refused",
    before: [thing("a", { tags: { x: "1" } })],
    after: [thing("a", {}, { ignoreChanges: ["tags.x"] })],
    error: /ignoreChanges: tags/,
  },
  {
    rule: "replaceOnChanges replaces for what would be updated",
    before: [thing("a", { colour: "red" })],
    after: [thing("a", { colour: "blue" }, { replaceOnChanges: ["colour"] })],
    steps: replacedLast,
  },
  {
    rule: "aliases: another name is the same thing",
    before: [thing("old")],
    after: [thing("a", {}, { aliases: [{ name: "old" }] })],
    steps: [],
    left: ["old"],
  },
  {
    rule: "aliases: another parent is the same thing",
    before: [thing("a")],
    after: [component("box"), thing("a", {}, { parent: urnOf("box", "toy:index:Box"), aliases: [{ noParent: true }] })],
    steps: ["create box"],
    left: ["a"],
  },
  {
    rule: "aliases: children follow their renamed parent",
    before: [component("box"), thing("box-a", {}, { parent: urnOf("box", "toy:index:Box") })],
    after: [
      { ...component("crate"), aliases: [{ name: "box" }] },
      thing("crate-a", {}, { parent: urnOf("crate", "toy:index:Box") }),
    ],
    steps: [],
    left: ["box-a"],
  },
  {
    rule: "aliases: a renamed provider replaces nothing",
    before: [explicit("mine"), thing("a", {}, { provider: reference("mine") })],
    after: [
      { ...explicit("yours"), inputs: { place: "mine" }, aliases: [{ name: "mine" }] },
      thing("a", {}, { provider: reference("yours") }),
    ],
    steps: [],
    left: ["a"],
  },
  {
    rule: "aliases: two can't be the same thing",
    before: [thing("old")],
    after: [thing("a", {}, { aliases: [{ name: "old" }] }), thing("b", {}, { aliases: [{ name: "old" }] })],
    error: /b: aliases: .*::old is another resource/,
    left: ["old"],
  },
  {
    rule: "import takes what exists",
    outside: (world) => world.things.set("x-1", { colour: "red", name: "x" }),
    after: [thing("a", { colour: "red" }, { importId: "x-1" })],
    steps: ["import a"],
    left: ["x"],
  },
  {
    rule: "import with ignoreChanges takes those inputs as they are",
    outside: (world) => world.things.set("x-1", { colour: "red", name: "x" }),
    after: [thing("a", { colour: "blue" }, { importId: "x-1", ignoreChanges: ["colour"] })],
    steps: ["import a"],
    left: ["x"],
  },
  {
    rule: "import refuses what is not as the program says",
    outside: (world) => world.things.set("x-1", { colour: "red", name: "x" }),
    after: [thing("a", { colour: "blue" }, { importId: "x-1" })],
    error: /import: colour of "x-1" differ from the program/,
    left: ["x"],
  },
  { rule: "import of what is not there", after: [thing("a", {}, { importId: "x-1" })], error: /there is no .* "x-1"/ },
  {
    rule: "import of another one replaces",
    before: [thing("a")],
    outside: (world) => world.things.set("x-1", { name: "x" }),
    after: [thing("a", {}, { importId: "x-1" })],
    steps: ["import a", "delete-replaced a"],
    left: ["x"],
  },
  {
    rule: "read: looked at, never made",
    outside: (world) => world.things.set("x-1", { name: "x" }),
    after: [thing("a", {}, { readId: "x-1" })],
    steps: ["read a"],
    left: ["x"],
  },
  { rule: "read of what is not there", after: [thing("a", {}, { readId: "x-1" })], error: /there is no .* "x-1"/ },
  {
    rule: "read of what the stack made lets it go",
    before: [thing("a")],
    after: [thing("a", {}, { readId: "a-1" })],
    steps: ["read a"],
    left: ["a"],
  },
  {
    rule: "read of another one replaces what the stack made",
    before: [thing("a")],
    outside: (world) => world.things.set("x-1", { name: "x" }),
    after: [thing("a", {}, { readId: "x-1" })],
    steps: ["read a", "delete-replaced a"],
    left: ["x"],
  },
  {
    rule: "import that stays in the program takes over once",
    before: [thing("a")],
    after: [thing("a", { colour: "red" }, { importId: "a-1" })],
    steps: ["update a"],
    left: ["a"],
  },
  {
    rule: "import that stays in the program refuses a replacement",
    before: [thing("a")],
    after: [thing("a", { size: 2 }, { importId: "a-1" })],
    error: /a: import: .* can't be replaced/,
    left: ["a"],
  },
  {
    rule: "an explicit provider in place of the default one replaces nothing",
    before: [explicit("mine"), thing("a")],
    after: [explicit("mine"), thing("a", {}, { provider: reference("mine") })],
    steps: [],
    left: ["a"],
  },
  {
    rule: "another explicit provider replaces nothing",
    before: [explicit("mine"), thing("a", {}, { provider: reference("mine") })],
    after: [explicit("yours"), thing("a", {}, { provider: reference("yours") })],
    steps: [],
    left: ["a"],
  },
  {
    rule: "a provider's other configuration updates it alone",
    before: [explicit("mine"), thing("a", {}, { provider: reference("mine") })],
    after: [{ ...explicit("mine"), inputs: { place: "there" } }, thing("a", {}, { provider: reference("mine") })],
    steps: [],
  },
  {
    rule: "another version of the default provider changes nothing",
    before: [thing("a", {}, { version: "1.0.0" })],
    after: [thing("a", {}, { version: "2.0.0" })],
    steps: [],
  },
  {
    rule: "a component becomes a resource",
    before: [component("a", "toy:index:Thing")],
    after: [thing("a")],
    steps: ["replace a", "create-replacement a", "delete-replaced a"],
    left: ["a"],
  },
  {
    rule: "a secret that was none before is recorded, not updated",
    before: [thing("a", { colour: "red" })],
    after: [thing("a", { colour: new Secret("red") })],
    steps: [],
  },
  {
    rule: "refresh: what is gone is made again",
    before: [thing("a"), wired(thing("b"), "a")],
    outside: (world) => world.things.delete("a-1"),
    refreshed: ["delete a", "same b"],
    after: [thing("a"), wired(thing("b"), "a")],
    steps: ["create a", "update b"],
    left: ["a", "b"],
  },
  {
    rule: "refresh: what was changed is put right",
    before: [thing("a", { colour: "red" })],
    outside: (world) => world.things.set("a-1", { ...world.things.get("a-1"), colour: "green" }),
    refreshed: ["refresh a"],
    after: [thing("a", { colour: "red" })],
    steps: ["update a"],
  },
  {
    rule: "refresh: what is deletedWith something gone is gone too, without being asked, and made again",
    before: [
      thing("a"),
      thing("b", {}, { deletedWith: urnOf("a") }),
      thing("c", {}, { deletedWith: urnOf("b"), retainOnDelete: true }),
    ],
    outside(world) {
      for (const id of ["a-1", "b-2", "c-3"]) world.things.delete(id);
      world.hook = (_moment, call, name) => {
        if (call === "read" && name !== "a-1") throw new Error("nobody answers");
      };
    },
    refreshed: ["delete a", "delete b", "delete c"],
    after: [
      thing("a"),
      thing("b", {}, { deletedWith: urnOf("a") }),
      thing("c", {}, { deletedWith: urnOf("b"), retainOnDelete: true }),
    ],
    steps: ["create a", "replace b", "create-replacement b", "replace c", "create-replacement c"],
    left: ["a", "b", "c"],
  },
  {
    rule: "refresh: what went with its holder, but stayed, is taken over",
    before: [thing("a"), thing("b", { whole: true }, { type: NAMED, deletedWith: urnOf("a") })],
    outside: (world) => world.things.delete("a-1"),
    refreshed: ["delete a", "delete b"],
    after: [thing("a"), thing("b", { whole: true }, { type: NAMED, deletedWith: urnOf("a") })],
    steps: ["create a", "replace b", "create-replacement b"],
    left: ["a", "b"],
  },
  {
    rule: "retainOnDelete: what was let go for its replacement is not taken for that",
    before: [thing("a", { size: 1, whole: true }, { type: NAMED, retainOnDelete: true })],
    after: [thing("a", { size: 2, whole: true }, { type: NAMED, retainOnDelete: true })],
    error: /a exists already/,
    left: ["a"],
  },
  {
    rule: "refresh: what can't be looked at because its holder was changed stays as recorded",
    before: [thing("a", { colour: "red" }), wired(thing("b"), "a")],
    outside(world) {
      world.things.set("a-1", { ...world.things.get("a-1"), colour: "green" });
      world.hook = (_moment, call, name) => {
        if (call === "read" && name === "b-2") throw new Error("nobody answers");
      };
    },
    refreshed: ["refresh a", "same b"],
    after: [thing("a", { colour: "red" }), wired(thing("b"), "a")],
    steps: ["update a"],
  },
];

const errors = (outcome: Outcome) =>
  outcome.events.flatMap((event) =>
    event.kind === "log" && event.severity === "error" ? [`${event.urn?.split("::").pop()}: ${event.message}`] : [],
  );

describe("rules", () => {
  afterEach(() => assert.deepEqual(statesRefused(), []));
  after(removeTemporaryDirs);

  for (const { rule, before, outside, refreshed, after: goals, steps, left, error } of rules)
    it(rule, async () => {
      const [dir, world] = [temporaryDir(), new World()];
      if (before) await deploy(dir, world, before);
      outside?.(world);
      if (refreshed) assert.deepEqual(await refresh(dir, world), refreshed);
      world.hook = () => {};
      const untouched = JSON.stringify([...world.things]);
      const preview = await deploy(dir, world, goals, true);
      assert.equal(JSON.stringify([...world.things]), untouched, "a preview changes nothing");
      const outcome = await deploy(dir, world, goals);
      const changing = (all: Outcome) => all.steps.filter((step) => !step.startsWith("same"));
      const again = async () => (await deploy(dir, world, goals)).steps.filter((step) => !/^(same|read) /.test(step));
      if (error) assert.match(errors(outcome).join(), error);
      else assert.deepEqual(errors(outcome), []);
      if (steps) {
        assert.deepEqual(changing(outcome), steps);
        // Deletions come in the same order, but a preview does not wait for what it only tells.
        assert.deepEqual(changing(preview).sort(), [...steps].sort());
      }
      if (left) assert.deepEqual(world.names(), left);
      if (error) return;
      assert.deepEqual(await again(), [], "nothing is left to do");
    });

  it("read of what is yet to be made: a preview reads nothing, and forgets nothing", async () => {
    const [dir, world] = [temporaryDir(), new World()];
    world.things.set("x-1", { name: "x" });
    await deploy(dir, world, [thing("a", {}, { readId: "x-1" })]);
    world.calls.length = 0;
    const { steps } = await deploy(dir, world, [thing("a", {}, { readId: UNKNOWN_ID })], true);
    assert.deepEqual([steps, world.calls], [["read a"], []]);
  });

  it("read: forgotten, never deleted", async () => {
    const [dir, world] = [temporaryDir(), new World()];
    world.things.set("x-1", { name: "x" });
    await deploy(dir, world, [thing("a", {}, { readId: "x-1" })]);
    assert.deepEqual((await deploy(dir, world, [])).steps, ["delete a"]);
    assert.deepEqual(world.names(), ["x"]);
  });

  it("ignoreChanges keeps secret what was a part of a secret", async () => {
    const [dir, world] = [temporaryDir(), new World()];
    await deploy(dir, world, [thing("a", { tags: new Secret({ x: "hush" }) })]);
    await deploy(dir, world, [thing("a", { tags: { x: "new" } }, { ignoreChanges: ["tags.x"] })]);
    const [{ inputs } = {}] = (await recorded(dir)).filter(({ urn }) => urn === urnOf("a"));
    assert.deepEqual(settled(inputs?.tags), settled({ x: "hush" }));
    assert.ok(Object.values(inputs?.tags ?? {})[0] instanceof Secret);
  });

  it("a component's outputs with resources in them are its own: not the program's to find, nor refresh's to change", async () => {
    const [dir, world] = [temporaryDir(), new World()];
    const box = component("box");
    const child = { [SIGNATURE]: "5cf8f73096256a8f31e491e813e4eb8e", urn: urnOf("a"), id: "a-1" };
    const { registrations } = await deploy(dir, world, [box], false, { child }, urnOf("box", box.type));
    assert.deepEqual(registrations.get("box")?.outputs, {});
    assert.deepEqual((await deploy(dir, world, [box], true)).registrations.get("box")?.outputs, {});
    assert.deepEqual(await refresh(dir, world), ["same box"]);
    assert.deepEqual((await recorded(dir)).find(({ type }) => type === box.type)?.outputs, { child });
  });

  it("unknown values: a preview tells dependents nothing that is not certain", async () => {
    const [dir, world] = [temporaryDir(), new World()];
    await deploy(dir, world, [thing("a"), wired(thing("b"), "a")]);
    const { registrations, steps } = await deploy(dir, world, [thing("a", { size: 2 }), wired(thing("b"), "a")], true);
    assert.equal(registrations.get("a")?.outputs.hex, undefined);
    assert.ok(steps.includes("update b"), steps.join());
  });

  it("stack outputs are recorded when the program went well, and kept when it did not", async () => {
    const [dir, world] = [temporaryDir(), new World()];
    const root = { ...thing("root"), type: "pulumi:pulumi:Stack", custom: false };
    const outputsNow = async () => (await recorded(dir)).find(({ type }) => type === root.type)?.outputs;
    await deploy(dir, world, [root], false, { url: "u", key: new Secret("hush") });
    assert.equal((await outputsNow())?.url, "u");
    assert.ok((await outputsNow())?.key instanceof Secret);
    world.hook = (_moment, call) => {
      if (call === "create") throw new Error("no");
    };
    await deploy(dir, world, [root, thing("a")], false, { url: "v" });
    assert.equal((await outputsNow())?.url, "v");
  });
});
