import assert from "node:assert/strict";
import type { Goal, ResourceState } from "../../../engine/model";
import {
  isDeletedWithAnother,
  type Plan,
  planDependents,
  planRegistration,
  runDependentsFirst,
} from "../../../engine/planning/plan";
import { type DiffResult, Unknown } from "../../../engine/provider";
import { Secret } from "../../../engine/values";

const PROVIDER = "urn:pulumi:dev::shelf::pulumi:providers:toy";
const old: ResourceState = {
  urn: "u",
  type: "toy:index:Thing",
  custom: true,
  id: "1",
  provider: `${PROVIDER}::default_1_0_0::p`,
};
const goal: Goal = {
  type: "toy:index:Thing",
  name: "u",
  custom: true,
  inputs: {},
  provider: `${PROVIDER}::default_1_0_0::p`,
};
const same: DiffResult = { changes: false, replaces: [], deleteBeforeReplace: false, detailed: {} };
const inPlace: DiffResult = {
  changes: true,
  replaces: [],
  deleteBeforeReplace: false,
  detailed: { "tags[0].value": "update" },
};
const anew: DiffResult = {
  changes: true,
  replaces: ["size"],
  deleteBeforeReplace: true,
  detailed: { size: "update-replace" },
};

interface Rule {
  readonly rule: string;
  readonly old?: Partial<ResourceState> | null;
  readonly goal?: Partial<Goal>;
  readonly diff?: DiffResult;
  readonly replacesBroken?: boolean;
  readonly plan: Partial<Plan>;
}

const rules: readonly Rule[] = [
  { rule: "no recorded resource: create", old: null, plan: { kind: "create" } },
  { rule: "no difference: same", diff: same, plan: { kind: "same", replaces: [] } },
  {
    rule: "a difference that can be changed in place: update",
    diff: inPlace,
    plan: { kind: "update", diffs: ["tags"] },
  },
  {
    rule: "a difference that needs a replacement: replace, in the provider's order",
    diff: anew,
    plan: { kind: "replace", replaces: ["size"], deleteBeforeReplace: true },
  },
  {
    rule: "deleteBeforeReplace: false overrides the provider",
    diff: anew,
    goal: { deleteBeforeReplace: false },
    plan: { kind: "replace", deleteBeforeReplace: false },
  },
  {
    rule: "deleteBeforeReplace: true overrides the provider",
    diff: { ...anew, deleteBeforeReplace: false },
    goal: { deleteBeforeReplace: true },
    plan: { kind: "replace", deleteBeforeReplace: true },
  },
  {
    rule: "replaceOnChanges of the top-level property: replace",
    diff: inPlace,
    goal: { replaceOnChanges: ["tags"] },
    plan: { kind: "replace", replaces: ["tags"], detailed: { "tags[0].value": "update-replace" } },
  },
  {
    rule: "replaceOnChanges of all elements: replace",
    diff: inPlace,
    goal: { replaceOnChanges: ["tags[*].value"] },
    plan: { kind: "replace", replaces: ["tags"] },
  },
  {
    rule: "replaceOnChanges of everything: replace",
    diff: inPlace,
    goal: { replaceOnChanges: ["*"] },
    plan: { kind: "replace", replaces: ["tags"] },
  },
  {
    rule: "replaceOnChanges of another element: update",
    diff: inPlace,
    goal: { replaceOnChanges: ["tags[1]"] },
    plan: { kind: "update", replaces: [] },
  },
  {
    rule: "replaceOnChanges without a difference: same",
    diff: same,
    goal: { replaceOnChanges: ["*"] },
    plan: { kind: "same" },
  },
  {
    rule: "a failed create: update, which completes the resource",
    old: { initErrors: ["x"] },
    diff: same,
    plan: { kind: "update", replaces: [] },
  },
  {
    rule: "a failed create and a difference that needs a replacement: replace",
    old: { initErrors: ["x"] },
    diff: anew,
    plan: { kind: "replace", replaces: ["size"] },
  },
  {
    rule: "a failed create with replaceOnChanges of everything: replace",
    old: { initErrors: ["x"] },
    goal: { replaceOnChanges: ["*"] },
    diff: same,
    plan: { kind: "replace", replaces: ["#initerror"] },
  },
  {
    rule: "a failed create with replacesBroken: replace, deleting the partial resource first",
    old: { initErrors: ["x"] },
    diff: same,
    replacesBroken: true,
    plan: { kind: "replace", deleteBeforeReplace: true },
  },
  {
    rule: "already deleted before its replacement: recreate",
    old: { pendingReplacement: true },
    diff: same,
    plan: { kind: "recreate" },
  },
  {
    rule: "previously only read: create",
    old: { external: true },
    diff: same,
    plan: { kind: "create" },
  },
  {
    rule: "another explicit provider: same",
    goal: { provider: `${PROVIDER}::mine::q` },
    diff: same,
    plan: { kind: "same" },
  },
  {
    rule: "another version of the default provider: same",
    goal: { provider: `${PROVIDER}::default_2_0_0::q` },
    diff: same,
    plan: { kind: "same" },
  },
  {
    rule: "the same provider with a new id: same",
    goal: { provider: `${PROVIDER}::default_1_0_0::q` },
    diff: same,
    plan: { kind: "same" },
  },
  { rule: "import of the recorded id: same", goal: { importId: "1" }, diff: same, plan: { kind: "same" } },
  {
    rule: "import of an already imported resource whose id has changed: same",
    old: { importID: "7" },
    goal: { importId: "7" },
    diff: same,
    plan: { kind: "same" },
  },
  {
    rule: "import of another id: replace",
    goal: { importId: "2" },
    diff: same,
    plan: { kind: "replace", replaces: ["id"] },
  },
  {
    rule: "a component becomes a resource: replace",
    old: { custom: false },
    diff: undefined,
    plan: { kind: "replace", replaces: ["type"] },
  },
  {
    rule: "an unchanged component: same",
    old: { custom: false },
    goal: { custom: false },
    diff: same,
    plan: { kind: "same" },
  },
  {
    rule: "a component with changed inputs: update",
    old: { custom: false },
    goal: { custom: false },
    diff: inPlace,
    plan: { kind: "update" },
  },
];

