import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import * as path from "node:path";
import { StateFile } from "../../../engine/backend/stateFile";
import { STACK_TYPE } from "../../../engine/model";
import { destroyAll } from "../../../engine/planning/destroy";
import { Secret } from "../../../engine/values";
import {
  type Call,
  deploy,
  destroy,
  NAMED,
  type Outcome,
  open,
  PARALLEL,
  recorded,
  refresh,
  removeTemporaryDirs,
  stack,
  statesRefused,
  THING,
  temporaryDir,
  thing,
  urnOf,
  type Wiring,
  World,
  wired,
} from "../support";

const errors = (outcome: Outcome) =>
  outcome.events.flatMap((event) => (event.kind === "log" && event.severity === "error" ? [event.message] : []));

describe("apply", () => {
  let dir: string;
  let world: World;
  beforeEach(() => {
    dir = temporaryDir();
    world = new World();
  });
  afterEach(() => assert.deepEqual(statesRefused(), []));
  after(removeTemporaryDirs);

  const names = async () =>
    (await recorded(dir)).filter(({ type }) => !type.startsWith("pulumi:")).map(({ urn }) => urn.split("::").pop());

  it("creates resources; a second run makes no provider calls", async () => {
    const goals = [thing("a", { colour: "red" }), wired(thing("b"), "a")];
    assert.deepEqual((await deploy(dir, world, goals)).steps, ["create a", "create b"]);
    const calls = world.calls.length;
    const [before] = await recorded(dir);
    assert.deepEqual((await deploy(dir, world, goals)).steps, ["same a", "same b"]);
    assert.equal(world.calls.length, calls);
    assert.deepEqual((await recorded(dir))[0], before);
  });

  it("records dependencies, property dependencies and the default provider", async () => {
    await deploy(dir, world, [thing("a"), wired(thing("b", { colour: "red" }, { version: "1.2.3" }), "a")]);
    const b = (await recorded(dir)).find(({ urn }) => urn === urnOf("b"));
    assert.deepEqual(b?.dependencies, [urnOf("a")]);
    assert.deepEqual(b?.propertyDependencies, { colour: [], input: [urnOf("a")] });
    assert.match(b?.provider ?? "", /^urn:pulumi:dev::shelf::pulumi:providers:toy::default_1_2_3::[\da-f-]{36}$/);
    const provider = (await recorded(dir)).find(({ urn }) => b?.provider?.startsWith(`${urn}::`));
    assert.deepEqual(provider?.inputs, { __internal: {}, version: "1.2.3" });
    assert.deepEqual(provider?.outputs, { version: "1.2.3" });
    assert.equal(provider?.parent, undefined);
  });

  it("updates a resource in place", async () => {
    await deploy(dir, world, [thing("a", { colour: "red" })]);
    const outcome = await deploy(dir, world, [thing("a", { colour: "blue" })]);
    assert.deepEqual(outcome.steps, ["update a"]);
    assert.equal(world.things.get("a-1")?.colour, "blue");
    assert.equal((await recorded(dir)).at(-1)?.outputs?.colour, "blue");
  });

  it("replacement: creates the new resource first and deletes the old one last", async () => {
    await deploy(dir, world, [thing("a", { size: 1 }), wired(thing("b"), "a")]);
    const outcome = await deploy(dir, world, [thing("a", { size: 2 }), wired(thing("b"), "a")]);
    assert.deepEqual(outcome.steps, ["replace a", "create-replacement a", "update b", "delete-replaced a"]);
    assert.deepEqual(world.names(), ["a", "b"]);
  });

  it("replacement with deleteBeforeReplace: deletes dependents that would be replaced, then the old resource, and creates both again", async () => {
    const net = (size: number): Wiring[] => [
      thing("net", { size }, { type: NAMED }),
      {
        ...thing(
          "box",
          {},
          { type: NAMED, dependencies: [urnOf("net", NAMED)], propertyDependencies: { size: [urnOf("net", NAMED)] } },
        ),
        inputs: { size: `on ${size}` },
      },
    ];
    await deploy(dir, world, net(1));
    const outcome = await deploy(dir, world, net(2));
    assert.deepEqual(outcome.steps, [
      "replace net",
      "delete-replaced box",
      "delete-replaced net",
      "create-replacement net",
      "replace box",
      "create-replacement box",
    ]);
    assert.deepEqual(world.names(), ["box", "net"]);
    assert.deepEqual(await names(), ["net", "box"]);
  });

  it("deletes resources that the program no longer registers, dependents first", async () => {
    await deploy(dir, world, [thing("a"), wired(thing("b"), "a"), wired(thing("c"), "b"), thing("d")]);
    const outcome = await deploy(dir, world, [thing("d")]);
    assert.deepEqual(outcome.steps, ["same d", "delete c", "delete b", "delete a"]);
    assert.deepEqual(world.names(), ["d"]);
    assert.deepEqual(await names(), ["d"]);
  });

  it("preview: plans all steps, and changes neither resources nor state", async () => {
    await deploy(dir, world, [thing("a", { size: 1 }), thing("gone")]);
    const before = await recorded(dir);
    const calls = world.calls.length;
    const outcome = await deploy(dir, world, [thing("a", { size: 2 }), wired(thing("b"), "a")], true);
    assert.deepEqual(outcome.steps.sort(), [
      "create b",
      "create-replacement a",
      "delete gone",
      "delete-replaced a",
      "replace a",
    ]);
    assert.equal(outcome.registrations.get("a")?.id, "");
    assert.equal(outcome.registrations.get("a")?.outputs.hex, undefined);
    assert.equal(world.calls.length, calls);
    assert.deepEqual(await recorded(dir), before);
  });

  describe("options", () => {
    it("retainOnDelete removes the resource from the state without deleting it", async () => {
      await deploy(dir, world, [thing("a", {}, { retainOnDelete: true })]);
      await deploy(dir, world, []);
      assert.deepEqual(world.names(), ["a"]);
      assert.deepEqual(await names(), []);
    });
    it("deletedWith skips the deletion if the other resource is deleted", async () => {
      const goals = [thing("a"), thing("b", {}, { deletedWith: urnOf("a") })];
      await deploy(dir, world, goals);
      await deploy(dir, world, goals.slice(0, 1));
      assert.deepEqual(world.names(), ["a"], "a was kept, so b was deleted");
      await deploy(dir, world, goals);
      await destroy(dir, world);
      assert.deepEqual(world.names(), ["b"], "b is considered deleted with a");
      assert.deepEqual(await names(), []);
    });
    it("protect refuses deletion, replacement and destroy", async () => {
      await deploy(dir, world, [thing("a", { size: 1 }, { protect: true })]);
      const removed = await deploy(dir, world, []);
      assert.match(errors(removed).join(), /can't be deleted: it is protected/);
      const replaced = await deploy(dir, world, [thing("a", { size: 2 }, { protect: true })]);
      assert.match(errors(replaced).join(), /can't be replaced/);
      assert.equal(await destroy(dir, world), false);
      assert.deepEqual(world.names(), ["a"]);
      await deploy(dir, world, [thing("a", { size: 1 })]);
      assert.equal(await destroy(dir, world), true);
    });
    it("ignoreChanges keeps the recorded values", async () => {
      await deploy(dir, world, [thing("a", { colour: "red", tags: [{ k: 1, v: 1 }] })]);
      const goal = thing("a", { colour: "blue", tags: [{ k: 1, v: 2 }] }, { ignoreChanges: ["colour", "tags[*].v"] });
      assert.deepEqual((await deploy(dir, world, [goal])).steps, ["same a"]);
      const other = thing("a", { colour: "blue", tags: [{ k: 2, v: 2 }] }, { ignoreChanges: ["colour", "tags[*].v"] });
      assert.deepEqual((await deploy(dir, world, [other])).steps, ["update a"]);
      assert.deepEqual(world.things.get("a-1")?.tags, [{ k: 2, v: 1 }]);
    });
    it("aliases find a resource under its old name, type or parent", async () => {
      const shelf = { ...thing("shelf"), type: "shelf:index:Shelf", custom: false };
      const parent = `urn:pulumi:dev::shelf::shelf:index:Shelf::shelf`;
      await deploy(dir, world, [shelf, thing("a", {}, { parent }), thing("b"), wired(thing("c"), "b")]);
      const outcome = await deploy(dir, world, [
        { ...shelf, name: "rack", aliases: [{ name: "shelf" }] },
        thing("a", {}, { parent: "urn:pulumi:dev::shelf::shelf:index:Shelf::rack" }),
        thing("renamed", {}, { aliases: [{ name: "b" }] }),
        wired(thing("c"), "renamed"),
      ]);
      assert.deepEqual(outcome.steps, ["same rack", "same a", "same renamed", "same c"]);
      const c = (await recorded(dir)).find(({ urn }) => urn === urnOf("c"));
      assert.deepEqual(c?.dependencies, [urnOf("renamed")]);
      assert.deepEqual(await names(), ["rack", "a", "renamed", "c"]);
    });
    it("import adds an existing object to the state, and refuses an object that differs", async () => {
      world.things.set("x-9", { colour: "red", name: "x", __defaults: [] });
      const wrong = await deploy(dir, world, [thing("x", { colour: "blue" }, { importId: "x-9" })]);
      assert.match(errors(wrong).join(), /colour of "x-9" differ/);
      assert.match(errors(await deploy(dir, world, [thing("x", {}, { importId: "nope" })])).join(), /there is no toy/);
      const right = await deploy(dir, world, [thing("x", { colour: "red" }, { importId: "x-9" })]);
      assert.deepEqual(right.steps, ["import x"]);
      assert.deepEqual((await deploy(dir, world, [thing("x", { colour: "red" }, { importId: "x-9" })])).steps, [
        "same x",
      ]);
      assert.deepEqual(world.names(), ["x"]);
    });
    it("a resource that was only read is never deleted", async () => {
      world.things.set("x-9", { colour: "red", name: "x" });
      const outcome = await deploy(dir, world, [thing("x", {}, { readId: "x-9" })]);
      assert.equal(outcome.registrations.get("x")?.outputs.colour, "red");
      assert.equal((await recorded(dir)).at(-1)?.external, true);
      await deploy(dir, world, []);
      assert.deepEqual(world.names(), ["x"]);
      assert.deepEqual(await names(), []);
    });
    it("outputs are secret if the input of the same name or additionalSecretOutputs says so", async () => {
      const goal = thing(
        "a",
        { key: new Secret("hush"), nested: { x: new Secret(1), y: 2 }, list: [1, new Secret(2)] },
        { additionalSecretOutputs: ["hex"] },
      );
      const { registrations } = await deploy(dir, world, [goal]);
      const outputs = registrations.get("a")?.outputs;
      assert.ok(outputs?.key instanceof Secret && outputs.hex instanceof Secret && outputs.list instanceof Secret);
      assert.deepEqual(outputs.nested, { x: new Secret(1), y: 2 });
      assert.deepEqual((await deploy(dir, world, [goal])).steps, ["same a"]);
    });
  });

  describe("failures", () => {
    it("a failed create skips only its dependents and deletes nothing; the next run creates both", async () => {
      await deploy(dir, world, [thing("old")]);
      const goals = [thing("a"), wired(thing("b"), "a"), thing("c")];
      world.hook = (moment, call, name) => {
        if (moment === "before" && call === "create" && name === "a") throw new Error("no room");
      };
      const outcome = await deploy(dir, world, goals);
      assert.equal(outcome.failed, true);
      assert.deepEqual(errors(outcome), ["no room"]);
      assert.equal(outcome.registrations.get("b")?.result, "skip");
      assert.deepEqual(world.names(), ["c", "old"]);
      assert.deepEqual((await names()).sort(), ["c", "old"]);
      world.hook = () => {};
      assert.equal((await deploy(dir, world, goals)).failed, false);
      assert.deepEqual(world.names(), ["a", "b", "c"]);
    });
    for (const [what, inputs, then] of [
      ["is recorded, and replaced by the next run", {}, ["replace a", "delete-replaced a", "create-replacement a"]],
      ["counts as created if it is complete", { whole: true }, ["same a"]],
    ] as const)
      it(`an object whose create failed after creating it ${what}`, async () => {
        const goals = [thing("a", inputs, { type: NAMED })];
        world.hook = (moment, call) => {
          if (moment === "after" && call === "create") throw new Error("no answer");
        };
        const outcome = await deploy(dir, world, goals);
        assert.match(JSON.stringify(outcome.events), /no answer/);
        assert.equal(outcome.failed, then.length > 1);
        assert.deepEqual(pendingIn(dir), []);
        world.hook = () => {};
        assert.deepEqual((await deploy(dir, world, goals)).steps, then);
        assert.deepEqual(world.names(), ["a"]);
      });
    it("a failed create stays pending if the server can't be asked; the next run recovers the object", async () => {
      const goals = [thing("a", { whole: true }, { type: NAMED })];
      world.hook = (moment, call) => {
        if (moment === "after" || call === "recover") throw new Error("no answer");
      };
      assert.deepEqual(errors(await deploy(dir, world, goals)), ["no answer"]);
      assert.deepEqual(
        pendingIn(dir).map(({ type }) => type),
        ["creating"],
      );
      world.hook = () => {};
      assert.deepEqual((await deploy(dir, world, goals)).steps, ["same a"]);
      assert.deepEqual(world.names(), ["a"]);
    });
    it("a failed replacement leaves the old resource unchanged", async () => {
      await deploy(dir, world, [thing("a", { size: 1 })]);
      world.hook = (moment, call) => {
        if (moment === "before" && call === "create") throw new Error("no room");
      };
      assert.equal((await deploy(dir, world, [thing("a", { size: 2 })])).failed, true);
      const [state, ...others] = (await recorded(dir)).filter(({ type }) => type === THING);
      assert.deepEqual([state?.id, state?.initErrors, others], ["a-1", undefined, []]);
    });
    it("a foreign object with the same name is refused by this run and the next", async () => {
      world.things.set("theirs", { name: "a", whole: true });
      const goals = [thing("a", { whole: true }, { type: NAMED })];
      for (const _ of [1, 2]) assert.deepEqual(errors(await deploy(dir, world, goals)), ["a exists already"]);
      assert.deepEqual([[...world.things.keys()], world.calls, pendingIn(dir)], [["theirs"], [], []]);
    });
    it("a partly created resource is recorded, and updated by the next run", async () => {
      await deploy(dir, world, [thing("a", { half: true })]);
      assert.deepEqual((await deploy(dir, world, [thing("a", { half: true })])).steps, ["update a"]);
      assert.deepEqual([...world.things.keys()], ["a-1"]);
      assert.equal((await recorded(dir)).at(-1)?.initErrors, undefined);
      assert.deepEqual((await deploy(dir, world, [thing("a", { half: true })])).steps, ["same a"]);
    });
    it("a partly updated resource is recorded, and updated by each run until it succeeds", async () => {
      await deploy(dir, world, [thing("a", {})]);
      const goals = [thing("a", { halfUpdated: true })];
      for (const _ of [1, 2]) {
        const outcome = await deploy(dir, world, goals);
        assert.deepEqual(errors(outcome), ["only half updated"]);
        const state = (await recorded(dir)).at(-1);
        assert.deepEqual([state?.outputs?.halfUpdated, state?.initErrors], [true, ["only half updated"]]);
        assert.deepEqual(pendingIn(dir), []);
      }
      await deploy(dir, world, [thing("a", {})]);
      assert.equal((await recorded(dir)).at(-1)?.initErrors, undefined);
      assert.deepEqual((await deploy(dir, world, [thing("a", {})])).steps, ["same a"]);
    });
    it("a partly created resource with replacesBroken is recorded, and replaced by the next run", async () => {
      const outcome = await deploy(dir, world, [thing("a", { half: true }, { type: NAMED })]);
      assert.deepEqual(errors(outcome), ["only half of it"]);
      const state = (await recorded(dir)).at(-1);
      assert.deepEqual([state?.id, state?.initErrors], ["a-1", ["only half of it"]]);
      const again = await deploy(dir, world, [thing("a", {}, { type: NAMED })]);
      assert.deepEqual(again.steps, ["replace a", "delete-replaced a", "create-replacement a"]);
      assert.deepEqual([...world.things.keys()], ["a-2"]);
      assert.equal((await recorded(dir)).at(-1)?.initErrors, undefined);
    });
    it("a value that the provider refuses is reported with its property", async () => {
      assert.deepEqual(errors(await deploy(dir, world, [thing("a", { colour: "ugly" })])), [
        "colour: nobody wants that",
      ]);
    });
    it("a duplicate name and an unsupported kind are refused", async () => {
      assert.match(errors(await deploy(dir, world, [thing("a"), thing("a")])).join(), /registered twice/);
      const strange = thing("s", {}, { type: "toy:index:Strange" });
      assert.match(
        errors(await deploy(dir, world, [strange])).join(),
        /toy:index:Strange: the embedded engine does not support.*Pulumi CLI/,
      );
    });
    it("a failed delete keeps the resource in the state", async () => {
      await deploy(dir, world, [thing("a"), wired(thing("b"), "a")]);
      world.hook = (moment, call) => {
        if (moment === "before" && call === "delete") throw new Error("busy");
      };
      assert.equal(await destroy(dir, world), false);
      assert.deepEqual(await names(), ["a", "b"]);
      world.hook = () => {};
      assert.equal(await destroy(dir, world), true);
      assert.deepEqual(world.names(), []);
    });
  });

  it("after a signal, steps that wait for their turn are dropped", async () => {
    const things = Array.from({ length: PARALLEL + 4 }, (_, index) => thing(`t${index}`));
    await deploy(dir, world, things);
    const { steps, journal, events } = await open(dir, world, false);
    world.hook = () => {
      steps.stopping = true;
    };
    assert.equal(await destroyAll(steps), false);
    await journal.flush();
    assert.equal(world.things.size, things.length - PARALLEL, "only the steps in progress finished");
    assert.equal((await recorded(dir)).filter(({ type }) => type === THING).length, world.things.size);
    assert.deepEqual(
      events.filter((event) => event.kind === "log" || event.kind === "fail"),
      [],
    );
  });

  it("refresh removes missing resources and the references to them, and records drift", async () => {
    const goals = [thing("a"), wired(thing("b", { colour: "red" }), "a"), thing("c")];
    await deploy(dir, world, goals);
    world.things.delete("a-1");
    world.things.set("b-2", { ...world.things.get("b-2"), colour: "green" });
    assert.deepEqual((await refresh(dir, world)).sort(), ["delete a", "refresh b", "same c"]);
    const b = (await recorded(dir)).find(({ urn }) => urn === urnOf("b"));
    assert.equal(b?.outputs?.colour, "green");
    assert.equal(b?.dependencies, undefined);
    const repaired = await deploy(dir, world, goals);
    assert.deepEqual(repaired.steps, ["create a", "update b", "same c"]);
    assert.equal(world.things.get("b-2")?.colour, "red");
  });

  describe("the state contains no references to missing resources", () => {
    const held = (): Wiring[] => [
      thing("a"),
      wired(thing("b"), "a"),
      thing("c", {}, { parent: urnOf("a"), deletedWith: urnOf("b") }),
    ];
    const references = async (name: string) => {
      const state = (await recorded(dir)).find(({ urn }) => urn.endsWith(`::${name}`));
      return [state?.dependencies, state?.parent, state?.deletedWith];
    };

    it("after a refresh that finds a resource gone", async () => {
      await deploy(dir, world, held());
      world.things.delete("a-1");
      await refresh(dir, world);
      assert.deepEqual(await references("b"), [undefined, undefined, undefined]);
      assert.deepEqual(await references("c"), [undefined, undefined, urnOf("b")]);
      assert.equal((await deploy(dir, world, held())).failed, false);
      assert.deepEqual(await references("b"), [[urnOf("a")], undefined, undefined]);
      assert.deepEqual(await references("c"), [undefined, urnOf("a"), urnOf("b")]);
    });

    it("after the recovery of an interrupted update whose resource is gone", async () => {
      await deploy(dir, world, held());
      const colour = [thing("a", { colour: "red" }), ...held().slice(1)];
      await cutOff(dir, world, 0, () => deploy(dir, world, colour));
      world.things.delete("a-1");
      const { steps, journal } = await open(dir, world, false);
      await journal.flush();
      assert.deepEqual(await references("b"), [undefined, undefined, undefined]);
      assert.equal(await destroyAll(steps), true);
    });

    it("when the parent of a component could not be created", async () => {
      world.hook = (moment, call) => {
        if (moment === "before" && call === "create") throw new Error("no room");
      };
      const box = { ...thing("box", {}, { parent: urnOf("a") }), type: "shelf:index:Box", custom: false };
      const { registrations } = await deploy(dir, world, [thing("a"), box]);
      assert.equal(registrations.get("box")?.result, "skip");
    });
  });

  describe("recovery", () => {
    const first: Wiring[] = [
      { ...thing("root"), type: STACK_TYPE, custom: false },
      thing("net", { size: 1 }, { type: NAMED }),
      thing("key", { size: 1 }),
      thing("box", { size: 1, colour: "red" }, { type: NAMED }),
      thing("extra"),
    ];
    // One run with both kinds of replacement, an update, a deletion and a create.
    const second: Wiring[] = [
      { ...thing("root"), type: STACK_TYPE, custom: false },
      thing("net", { size: 2 }, { type: NAMED }),
      thing("key", { size: 2 }),
      thing("box", { size: 1, colour: "blue" }, { type: NAMED }),
      thing("new"),
    ];
    const scenarios: readonly {
      name: string;
      run: (dir: string, world: World) => Promise<unknown>;
      start: readonly Wiring[];
    }[] = [
      { name: "a first up", run: (at, on) => deploy(at, on, first), start: [] },
      { name: "an up with every kind of change", run: (at, on) => deploy(at, on, second), start: first },
      { name: "a destroy", run: (at, on) => destroy(at, on), start: second },
      { name: "a refresh", run: (at, on) => refresh(at, on), start: second },
    ];
    for (const { name, run, start } of scenarios)
      it(`a run that is killed at any moment of ${name}: the next run converges`, async function () {
        this.timeout(20_000);
        for (let moment = 0; ; moment++) {
          const [at, on] = [temporaryDir(), new World()];
          await deploy(at, on, start);
          if (!(await cutOff(at, on, moment, () => run(at, on)))) {
            assert.ok(moment > 0, "the run was never interrupted");
            return;
          }
          const outcome = await deploy(at, on, second);
          assert.deepEqual(errors(outcome), [], `moment ${moment}`);
          assert.deepEqual(on.names(), ["box", "key", "net", "new"], `moment ${moment}: no orphans, no duplicates`);
          assert.deepEqual(
            (await deploy(at, on, second)).steps.filter((step) => !step.startsWith("same")),
            [],
          );
          assert.equal(await destroy(at, on), true);
          assert.deepEqual(on.names(), [], `moment ${moment}`);
        }
      });

    it("of a create that fails: the operation stays pending, and the run continues", async () => {
      const [at, on] = [temporaryDir(), new World()];
      await deploy(at, on, first);
      await cutOff(at, on, 1, () => deploy(at, on, [...first, thing("late")]));
      on.hook = (_moment, call) => {
        if (call === "recover") throw new Error("no answer");
      };
      const { events, failed } = await deploy(at, on, first);
      assert.match(
        JSON.stringify(events),
        /interrupted while creating this resource, and it can't be recovered yet: no answer/,
      );
      assert.equal(failed, false);
      assert.deepEqual(on.names(), ["box", "extra", "key", "late", "net"]);
      on.hook = () => {};
      await deploy(at, on, first);
      assert.deepEqual(on.names(), ["box", "extra", "key", "net"]);
      assert.deepEqual(on.calls.slice(-2), ["recover late", "delete late"]);
    });

    it("of a create that fails at first: it is retried when the program registers the resource", async () => {
      const [at, on] = [temporaryDir(), new World()];
      const goals = [thing("late", {}, { type: NAMED })];
      await cutOff(at, on, 1, () => deploy(at, on, goals));
      let asked = 0;
      on.hook = (_moment, call) => {
        if (call === "recover" && ++asked === 1) throw new Error("no answer");
      };
      const { failed, steps } = await deploy(at, on, goals);
      assert.deepEqual([failed, steps], [false, ["replace late", "delete-replaced late", "create-replacement late"]]);
      assert.deepEqual([pendingIn(at), on.names()], [[], ["late"]]);
    });

    it("of a delete that fails repeatedly: the delete is recorded as one pending operation", async () => {
      const [at, on] = [temporaryDir(), new World()];
      await deploy(at, on, first);
      on.hook = (_moment, call) => {
        if (call === "delete" || call === "read") throw new Error("no answer");
      };
      for (const _ of [1, 2, 3]) assert.equal((await deploy(at, on, first.slice(0, -1))).failed, true);
      assert.deepEqual(
        pendingIn(at).map(({ type, resource }) => `${type} ${resource.urn.split("::").pop()}`),
        ["deleting extra"],
      );
    });

    it("of a create that fails: the operation is dropped when its provider is deleted", async () => {
      const [at, on] = [temporaryDir(), new World()];
      await cutOff(at, on, 0, () => deploy(at, on, [thing("late")]));
      on.hook = (_moment, call) => {
        if (call === "recover") throw new Error("no answer");
      };
      assert.equal(await destroy(at, on), true);
      assert.equal(pendingIn(at).length, 1);
      assert.equal(await destroy(at, on), true);
      assert.deepEqual(pendingIn(at), []);
    });
  });
});

const pendingIn = (dir: string) => new StateFile(dir, stack).read()?.pending ?? [];

/** The names and times of the state's files, including temporary files. */
function stateFiles(dir: string): string {
  const folder = path.dirname(new StateFile(dir, stack).file);
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return files.map((name) => `${name} ${statSync(path.join(folder, name)).mtimeMs}`).join();
}

/** Stops the run for good at the n-th moment before or after a provider call; false if it ended before. */
async function cutOff(dir: string, world: World, moment: number, run: () => Promise<unknown>): Promise<boolean> {
  let count = 0;
  let frozen = false;
  const cut = new Promise<boolean>((resolve) => {
    world.hook = (_when: string, _call: Call) => {
      if (frozen || count++ === moment) {
        frozen = true;
        resolve(true);
        return new Promise<void>(() => {});
      }
    };
  });
  const result = await Promise.race([cut, run().then(() => false)]);
  // Wait for concurrent steps that are still writing the state.
  for (let seen = "", now = stateFiles(dir); now !== seen || now.includes(".tmp "); now = stateFiles(dir)) {
    seen = now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  world.hook = () => {};
  return result;
}
