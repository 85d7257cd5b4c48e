import assert from "node:assert/strict";
import { type Properties, Unknown } from "../../../engine/provider";
import { type Kind, providerOf } from "../../../engine/providers/kind";
import { num, str, unsupported } from "../../../engine/providers/schema";
import { isEmpty } from "../../../engine/values";
import { resource } from "./support";

interface Inputs {
  readonly name: string;
  readonly size: number;
  readonly mode: string;
}

const type = "toy:index/box:Box";
const validated: object[] = [];
/** A minimal kind with names. */
const box: Kind<Inputs> = {
  type,
  named: true,
  fields: {
    name: str({ required: true }),
    size: num({ required: true, inPlace: true, min: 1 }),
    mode: str({ default: "plain" }),
    lid: unsupported(),
  },
  *validate(inputs) {
    validated.push(inputs);
    if (inputs.mode === "tiny" && inputs.size > 9) yield ["size", `expected 1..9 with mode tiny, found ${inputs.size}`];
  },
  async refuseForeign({ name }) {
    if (name === "theirs") throw new Error("theirs already exists");
  },
  create: async (inputs) => ({ id: `${inputs.name}-1`, outputs: { ...inputs, weight: undefined } }),
  async read({ id, inputs }) {
    return isEmpty(inputs) ? { inputs: { name: id, size: 2 }, outputs: { size: 2 } } : { outputs: { size: 2 } };
  },
  delete: async () => undefined,
  recover: async ({ name }) => (name === "left" ? { id: "left-1", outputs: {} } : undefined),
};

describe("a resource kind", () => {
  const provider = providerOf([box]);
  const context = { log: () => undefined, signal: new AbortController().signal };
  const given = { name: "b", size: 3 };
  const existing = (inputs: Properties, outputs: Properties = {}) => ({
    ...resource(type),
    id: "b-1",
    inputs,
    outputs,
  });

  it("check: inputs are validated by the fields, then by the kind's own rules", async () => {
    const check = async (news: Properties) => {
      const { inputs, failures } = await provider.check(resource(type), undefined, news);
      return failures.length > 0 ? failures.map(({ reason }) => reason) : inputs;
    };
    assert.deepEqual(await check(given), { ...given, mode: "plain", __defaults: ["mode"] });
    assert.deepEqual(await check({ size: 0, lid: "x", mode: "tiny" }), [
      "size: expected an integer of at least 1, found 0",
      "lid: not supported by the embedded engine; leave it out or use the Pulumi CLI",
    ]);
    validated.length = 0;
    assert.deepEqual(await check({ ...given, size: 10, mode: "tiny" }), [
      "size: expected 1..9 with mode tiny, found 10",
    ]);
    await check({ ...given, size: Unknown.instance });
    assert.deepEqual(validated[1], { name: "b", mode: "plain", __defaults: ["mode"] }, "without the unknown input");
  });

  it("create and recover: the id is added to the outputs; internal keys and undefined outputs are removed", async () => {
    const { inputs } = await provider.check(resource(type), undefined, given);
    const made = await provider.create(resource(type), inputs, context);
    assert.deepEqual(made, { id: "b-1", outputs: { id: "b-1", ...given, mode: "plain" } });
    assert.deepEqual(await provider.recover?.(resource(type), { ...given, name: "left" }, context), {
      id: "left-1",
      outputs: { id: "left-1" },
      complete: true,
    });
    assert.equal(await provider.recover?.(resource(type), given, context), undefined);
  });

  it("refuseForeign: an existing object is refused", async () => {
    await provider.refuseForeign?.(resource(type), given, context);
    const theirs = provider.refuseForeign?.(resource(type), { ...given, name: "theirs" }, context);
    await assert.rejects(theirs ?? Promise.resolve(), /theirs already exists/);
  });

  it("read: the recorded inputs are kept unless the kind returns others; an import has none", async () => {
    assert.deepEqual(await provider.read(existing(given), context), { inputs: given, outputs: { id: "b-1", size: 2 } });
    const imported = await provider.read(existing({}), context);
    assert.deepEqual(imported?.inputs, { name: "b-1", size: 2 });
  });

  it("update: the new inputs are recorded; a replacement with the same name deletes first", async () => {
    const { outputs } = await provider.create(resource(type), given, context);
    const recorded = existing(given, { ...outputs, __pulumi_raw_state_delta: {} });
    const news = { ...given, size: 4 };
    const inPlace = await provider.diff(recorded, news);
    assert.deepEqual(
      [inPlace.detailed, inPlace.deleteBeforeReplace],
      [{ size: "update" }, true],
      "deleteBeforeReplace applies if replaceOnChanges turns the update into a replacement",
    );
    assert.equal(provider.replacesBroken?.(type), false);
    assert.deepEqual(await provider.update(recorded, news, context), { outputs: { id: "b-1", ...news } });
    const other = await provider.diff(recorded, { ...given, mode: "tiny" });
    assert.deepEqual([other.replaces, other.deleteBeforeReplace], [["mode"], true]);
  });

  it("of an unsupported type is refused", async () => {
    await assert.rejects(
      provider.create(resource("toy:index/bag:Bag"), {}, context),
      /toy:index\/bag:Bag: .*Pulumi CLI/,
    );
    assert.deepEqual(provider.secretOutputs(type), []);
  });
});
