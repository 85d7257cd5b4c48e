import assert from "node:assert/strict";
import type { Goal } from "../../../engine/model";
import { Deployment } from "../../../engine/planning/deployment";
import {
  deploy,
  NAMED,
  open,
  recorded,
  removeTemporaryDirs,
  stack,
  statesRefused,
  THING,
  temporaryDir,
  thing,
  urnOf,
  type Wiring,
  World,
} from "../support";

/** Has a name, and takes its size from `on`: goes before that is replaced. */
const box = (name: string, on: string, size: string, options: Partial<Goal> = {}): Wiring => ({
  ...thing(name, { size }, { type: NAMED, dependencies: [urnOf(on, NAMED)], ...options }),
  propertyDependencies: { size: [urnOf(on, NAMED)] },
});
const net = (name: string, size: number): Wiring => thing(name, { size }, { type: NAMED });

/** A program registers many resources at a time, while what one of them is replaced for is being deleted. */
describe("replacement with the dependents first", () => {
  let dir: string;
  let world: World;
  beforeEach(() => {
    dir = temporaryDir();
    world = new World();
  });
  afterEach(() => assert.deepEqual(statesRefused(), []));
  after(removeTemporaryDirs);

  /** @returns what goes on with `register` in the middle of the deletion, and how the run ended */
  async function run(work: (register: (goal: Goal) => Promise<unknown>) => Promise<unknown>) {
    const { steps, journal, events } = await open(dir, world, false);
    const deployment = new Deployment(stack, steps, { values: {}, secretKeys: [] });
    await work((goal) => deployment.register(goal));
    await deployment.finish();
    await journal.flush();
    const wrong = events.filter(
      (event) => event.kind === "fail" || (event.kind === "log" && event.severity === "error"),
    );
    assert.deepEqual(wrong, []);
    const things = (await recorded(dir)).filter(({ type }) => type === NAMED || type === THING);
    assert.deepEqual(
      things.map(({ id }) => id).sort(),
      [...world.things.keys()].sort(),
      "what is recorded is there, and nothing else",
    );
    return things.map(({ urn, dependencies = [] }) => `${urn.split("::").pop()} ${dependencies.length}`).sort();
  }

  /** Resolves at the first `moment`, which lasts until the returned function is called. */
  function pause(moment: string): { reached: Promise<void>; go: () => void } {
    let go = () => {};
    const reached = new Promise<void>((resolve) => {
      world.hook = (when, call, name) => {
        if (`${when} ${call} ${name}` !== moment) return;
        resolve();
        return new Promise((proceed) => {
          go = proceed;
        });
      };
    });
    return { reached, go: () => go() };
  }

  for (const [what, moment] of [
    ["is being deleted", "before delete mine"],
    ["waits for its deletion", "before delete other"],
  ] as const)
    it(`a dependent that no longer depends, registered while it ${what}, is made anew`, async () => {
      await deploy(dir, world, [net("net", 1), box("mine", "net", "on 1"), box("other", "net", "on 1")]);
      const { reached, go } = pause(moment);
      const left = await run(async (register) => {
        const replaced = register(net("net", 2));
        await reached;
        const mine = register(thing("mine", { size: "on 1" }, { type: NAMED }));
        await new Promise((resolve) => setTimeout(resolve, 20));
        go();
        await replaced;
        await Promise.all([mine, register(box("other", "net", "on 2"))]);
      });
      assert.deepEqual(left, ["mine 0", "net 0", "other 1"]);
    });

  it("a dependent under another name waits for the deletion too", async () => {
    await deploy(dir, world, [net("net", 1), box("mine", "net", "on 1")]);
    const { reached, go } = pause("before delete mine");
    const left = await run(async (register) => {
      const replaced = register(net("net", 2));
      await reached;
      const renamed = register(thing("mine2", { size: "on 1" }, { type: NAMED, aliases: [{ name: "mine" }] }));
      await new Promise((resolve) => setTimeout(resolve, 20));
      go();
      await Promise.all([replaced, renamed]);
    });
    assert.deepEqual(left, ["mine2 0", "net 0"]);
  });

  it("one that is registered while the dependents are chosen stays, with what depends on it alone", async () => {
    await deploy(dir, world, [net("net", 1), box("mine", "net", "on 1"), box("inner", "mine", "on mine")]);
    const diff = world.provider.diff;
    const { reached, go } = pause("before read asked");
    (world.provider as { diff: typeof diff }).diff = async (existing, news) => {
      if (existing.urn === urnOf("inner", NAMED)) await world.hook("before", "read", "asked");
      return diff(existing, news);
    };
    const calls = world.calls.length;
    const left = await run(async (register) => {
      const replaced = register(net("net", 2));
      await reached;
      await register(thing("mine", { size: "on 1" }, { type: NAMED }));
      go();
      world.hook = () => {};
      await replaced;
      await register(box("inner", "mine", "on mine"));
    });
    assert.deepEqual(left, ["inner 1", "mine 0", "net 0"]);
    assert.deepEqual(world.calls.slice(calls), ["delete net", "create net"]);
  });

  it("two that are replaced at once delete their dependent once", async () => {
    await deploy(dir, world, [
      net("net", 1),
      net("disk", 1),
      { ...box("mine", "net", "on 1"), propertyDependencies: { size: [urnOf("net", NAMED), urnOf("disk", NAMED)] } },
    ]);
    const left = await run(async (register) => {
      await Promise.all([register(net("net", 2)), register(net("disk", 2))]);
      await register(box("mine", "net", "on 2"));
    });
    assert.deepEqual(left, ["disk 0", "mine 1", "net 0"]);
    assert.equal(world.calls.filter((call) => call === "delete mine").length, 1);
  });
});
