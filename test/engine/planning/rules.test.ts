import assert from "node:assert/strict";
import { type Goal, PROVIDER_PREFIX } from "../../../engine/model";
import { canonical, Secret, SIGNATURE, UNKNOWN_ID } from "../../../engine/values";
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
  /** Changes the objects between the two runs. */
  readonly outside?: (world: World) => void;
  readonly refreshed?: readonly string[];
  readonly after: readonly Wiring[];
  /** Steps of the second run in order, without `same`. */
  readonly steps?: readonly string[];
  /** The names of the objects that exist at the end. */
  readonly left?: readonly string[];
  readonly error?: RegExp;
}

const PROVIDER = `${PROVIDER_PREFIX}toy`;
const explicit = (name: string): Wiring => thing(name, { place: name }, { type: PROVIDER });
const reference = (name: string): string => referenceTo(urnOf(name, PROVIDER));
/** A named resource with a size from `from`, so it is replaced with `from`. */
const mounted = (name: string, from: string, size: string): Wiring => ({
  ...thing(name, { size }, { type: NAMED, dependencies: [urnOf(from, NAMED)] }),
  propertyDependencies: { size: [urnOf(from, NAMED)] },
});
/** A named resource with a colour from `from`, so it is updated when `from` is replaced. */
const painted = (from: string, colour: string, options: Partial<Goal>): Wiring => ({
  ...thing("box", { colour }, { type: NAMED, dependencies: [urnOf(from, NAMED)], ...options }),
  propertyDependencies: { colour: [urnOf(from, NAMED)] },
});
const ignorant = (size: string): Wiring => ({ ...mounted("box", "net", size), ignoreChanges: ["size"] });
const component = (name: string, type = "toy:index:Box"): Wiring => ({ ...thing(name), type, custom: false });
const replacedFirst = ["replace a", "delete-replaced a", "create-replacement a"];
/** The box is deleted before the net, and created after it. */
const boxDeletedFirst = [
  "replace net",
  "delete-replaced box",
  "delete-replaced net",
  "create-replacement net",
  "replace box",
  "create-replacement box",
];
const replacedLast = ["replace a", "create-replacement a", "delete-replaced a"];

