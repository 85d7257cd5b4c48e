import assert from "node:assert/strict";
import fc from "fast-check";
import { type Properties, Unknown } from "../../../engine/provider";
import { bool, check, diff, type Fields, list, map, num, obj, set, str } from "../../../engine/providers/schema";

const fields: Fields = {
  name: str({ required: true }),
  count: num({ inPlace: true }),
  mode: str({ default: "bridge" }),
  on: bool(),
  steps: list(),
  labels: set({ key: "label", fields: { label: str({ required: true }), value: str() } }),
  words: set(),
  options: map(),
  health: obj({ tests: list({ required: true }), interval: str({ default: "0s" }) }, { inPlace: true }),
  gpus: str({ unsupported: true }),
};

const reasons = (news: Properties) => check(fields, news, true).failures.map(({ reason }) => reason);

describe("checking inputs", () => {
  it("defaults are added and listed in __defaults, at every depth", () => {
    assert.deepEqual(check(fields, { name: "a", health: { tests: ["CMD"] }, on: null }, true), {
      inputs: {
        name: "a",
        mode: "bridge",
        health: { tests: ["CMD"], interval: "0s", __defaults: ["interval"] },
        __defaults: ["mode"],
      },
      failures: [],
    });
    assert.deepEqual(check(fields, { name: "a" }, false).inputs, { name: "a", mode: "bridge" });
  });

  it("all invalid properties are reported at once, without values", () => {
    const found = reasons({
      nmae: "sesame",
      count: "sesame",
      steps: "sesame",
      words: [1],
      labels: [{ label: "a", vlaue: "sesame" }],
      gpus: "all",
    });
    assert.match(found.join("\n"), /nmae: no such property; expected one of name, count/);
    assert.match(found.join("\n"), /count: expected a number, found a string/);
    assert.match(found.join("\n"), /steps: expected a list, found a string/);
    assert.match(found.join("\n"), /words\[0\]: expected a string, found a number/);
    assert.match(found.join("\n"), /labels\[0\]\.vlaue: no such property/);
    assert.match(found.join("\n"), /gpus: not supported by the embedded engine/);
    assert.match(found.join("\n"), /name: missing/);
    assert.doesNotMatch(found.join("\n"), /sesame/);
  });

  it("unknown values are valid", () => {
    const unknown = Unknown.instance;
    assert.deepEqual(
      reasons({ name: unknown, count: unknown, steps: [unknown], labels: unknown, health: { tests: unknown } }),
      [],
    );
  });
});

