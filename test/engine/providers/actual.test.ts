import assert from "node:assert/strict";
import fc from "fast-check";
import type { Properties } from "../../../engine/provider";
import { actualInputs, matches, withComputed } from "../../../engine/providers/actual";
import { bool, type Fields, list, map, num, obj, set, str } from "../../../engine/providers/schema";

const fields: Fields = {
  image: str({ required: true, unchanged: (found, given) => String(found).replace(/@.*/, "") === given }),
  user: str(),
  count: num({ default: 1 }),
  on: bool(),
  args: list(),
  words: set(),
  env: map(),
  mounts: set({ key: "target", fields: { target: str(), readOnly: bool() } }),
  health: obj({ tests: list(), interval: str({ default: "0s" }) }, { computed: true }),
  ports: list({ fields: { target: num(), published: num({ computed: true }) } }),
};
/** What a server reports for a thing of which only the image was given. */
const bare: Properties = {
  image: "i@1",
  user: "",
  count: 1,
  on: false,
  args: [],
  words: [],
  env: {},
  mounts: [],
  health: { tests: [], interval: "0s" },
  ports: [],
};

describe("inputs and what a server reports", () => {
  it("what was not given and is empty, zero or the default is no difference", () => {
    assert.deepEqual(actualInputs(fields, { image: "i", __defaults: [] }, bare), { image: "i", __defaults: [] });
  });

  const cases: [what: string, given: Properties, found: Properties, expected: Properties][] = [
    ["another value", { user: "a" }, { user: "b" }, { user: "b" }],
    ["a value that was not given", {}, { user: "b" }, { user: "b" }],
    ["a value that is gone", { user: "a" }, { user: "" }, { user: "" }],
    ["a default that changed", {}, { count: 3 }, { count: 3 }],
    ["the order of a list", { args: ["a", "b"] }, { args: ["b", "a"] }, { args: ["b", "a"] }],
    ["the order of a set", { words: ["a", "b"] }, { words: ["b", "a"] }, { words: ["a", "b"] }],
    ["an entry of a map", { env: { A: "1" } }, { env: { A: "1", B: "2" } }, { env: { A: "1", B: "2" } }],
    [
      "an element of a set, without what is empty",
      { mounts: [{ target: "/a" }] },
      {
        mounts: [
          { target: "/b", readOnly: false },
          { target: "/a", readOnly: false },
        ],
      },
      { mounts: [{ target: "/b" }, { target: "/a" }] },
    ],
    ["what the server chose", {}, { health: { tests: ["x"], interval: "0s" } }, {}],
    [
      "a member of an object",
      { health: { tests: ["x"] } },
      { health: { tests: ["y"], interval: "0s" } },
      { health: { tests: ["y"] } },
    ],
    [
      "a port that the server chose",
      { ports: [{ target: 1 }] },
      { ports: [{ target: 1, published: 9 }] },
      { ports: [{ target: 1 }] },
    ],
  ];
  for (const [what, given, found, expected] of cases)
    it(`${what}: ${JSON.stringify(expected)}`, () =>
      assert.deepEqual(actualInputs(fields, { image: "i", ...given }, { ...bare, ...found }), {
        image: "i",
        ...expected,
      }));

  it("a set matches itself in any order, and not with another element", () => {
    const words = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 });
    fc.assert(
      fc.property(words, fc.nat(), (given, shift) => {
        const at = shift % given.length;
        const found = [...given.slice(at), ...given.slice(0, at)];
        assert.ok(matches(fields.words ?? assert.fail(), given, found));
        assert.ok(!matches(fields.words ?? assert.fail(), given, [...found, "one more"]));
        assert.ok(!matches(fields.words ?? assert.fail(), given, found.slice(1)));
      }),
    );
  });

  it("an update keeps what the server chose, but not what else is no longer given", () => {
    const now = { ...bare, user: "a", health: { tests: ["x"], interval: "5s" }, ports: [{ target: 1, published: 9 }] };
    assert.deepEqual(withComputed(fields, { image: "j", ports: [{ target: 1 }, { target: 2 }], __defaults: [] }, now), {
      image: "j",
      health: { tests: ["x"], interval: "5s" },
      ports: [{ target: 1, published: 9 }, { target: 2 }],
    });
  });
});
