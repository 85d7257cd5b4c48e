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

/** A named resource with a size from `on`, so it is deleted before `on` is replaced. */
const box = (name: string, on: string, size: string, options: Partial<Goal> = {}): Wiring => ({
  ...thing(name, { size }, { type: NAMED, dependencies: [urnOf(on, NAMED)], ...options }),
  propertyDependencies: { size: [urnOf(on, NAMED)] },
});
const net = (name: string, size: number): Wiring => thing(name, { size }, { type: NAMED });

/** The program registers resources concurrently, also while dependents of a replaced resource are being deleted. */
describe("replacement that deletes dependents first", () => {
  let dir: string;
  let world: World;
  beforeEach(() => {
    dir = temporaryDir();
    world = new World();
  });
  afterEach(() => assert.deepEqual(statesRefused(), []));
  after(removeTemporaryDirs);

  /** Runs `work` as the program. @returns each resource in the state with the number of its dependencies */
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
      "the state contains exactly the existing objects",
    );
    return things.map(({ urn, dependencies = [] }) => `${urn.split("::").pop()} ${dependencies.length}`).sort();
  }

  /** Pauses the run at the first `moment` until `go` is called; `reached` resolves at that moment. */
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
    it(`a former dependent that is registered while it ${what} is created again`, async () => {
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

  it("a renamed dependent waits for the deletion of the old one", async () => {
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

  it("a former dependent that is registered while the dependents are being determined is kept, with its own dependents", async () => {
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

  it("two resources that are replaced concurrently delete a shared dependent once", async () => {
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
