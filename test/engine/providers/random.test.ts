import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import bcrypt from "bcryptjs";
import fc from "fast-check";
import { Display } from "../../../engine/display/display";
import type { Properties } from "../../../engine/provider";
import { deploy, removeTemporaryDirs, temporaryDir, thing, World } from "../support";
import { officialState, providerFor, resource } from "./support";

const provider = providerFor("random", {});
const context = { log: () => undefined, signal: new AbortController().signal };
const create = async (kind: string, inputs: Properties) =>
  provider.create(resource(`random:index/random${kind}:Random${kind}`), inputs, context);
const reasons = async (kind: string, inputs: Properties) =>
  (await provider.check(resource(`random:index/random${kind}:Random${kind}`), undefined, inputs)).failures.map(
    ({ reason }) => reason,
  );

describe("random values", () => {
  after(removeTemporaryDirs);

  it("RandomString, and so RandomPassword: has the given length and only the given character classes", async () => {
    const count = fc.integer({ min: 0, max: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 12, max: 40 }),
        count,
        count,
        count,
        fc.boolean(),
        async (length, minLower, minNumeric, minSpecial, special) => {
          const inputs = {
            length,
            minLower,
            minNumeric,
            minSpecial: special ? minSpecial : 0,
            special,
            overrideSpecial: "~",
          };
          const result = String((await create("String", inputs)).outputs.result);
          const of = (pattern: RegExp) => (result.match(pattern) ?? []).length;
          assert.equal(result.length, length);
          assert.ok(of(/[a-z]/g) >= minLower && of(/\d/g) >= minNumeric && of(/~/g) >= inputs.minSpecial);
          assert.match(result, special ? /^[A-Za-z0-9~]+$/ : /^[A-Za-z0-9]+$/);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("RandomString: uses every character of its classes, and never repeats a result", async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => create("String", { length: 400 })));
    const texts = results.map(({ outputs }) => String(outputs.result));
    assert.equal(new Set(texts).size, 8);
    assert.equal(new Set(texts.join("")).size, 26 + 26 + 10 + 21);
  });

  it("RandomPassword: its hash matches the password only", async () => {
    const { id, outputs } = await create("Password", { length: 5 });
    assert.equal(id, "none");
    const hash = String(outputs.bcryptHash);
    assert.match(hash, /^\$2[aby]\$10\$/);
    assert.equal(await bcrypt.compare(String(outputs.result), hash), true);
    assert.equal(await bcrypt.compare(`${outputs.result}x`, hash), false);
  });

  it("RandomId: has one number in four encodings, each with the prefix", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.constantFrom("", "p-"), async (byteLength, prefix) => {
        const { id, outputs } = await create("Id", prefix ? { byteLength, prefix } : { byteLength });
        const bytes = Buffer.from(id, "base64url");
        assert.equal(bytes.length, byteLength);
        assert.equal(outputs.hex, prefix + bytes.toString("hex"));
        assert.equal(outputs.b64Std, prefix + bytes.toString("base64"));
        assert.equal(outputs.b64Url, prefix + id);
        assert.equal(outputs.dec, prefix + BigInt(`0x${bytes.toString("hex")}`));
      }),
      { numRuns: 30 },
    );
  });

  it("RandomString: its id is the result", async () => {
    const { id, outputs } = await create("String", { length: 8, upper: false, special: false });
    assert.match(id, /^[a-z0-9]{8}$/);
    assert.equal(outputs.result, id);
  });

  it("invalid inputs are refused", async () => {
    assert.match(
      (await reasons("Password", { length: 0 })).join(),
      /length: expected an integer of at least 1, found 0/,
    );
    assert.match((await reasons("Password", { length: 3, minLower: 2, minUpper: 2 })).join(), /at least 4, .* found 3/);
    assert.match(
      (await reasons("Password", { length: 3, lower: false, upper: false, numeric: false, special: false })).join(),
      /at least one to be true/,
    );
    assert.match((await reasons("Id", { byteLength: 1.5 })).join(), /byteLength: .* found 1.5/);
    assert.match((await reasons("Id", {})).join(), /byteLength: missing/);
  });

  it("a changed keeper replaces the resource", async () => {
    const type = "random:index/randomId:RandomId";
    const inputs = { byteLength: 4, keepers: { "/etc/a.conf": "1", other: "2" } };
    const { id, outputs } = await create("Id", inputs);
    const changed = { ...inputs, keepers: { "/etc/a.conf": "changed", other: "2" } };
    const existing = { ...resource(type), id, inputs, outputs };
    assert.deepEqual(await provider.diff(existing, changed), {
      changes: true,
      replaces: ["keepers"],
      deleteBeforeReplace: false,
      detailed: {},
    });
    assert.equal((await provider.diff(existing, inputs)).changes, false);
  });

  it("preview of a replacement: has the same text as the official engine's", async function () {
    const recorded = [...(officialState() ?? [])].find(([urn]) => urn.endsWith("RandomId::box-config"));
    const file = path.resolve(__dirname, "../../../../shared/data/pulumi-samples/06-preview-config-change.txt");
    if (recorded === undefined || !existsSync(file)) return this.skip();
    const [, { type, inputs, outputs: official }] = recorded;
    const world = Object.assign(new World(), { provider });
    const dir = temporaryDir();
    const goal = (keepers: Properties) => thing("box-config", { byteLength: 4, keepers }, { type });
    const before = inputs.keepers as Record<string, string>;
    // The change in the sample: 20 becomes 70 in each file, 21 becomes 71 in the first.
    const after = Object.fromEntries(
      Object.entries(before).map(([key, content]) => [key, content.replace(/<b>2/, "<b>7")]),
    );
    const first = await deploy(dir, world, [goal(before)]);
    const { events } = await deploy(dir, world, [goal(after)], true);
    let text = "";
    const display = new Display({
      kind: "preview",
      stack: "dev",
      diff: true,
      paint: (_tone, part) => part,
      write: (part) => {
        text += part;
      },
    });
    for (const event of events) display.event(event);
    const made = first.registrations.get("box-config")?.outputs ?? {};
    for (const name of ["b64Std", "b64Url", "dec", "hex"])
      text = text.replaceAll(`"${made[name]}"`, `"${official[name]}"`);
    const sample = readFileSync(file, "utf8").split("\n");
    const start = sample.findIndex((line) => line.includes("~ b64Std"));
    const end = sample.indexOf("        }", start);
    // In the sample the text is indented by one more level, below the stack.
    const expected = sample.slice(start, end + 1).map((line) => line.slice(4));
    assert.ok(start > 0 && end > start, "the sample contains the diff");
    assert.ok(text.includes(`${expected.join("\n")}\n`), text);
  });
});