describe("plan", () => {
  for (const each of rules)
    it(each.rule, () => {
      const before = each.old === null ? undefined : { ...old, ...each.old };
      const plan = planRegistration(before, { ...goal, ...each.goal }, each.diff, each.replacesBroken ?? false);
      for (const [key, value] of Object.entries(each.plan)) assert.deepEqual(plan[key as keyof Plan], value, key);
    });

  it("a secret property is reported without the paths inside it", () => {
    const diff: DiffResult = {
      changes: true,
      replaces: ["files"],
      deleteBeforeReplace: false,
      detailed: { "files[3].content": "add-replace", "files[1].content": "update-replace", "tags[0]": "add" },
    };
    const secret = { ...old, inputs: { files: new Secret([]) } };
    assert.deepEqual(planRegistration(secret, goal, diff, false).detailed, {
      files: "update-replace",
      "tags[0]": "add",
    });
  });

  it("isDeletedWithAnother is true only if the deletedWith resource is deleted too", () => {
    const state = { ...old, deletedWith: "container" };
    assert.equal(isDeletedWithAnother(state, new Set(["container"])), true);
    assert.equal(isDeletedWithAnother(state, new Set(["other"])), false);
    assert.equal(isDeletedWithAnother(old, new Set(["other"])), false);
  });

  describe("planDependents, for a resource that is deleted before its replacement,", () => {
    const net = { ...old, urn: "net" };
    const uses = (urn: string, on: string, extra: Partial<ResourceState> = {}): ResourceState => ({
      ...old,
      urn,
      inputs: { network: "n", plain: "p" },
      dependencies: [on],
      propertyDependencies: { network: [on], plain: [] },
      ...extra,
    });
    const ask =
      (yes: readonly string[], seen: string[] = []) =>
      async (state: ResourceState, news: object) => {
        assert.deepEqual(news, { network: Unknown.instance, plain: "p" });
        seen.push(state.urn);
        return { ...same, changes: true, replaces: yes.includes(state.urn) ? ["network"] : [] };
      };
    const urns = (states: readonly ResourceState[]) => states.map((state) => state.urn);

    it("returns the dependents that would be replaced, and their dependents", async () => {
      const olds = [net, uses("a", "net"), uses("b", "a"), uses("c", "b")];
      assert.deepEqual(urns(await planDependents(net, olds, ask(["a", "b"]))), ["a", "b"]);
    });
    it("omits dependents that would be updated, and their dependents", async () => {
      const asked: string[] = [];
      const olds = [net, uses("a", "net"), uses("b", "a")];
      assert.deepEqual(urns(await planDependents(net, olds, ask([], asked))), []);
      assert.deepEqual(asked, ["a"]);
    });
    it("omits dependents without an input from it", async () => {
      const waits = uses("a", "net", { propertyDependencies: { network: [] } });
      assert.deepEqual(await planDependents(net, [net, waits], ask(["a"])), []);
    });
    it("returns all resources of a replaced provider, without a diff", async () => {
      const inside = { ...old, urn: "db", provider: "net::id" };
      assert.deepEqual(urns(await planDependents(net, [net, inside], ask([]))), ["db"]);
    });
    it("omits components, read resources and deleted resources", async () => {
      const olds = [
        net,
        uses("a", "net", { custom: false }),
        uses("b", "net", { external: true }),
        uses("c", "net", { delete: true }),
      ];
      assert.deepEqual(await planDependents(net, olds, ask(["a", "b", "c"])), []);
    });
  });

  describe("runDependentsFirst", () => {
    const states: readonly ResourceState[] = [
      { ...old, urn: "stack", custom: false, provider: undefined },
      { ...old, urn: "net", parent: "stack", provider: undefined },
      { ...old, urn: "a", parent: "stack", dependencies: ["net"], provider: undefined },
      { ...old, urn: "b", parent: "stack", dependencies: ["net"], provider: undefined },
      { ...old, urn: "c", parent: "stack", dependencies: ["a"], provider: undefined },
    ];
    it("runs dependents first, and independent resources concurrently", async () => {
      const order: string[] = [];
      let running = 0;
      let most = 0;
      await runDependentsFirst(states, async ({ urn }) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        order.push(urn);
        return true;
      });
      const at = (urn: string) => order.indexOf(urn);
      assert.ok(
        at("c") < at("a") && at("a") < at("net") && at("b") < at("net") && at("net") < at("stack"),
        order.join(),
      );
      assert.ok(most > 1, "some ran concurrently");
    });
    it("skips resources whose dependents failed", async () => {
      const order: string[] = [];
      const all = await runDependentsFirst(states, async ({ urn }) => {
        order.push(urn);
        return urn !== "c";
      });
      assert.equal(all, false);
      assert.deepEqual(order.sort(), ["b", "c"]);
    });
  });
});