describe("comparing inputs", () => {
  const compare = (olds: Properties, news: Properties) => diff(fields, olds, news);

  it("internal keys, defaults and the order of sets are ignored", () => {
    const old = {
      name: "a",
      labels: [
        { label: "x", value: "1" },
        { label: "y", value: "2" },
      ],
      words: ["p", "q"],
      __defaults: ["mode"],
      mode: "bridge",
      steps: [],
    };
    const now = {
      name: "a",
      labels: [
        { label: "y", value: "2", __defaults: [] },
        { label: "x", value: "1" },
      ],
      words: ["q", "p"],
    };
    assert.equal(compare(old, now).changes, false);
  });

  it("the kind of change is reported for each path", () => {
    const olds = {
      name: "a",
      count: 1,
      steps: ["x", "y"],
      labels: [{ label: "k", value: "1" }],
      words: ["gone", "kept"],
      options: { "a.b/c": "1", d: "2" },
    };
    const news = {
      name: "b",
      count: 2,
      steps: ["x"],
      labels: [
        { label: "new", value: "3" },
        { label: "k", value: "2" },
      ],
      words: ["kept", "one", "two"],
      options: { "a.b/c": "2" },
      on: true,
    };
    assert.deepEqual(compare(olds, news), {
      changes: true,
      replaces: ["name", "on", "steps", "labels", "words", "options"],
      detailed: {
        name: "update-replace",
        count: "update",
        on: "add-replace",
        "steps[1]": "delete-replace",
        "labels[0]": "add-replace",
        "labels[1].value": "update-replace",
        "words[1]": "update-replace",
        "words[2]": "add-replace",
        'options["a.b/c"]': "update-replace",
        "options.d": "delete-replace",
      },
    });
  });

  it("an unknown value is a change", () => {
    const olds = { name: "a", labels: [{ label: "k", value: "1" }], words: ["p"], count: 1 };
    const unknown = Unknown.instance;
    const news = { name: "a", labels: [{ label: "k", value: unknown }], words: [unknown], count: unknown };
    assert.deepEqual(compare(olds, news).detailed, {
      count: "update",
      "labels[0].value": "update-replace",
      "words[0]": "update-replace",
    });
  });

  const values = fc.record(
    {
      name: fc.string(),
      count: fc.integer(),
      words: fc.array(fc.string()),
      labels: fc.array(fc.record({ label: fc.string(), value: fc.string() })),
      options: fc.dictionary(fc.string(), fc.string()),
    },
    { requiredKeys: ["name"] },
  );

  it("equal inputs have no changes, also with sets in reverse order", () => {
    fc.assert(
      fc.property(values, (given) => {
        const news = given as Properties;
        const reversed = { ...news };
        for (const key of ["words", "labels"]) {
          const value = news[key];
          if (Array.isArray(value)) {
            reversed[key] = [...value].reverse();
          }
        }
        return !compare(check(fields, news, true).inputs, check(fields, reversed, true).inputs).changes;
      }),
    );
  });

  it("one changed property is reported as the only change", () => {
    fc.assert(
      fc.property(values, fc.constantFrom("name", "mode"), (given, key) => {
        const news = given as Properties;
        const { detailed } = compare(news, { ...news, [key]: `${String(news[key])}!` });
        return Object.keys(detailed).join() === key;
      }),
    );
  });
});

describe("members that replace below a property that changes in place", () => {
  const inner: Fields = {
    image: str(),
    hosts: set({ key: "host", fields: { host: str(), ip: str() }, replaces: true }),
    mounts: set({ key: "target", fields: { target: str(), labels: map({ replaces: true }) } }),
    settings: obj({ sysctl: map({ replaces: true }), user: str() }),
  };
  const task: Fields = { task: obj(inner, { inPlace: true }) };
  const cases: [what: string, olds: Properties, news: Properties, detailed: Record<string, string>][] = [
    ["another member", { image: "a" }, { image: "b" }, { "task.image": "update" }],
    [
      "a member of such a set",
      { hosts: [{ host: "a", ip: "1" }] },
      { hosts: [{ host: "a", ip: "2" }] },
      { "task.hosts[0].ip": "update-replace" },
    ],
    ["adding such a set", {}, { hosts: [{ host: "a", ip: "1" }] }, { "task.hosts": "add-replace" }],
    [
      "a set's element that contains one, changed elsewhere",
      { mounts: [{ target: "/a", labels: { x: "1" } }] },
      { mounts: [{ target: "/b", labels: { x: "1" } }] },
      { "task.mounts[0].target": "update-replace" },
    ],
    [
      "a set's element without one",
      { mounts: [{ target: "/a" }] },
      { mounts: [{ target: "/b" }] },
      { "task.mounts[0].target": "update" },
    ],
    [
      "one in an object, and another in the same object",
      { settings: { sysctl: { a: "1" }, user: "u" } },
      { settings: { sysctl: { a: "2" }, user: "v" } },
      { "task.settings.sysctl.a": "update-replace", "task.settings.user": "update" },
    ],
    [
      "removing an object with one",
      { settings: { sysctl: { a: "1" } } },
      { image: "" },
      { "task.settings": "delete-replace" },
    ],
  ];
  for (const [what, olds, news, detailed] of cases)
    it(`diff, ${what}: ${Object.values(detailed)}`, () => {
      const found = diff(task, { task: { image: "", ...olds } }, { task: { image: "", ...news } });
      assert.deepEqual(found.detailed, detailed);
      const replaces = Object.values(detailed).some((kind) => kind.endsWith("replace"));
      assert.deepEqual(found.replaces, replaces ? ["task"] : []);
    });
});
