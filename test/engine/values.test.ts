import assert from "node:assert/strict";
import fc from "fast-check";
import { Unknown } from "../../engine/provider";
import {
  coversPath,
  equal,
  fromStruct,
  fromWire,
  markPaths,
  markSecrets,
  type Prop,
  type Props,
  parsePath,
  resetPath,
  Secret,
  toStruct,
  UNKNOWN_ID,
  unwrap,
} from "../../engine/values";

const SIGNATURE = "4dabf18193072939515e22adb298388d";

describe("values", () => {
  it("parsePath splits property paths, and coversPath matches parents and wildcards", () => {
    assert.deepEqual(parsePath("labels[1].value"), ["labels", 1, "value"]);
    assert.deepEqual(parsePath('keepers["a.b"].c'), ["keepers", "a.b", "c"]);
    assert.deepEqual(parsePath("tags[*].v"), ["tags", "*", "v"]);
    assert.deepEqual(parsePath("*"), ["*"]);
    for (const [pattern, path, covers] of [
      ["a", "a", true],
      ["a", "a.b[0]", true],
      ["a.b", "a", false],
      ["a[*].b", "a[3].b.c", true],
      ["*", "x.y", true],
      ["a", "ab", false],
    ] as const)
      assert.equal(coversPath(pattern, path), covers, `${pattern} ${path}`);
  });

  it("resetPath restores the old value, also inside secrets, and removes a value that did not exist", () => {
    const olds: Props = { a: 1, list: [{ v: 1 }, { v: 2 }], s: new Secret({ x: 1, y: 1 }) };
    const news: Props = { a: 2, b: 3, list: [{ v: 5 }, { v: 6 }, { v: 7 }], s: new Secret({ x: 2, y: 2 }) };
    assert.equal((resetPath(news, olds, ["a"]) as Props).a, 1);
    assert.ok(!("b" in (resetPath(news, olds, ["b"]) as Props)));
    assert.deepEqual((resetPath(news, olds, ["list", 1, "v"]) as Props).list, [{ v: 5 }, { v: 2 }, { v: 7 }]);
    assert.throws(() => resetPath(news, olds, ["list", 2, "v"]), /ignoreChanges: 2/);
    assert.throws(() => resetPath(news, olds, ["list", "*", "v"]), /lists of equal length/);
    assert.deepEqual((resetPath(news, olds, ["s", "x"]) as Props).s, new Secret({ x: 1, y: 2 }));
    assert.deepEqual(resetPath(news, olds, ["*"]), olds);
  });

  it("markSecrets and markPaths mark object members one by one, and arrays as a whole", () => {
    const marked = markSecrets(
      { o: { x: 1, y: 2 }, l: [1, 2], p: 3, more: 4 },
      { o: { x: new Secret(0) }, l: [new Secret(0)], p: 9 },
    );
    assert.deepEqual(marked, { o: { x: new Secret(1), y: 2 }, l: new Secret([1, 2]), p: 3, more: 4 });
    assert.deepEqual(markPaths({ a: { b: { c: 1 } }, "x.y": 2, n: null }, ["a.b.c", "x.y", "n", "none"]), {
      a: { b: { c: new Secret(1) } },
      "x.y": new Secret(2),
      n: null,
    });
  });

  it("unwrap removes secret marks, and replaces resource references by ids", () => {
    const reference = { [SIGNATURE]: "5cf8f73096256a8f31e491e813e4eb8e", urn: "u", id: "i", packageVersion: "" };
    assert.deepEqual(unwrap({ a: new Secret([new Secret(1)]), r: reference }), { a: [1], r: "i" });
    assert.equal(unwrap({ [SIGNATURE]: "5cf8f73096256a8f31e491e813e4eb8e", urn: "u" }), "u");
  });

  it("fromWire converts outputs and unknown values", () => {
    const output = { [SIGNATURE]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", secret: true, dependencies: [] };
    assert.deepEqual(fromWire(output), new Secret(Unknown.instance));
    assert.deepEqual(fromWire({ ...output, value: "v", secret: false }), "v");
    assert.equal(fromWire(UNKNOWN_ID), Unknown.instance);
  });

  it("toStruct and fromStruct return any value unchanged", () => {
    const prop: fc.Arbitrary<Prop> = fc.letrec<{ prop: Prop }>((tie) => ({
      prop: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<Prop>(null, true, 1.5, "x", Unknown.instance),
        fc.array(tie("prop"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("a", "b", "c"), tie("prop")),
        tie("prop").map((value) => new Secret(value)),
      ),
    })).prop;
    fc.assert(fc.property(prop, (value) => assert.ok(equal(fromStruct(toStruct({ value })), { value }))));
  });

  it("equal compares values and secret marks, and ignores the order of keys", () => {
    assert.ok(equal({ a: 1, b: [new Secret({ x: 1 })] }, { b: [new Secret({ x: 1 }, "cipher")], a: 1 }));
    assert.ok(!equal(new Secret(1), 1));
    assert.ok(!equal({ a: 1 }, { a: 1, b: undefined as unknown as Prop }));
    assert.ok(!equal([1, 2], [2, 1]));
    assert.ok(!equal({ a: null }, { b: null }));
  });
});