const rules: readonly Rule[] = [
  { rule: "create", after: [thing("a")], steps: ["create a"], left: ["a"] },
  { rule: "same", before: [thing("a")], after: [thing("a")], steps: [] },
  { rule: "update", before: [thing("a")], after: [thing("a", { colour: "red" })], steps: ["update a"], left: ["a"] },
  { rule: "delete", before: [thing("a"), thing("b")], after: [thing("b")], steps: ["delete a"], left: ["b"] },
  { rule: "replace: create first", before: [thing("a")], after: [thing("a", { size: 2 })], steps: replacedLast },
  {
    rule: "replace: delete first if the provider says so",
    before: [thing("a", { size: 1 }, { type: NAMED })],
    after: [thing("a", { size: 2 }, { type: NAMED })],
    steps: replacedFirst,
  },
  {
    rule: "deleteBeforeReplace: true deletes first",
    before: [thing("a")],
    after: [thing("a", { size: 2 }, { deleteBeforeReplace: true })],
    steps: replacedFirst,
  },
  {
    rule: "deleteBeforeReplace: false creates first, which fails for a named resource",
    before: [thing("a", { size: 1 }, { type: NAMED })],
    after: [thing("a", { size: 2 }, { type: NAMED, deleteBeforeReplace: false })],
    error: /a exists already/,
  },
  {
    rule: "dependent of a replaced resource: updated if that suffices",
    before: [thing("a"), wired(thing("b"), "a")],
    after: [thing("a", { size: 2 }), wired(thing("b"), "a")],
    steps: ["replace a", "create-replacement a", "update b", "delete-replaced a"],
  },
  {
    rule: "dependent that would be replaced: deleted before the resource that is deleted first",
    before: [thing("net", { size: 1 }, { type: NAMED }), mounted("box", "net", "on 1")],
    after: [thing("net", { size: 2 }, { type: NAMED }), mounted("box", "net", "on 2")],
    steps: boxDeletedFirst,
    left: ["box", "net"],
  },
  {
    rule: "dependent with replaceOnChanges: deleted before the resource that is deleted first",
    before: [thing("net", { size: 1 }, { type: NAMED }), painted("net", "on 1", { replaceOnChanges: ["colour"] })],
    after: [thing("net", { size: 2 }, { type: NAMED }), painted("net", "on 2", { replaceOnChanges: ["colour"] })],
    steps: boxDeletedFirst,
  },
  {
    rule: "dependent with ignoreChanges of the replacing property: kept",
    before: [thing("net", { size: 1 }, { type: NAMED }), ignorant("on 1")],
    after: [thing("net", { size: 2 }, { type: NAMED }), ignorant("on 2")],
    steps: ["replace net", "delete-replaced net", "create-replacement net"],
  },
  {
    rule: "dependsOn: a dependent of a replaced resource is kept",
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
    rule: "retainOnDelete: a removed resource is not deleted",
    before: [thing("a", {}, { retainOnDelete: true })],
    after: [],
    steps: ["delete a"],
    left: ["a"],
  },
  {
    rule: "retainOnDelete: a replaced resource is not deleted",
    before: [thing("a", {}, { retainOnDelete: true })],
    after: [thing("a", { size: 2 }, { retainOnDelete: true })],
    steps: replacedLast,
    left: ["a", "a"],
  },
  {
    rule: "deletedWith: no provider call if the other resource is deleted",
    before: [thing("a"), thing("b", {}, { deletedWith: urnOf("a") })],
    after: [],
    steps: ["delete b", "delete a"],
    left: ["b"],
  },
  {
    rule: "deletedWith: deleted if the other resource is kept",
    before: [thing("a"), thing("b", {}, { deletedWith: urnOf("a") })],
    after: [thing("a")],
    steps: ["delete b"],
    left: ["a"],
  },
  {
    rule: "deletedWith: no provider call if the other resource is replaced",
    before: [thing("a", { size: 1 }), thing("b", {}, { deletedWith: urnOf("a") })],
    after: [thing("a", { size: 2 })],
    steps: ["replace a", "create-replacement a", "delete b", "delete-replaced a"],
    left: ["a", "b"],
  },
  {
    rule: "deletedWith: replaced if the other resource is deleted before its replacement",
    before: [thing("a", { size: 1 }, { type: NAMED }), thing("b", {}, { deletedWith: urnOf("a", NAMED) })],
    after: [thing("a", { size: 2 }, { type: NAMED }), thing("b", {}, { deletedWith: urnOf("a", NAMED) })],
    steps: [
      "replace a",
      "delete-replaced b",
      "delete-replaced a",
      "create-replacement a",
      "replace b",
      "create-replacement b",
    ],
    left: ["a", "b", "b"],
  },
  {
    rule: "protect: deletion is refused, and nothing else is deleted",
    before: [thing("a", {}, { protect: true }), thing("b")],
    after: [],
    error: /a.*can't be deleted: it is protected/,
    left: ["a", "b"],
  },
  {
    rule: "protect: replacement is refused",
    before: [thing("a", {}, { protect: true })],
    after: [thing("a", { size: 2 }, { protect: true })],
    error: /a.*can't be replaced: it is protected/,
    left: ["a"],
  },
  {
    rule: "protect removed in the program: replacement is allowed in the same run",
    before: [thing("a", {}, { protect: true })],
    after: [thing("a", { size: 2 })],
    steps: replacedLast,
    left: ["a"],
  },
  {
    rule: "protect: update is allowed",
    before: [thing("a", {}, { protect: true })],
    after: [thing("a", { colour: "red" }, { protect: true })],
    steps: ["update a"],
  },
  {
    rule: "ignoreChanges: the recorded value is kept",
    before: [thing("a", { size: 1, colour: "red" })],
    after: [thing("a", { size: 2, colour: "blue" }, { ignoreChanges: ["size"] })],
    steps: ["update a"],
  },
  {
    rule: "ignoreChanges: paths that do not exist are ignored",
    before: [thing("a")],
    after: [thing("a", {}, { ignoreChanges: ["deep.down", "list[0].name", "list[*].name", "deep.*", "up"] })],
    steps: [],
  },
  {
    rule: "ignoreChanges: members of maps and of all list elements are kept",
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
    rule: "ignoreChanges: lists of different lengths are refused, because elements can't be matched",
    before: [thing("a", { list: [{ n: 1 }] })],
    after: [thing("a", { list: [{ n: 2 }, { n: 1 }] }, { ignoreChanges: ["list[*].n"] })],
    error: /ignoreChanges: \*/,
  },
  {
    rule: "ignoreChanges: a path into a removed property is refused",
    before: [thing("a", { tags: { x: "1" } })],
    after: [thing("a", {}, { ignoreChanges: ["tags.x"] })],
    error: /ignoreChanges: tags/,
  },
  {
    rule: "replaceOnChanges: a change in place becomes a replacement",
    before: [thing("a", { colour: "red" })],
    after: [thing("a", { colour: "blue" }, { replaceOnChanges: ["colour"] })],
    steps: replacedLast,
  },
  {
    rule: "aliases: a renamed resource is kept",
    before: [thing("old")],
    after: [thing("a", {}, { aliases: [{ name: "old" }] })],
    steps: [],
    left: ["old"],
  },
  {
    rule: "aliases: a resource with a new parent is kept",
    before: [thing("a")],
    after: [component("box"), thing("a", {}, { parent: urnOf("box", "toy:index:Box"), aliases: [{ noParent: true }] })],
    steps: ["create box"],
    left: ["a"],
  },
  {
    rule: "aliases: children of a renamed parent are kept",
    before: [component("box"), thing("box-a", {}, { parent: urnOf("box", "toy:index:Box") })],
    after: [
      { ...component("crate"), aliases: [{ name: "box" }] },
      thing("crate-a", {}, { parent: urnOf("crate", "toy:index:Box") }),
    ],
    steps: [],
    left: ["box-a"],
  },
  {
    rule: "aliases: resources of a renamed provider are kept",
    before: [explicit("mine"), thing("a", {}, { provider: reference("mine") })],
    after: [
      { ...explicit("yours"), inputs: { place: "mine" }, aliases: [{ name: "mine" }] },
      thing("a", {}, { provider: reference("yours") }),
    ],
    steps: [],
    left: ["a"],
  },
  {
    rule: "aliases: two resources with the same alias are refused",
    before: [thing("old")],
    after: [thing("a", {}, { aliases: [{ name: "old" }] }), thing("b", {}, { aliases: [{ name: "old" }] })],
    error: /b: aliases: .*::old is another resource/,
    left: ["old"],
  },
  {
    rule: "import: an existing object is added to the state",
    outside: (world) => world.things.set("x-1", { colour: "red", name: "x" }),
    after: [thing("a", { colour: "red" }, { importId: "x-1" })],
    steps: ["import a"],
    left: ["x"],
  },
  {
    rule: "import: inputs in ignoreChanges may differ",
    outside: (world) => world.things.set("x-1", { colour: "red", name: "x" }),
    after: [thing("a", { colour: "blue" }, { importId: "x-1", ignoreChanges: ["colour"] })],
    steps: ["import a"],
    left: ["x"],
  },
  {
    rule: "import: an object that differs from the program is refused",
    outside: (world) => world.things.set("x-1", { colour: "red", name: "x" }),
    after: [thing("a", { colour: "blue" }, { importId: "x-1" })],
    error: /import: colour of "x-1" differ from the program/,
    left: ["x"],
  },
  {
    rule: "import: a missing object is refused",
    after: [thing("a", {}, { importId: "x-1" })],
    error: /there is no .* "x-1"/,
  },
  {
    rule: "import: another object replaces the recorded one",
    before: [thing("a")],
    outside: (world) => world.things.set("x-1", { name: "x" }),
    after: [thing("a", {}, { importId: "x-1" })],
    steps: ["import a", "delete-replaced a"],
    left: ["x"],
  },
  {
    rule: "read: an existing object is recorded",
    outside: (world) => world.things.set("x-1", { name: "x" }),
    after: [thing("a", {}, { readId: "x-1" })],
    steps: ["read a"],
    left: ["x"],
  },
  {
    rule: "read: a missing object is refused",
    after: [thing("a", {}, { readId: "x-1" })],
    error: /there is no .* "x-1"/,
  },
  {
    rule: "read: an object that this stack created is kept",
    before: [thing("a")],
    after: [thing("a", {}, { readId: "a-1" })],
    steps: ["read a"],
    left: ["a"],
  },
  {
    rule: "read: another object replaces the one that this stack created",
    before: [thing("a")],
    outside: (world) => world.things.set("x-1", { name: "x" }),
    after: [thing("a", {}, { readId: "x-1" })],
    steps: ["read a", "delete-replaced a"],
    left: ["x"],
  },
  {
    rule: "import option of a recorded resource: update is allowed",
    before: [thing("a")],
    after: [thing("a", { colour: "red" }, { importId: "a-1" })],
    steps: ["update a"],
    left: ["a"],
  },
  {
    rule: "import option of a recorded resource: replacement is refused",
    before: [thing("a")],
    after: [thing("a", { size: 2 }, { importId: "a-1" })],
    error: /a: import: .* can't be replaced/,
    left: ["a"],
  },
  {
    rule: "provider: changing from the default to an explicit one keeps the resource",
    before: [explicit("mine"), thing("a")],
    after: [explicit("mine"), thing("a", {}, { provider: reference("mine") })],
    steps: [],
    left: ["a"],
  },
  {
    rule: "provider: changing to another explicit one keeps the resource",
    before: [explicit("mine"), thing("a", {}, { provider: reference("mine") })],
    after: [explicit("yours"), thing("a", {}, { provider: reference("yours") })],
    steps: [],
    left: ["a"],
  },
  {
    rule: "provider: a changed configuration updates only the provider",
    before: [explicit("mine"), thing("a", {}, { provider: reference("mine") })],
    after: [{ ...explicit("mine"), inputs: { place: "there" } }, thing("a", {}, { provider: reference("mine") })],
    steps: [],
  },
  {
    rule: "provider: another version of the default one keeps the resource",
    before: [thing("a", {}, { version: "1.0.0" })],
    after: [thing("a", {}, { version: "2.0.0" })],
    steps: [],
  },
  {
    rule: "a component that becomes a resource is replaced",
    before: [component("a", "toy:index:Thing")],
    after: [thing("a")],
    steps: ["replace a", "create-replacement a", "delete-replaced a"],
    left: ["a"],
  },
  {
    rule: "a value that becomes secret is recorded without an update",
    before: [thing("a", { colour: "red" })],
    after: [thing("a", { colour: new Secret("red") })],
    steps: [],
  },
  {
    rule: "refresh: a missing resource is created again",
    before: [thing("a"), wired(thing("b"), "a")],
    outside: (world) => world.things.delete("a-1"),
    refreshed: ["delete a", "same b"],
    after: [thing("a"), wired(thing("b"), "a")],
    steps: ["create a", "update b"],
    left: ["a", "b"],
  },
  {
    rule: "refresh: drift is corrected",
    before: [thing("a", { colour: "red" })],
    outside: (world) => world.things.set("a-1", { ...world.things.get("a-1"), colour: "green" }),
    refreshed: ["refresh a"],
    after: [thing("a", { colour: "red" })],
    steps: ["update a"],
  },
  {
    rule: "refresh: a resource that is deletedWith a missing one counts as missing, and is created again",
    before: [
      thing("a"),
      thing("b", {}, { deletedWith: urnOf("a") }),
      thing("c", {}, { deletedWith: urnOf("b"), retainOnDelete: true }),
    ],
    outside(world) {
      for (const id of ["a-1", "b-2", "c-3"]) world.things.delete(id);
      world.hook = (_moment, call, name) => {
        if (call === "read" && name !== "a-1") throw new Error("no answer");
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
    rule: "refresh: a resource that is deletedWith a missing one, but still exists, is kept",
    before: [thing("a"), thing("b", { whole: true }, { type: NAMED, deletedWith: urnOf("a") })],
    outside: (world) => world.things.delete("a-1"),
    refreshed: ["delete a", "delete b"],
    after: [thing("a"), thing("b", { whole: true }, { type: NAMED, deletedWith: urnOf("a") })],
    steps: ["create a", "replace b", "create-replacement b"],
    left: ["a", "b"],
  },
  {
    rule: "retainOnDelete: a retained resource is not mistaken for its replacement",
    before: [thing("a", { size: 1, whole: true }, { type: NAMED, retainOnDelete: true })],
    after: [thing("a", { size: 2, whole: true }, { type: NAMED, retainOnDelete: true })],
    error: /a exists already/,
    left: ["a"],
  },
  {
    rule: "refresh: a resource that can't be read because a required one was changed keeps its recorded state",
    before: [thing("a", { colour: "red" }), wired(thing("b"), "a")],
    outside(world) {
      world.things.set("a-1", { ...world.things.get("a-1"), colour: "green" });
      world.hook = (_moment, call, name) => {
        if (call === "read" && name === "b-2") throw new Error("no answer");
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
        // The order differs, because a preview does not wait for the steps.
        assert.deepEqual(changing(preview).sort(), [...steps].sort());
      }
      if (left) assert.deepEqual(world.names(), left);
      if (error) return;
      assert.deepEqual(await again(), [], "a third run has nothing to do");
    });

  it("read: a preview keeps the recorded state if the id is not known yet", async () => {
    const [dir, world] = [temporaryDir(), new World()];
    world.things.set("x-1", { name: "x" });
    await deploy(dir, world, [thing("a", {}, { readId: "x-1" })]);
    world.calls.length = 0;
    const { steps } = await deploy(dir, world, [thing("a", {}, { readId: UNKNOWN_ID })], true);
    assert.deepEqual([steps, world.calls], [["read a"], []]);
  });

  it("read: a resource that the program no longer reads is not deleted", async () => {
    const [dir, world] = [temporaryDir(), new World()];
    world.things.set("x-1", { name: "x" });
    await deploy(dir, world, [thing("a", {}, { readId: "x-1" })]);
    assert.deepEqual((await deploy(dir, world, [])).steps, ["delete a"]);
    assert.deepEqual(world.names(), ["x"]);
  });

  it("ignoreChanges: the kept part of a secret stays secret", async () => {
    const [dir, world] = [temporaryDir(), new World()];
    await deploy(dir, world, [thing("a", { tags: new Secret({ x: "hush" }) })]);
    await deploy(dir, world, [thing("a", { tags: { x: "new" } }, { ignoreChanges: ["tags.x"] })]);
    const [{ inputs } = {}] = (await recorded(dir)).filter(({ urn }) => urn === urnOf("a"));
    assert.deepEqual(canonical(inputs?.tags), canonical({ x: "hush" }));
    assert.ok(Object.values(inputs?.tags ?? {})[0] instanceof Secret);
  });

  it("a component's recorded outputs are neither returned to the program nor changed by refresh", async () => {
    const [dir, world] = [temporaryDir(), new World()];
    const box = component("box");
    const child = { [SIGNATURE]: "5cf8f73096256a8f31e491e813e4eb8e", urn: urnOf("a"), id: "a-1" };
    const { registrations } = await deploy(dir, world, [box], false, { child }, urnOf("box", box.type));
    assert.deepEqual(registrations.get("box")?.outputs, {});
    assert.deepEqual((await deploy(dir, world, [box], true)).registrations.get("box")?.outputs, {});
    assert.deepEqual(await refresh(dir, world), ["same box"]);
    assert.deepEqual((await recorded(dir)).find(({ type }) => type === box.type)?.outputs, { child });
  });

  it("preview: outputs of a replaced resource are unknown to its dependents", async () => {
    const [dir, world] = [temporaryDir(), new World()];
    await deploy(dir, world, [thing("a"), wired(thing("b"), "a")]);
    const { registrations, steps } = await deploy(dir, world, [thing("a", { size: 2 }), wired(thing("b"), "a")], true);
    assert.equal(registrations.get("a")?.outputs.hex, undefined);
    assert.ok(steps.includes("update b"), steps.join());
  });

  it("stack outputs are recorded, also when a resource failed", async () => {
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
