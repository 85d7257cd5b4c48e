import assert from "node:assert/strict";
import { type Properties, Unknown } from "../../../../engine/provider";
import { Driver, resource } from "../support";
import { useFakeSwarm } from "./fakeSwarm";

const base64 = (text: string | Buffer): string => Buffer.from(text).toString("base64");
const label = [{ label: "stack", value: "dev" }];

describe("Swarm secret", () => {
  const held = useFakeSwarm();
  const secrets = () => new Driver(held.provider, "docker:index/secret:Secret", "keys");
  const inputs: Properties = { name: "keys-1a2b", data: base64("sesame"), labels: label };

  it("is sent in the body, never in the URL, and recorded as the official provider does, with secret data", async () => {
    const created = await secrets().create(inputs);
    const sent = held.swarm.asked.filter(({ method }) => method === "POST");
    assert.deepEqual(
      sent.map(({ url, body }) => [url, body]),
      [["/secrets/create?", { Name: "keys-1a2b", Labels: { stack: "dev" }, Data: base64("sesame") }]],
    );
    assert.deepEqual(created.outputs, {
      __meta: '{"schema_version":"1"}',
      data: base64("sesame"),
      id: "secrets-1",
      labels: label,
      name: "keys-1a2b",
    });
    assert.deepEqual(held.provider.secretOutputs("docker:index/secret:Secret"), ["data"]);
    assert.deepEqual((await secrets().read(created))?.outputs, created.outputs);
    assert.equal((await secrets().diff(created, inputs)).changes, false);
  });

  it("each change replaces it: with another name the old one is deleted last, with the same name first", async () => {
    const created = await secrets().create(inputs);
    const renamed = await secrets().diff(created, { ...inputs, name: "keys-3c4d", data: base64("other") });
    assert.deepEqual([renamed.replaces, renamed.deleteBeforeReplace], [["name", "data"], false]);
    const same = await secrets().diff(created, { ...inputs, data: base64("other") });
    assert.deepEqual([same.detailed, same.deleteBeforeReplace], [{ data: "update-replace" }, true]);
    const labels = await secrets().diff(created, { ...inputs, labels: [] });
    assert.deepEqual(labels.replaces, ["labels"]);
  });

  it("delete says what to do when a service uses it, and succeeds when it is gone", async () => {
    const created = await secrets().create(inputs);
    const message =
      "rpc error: code = InvalidArgument desc = secret 'keys-1a2b' is in use by the following service: web";
    held.swarm.failures.set("DELETE /secrets/", [400, message]);
    await assert.rejects(
      secrets().delete(created),
      /delete secret keys-1a2b: .*in use by the following service: web; .*give a new name to each new content/,
    );
    held.swarm.failures.clear();
    await secrets().delete(created);
    await secrets().delete(created);
    assert.equal(await secrets().read(created), undefined);
  });

  it("a foreign one is refused; recover finds what an interrupted create left, by name and labels", async () => {
    assert.equal(await secrets().recover(inputs), undefined);
    await secrets().create({ ...inputs, name: "keys-1a2b3c" });
    assert.equal(await secrets().recover(inputs), undefined, "a longer name");
    await secrets().create(inputs);
    await assert.rejects(secrets().create(inputs), /create secret keys-1a2b: .*docker secret rm keys-1a2b/);
    assert.equal((await secrets().recover(inputs))?.id, "secrets-2");
    assert.equal(await secrets().recover({ ...inputs, labels: [] }), undefined);
  });

  it("can't be imported", async () => {
    await assert.rejects(secrets().import("x"), /secret x: it can't be imported/);
  });

  const invalid: [Properties, RegExp][] = [
    [{ data: "not base64" }, /^Error: data: expected base64 with padding, found something else$/],
    [{ data: "sesam" }, /^Error: data: expected base64/],
    [{ data: base64("") }, /data: secret keys-1a2b: expected 1 to 511999 bytes, .*found 0/],
    [{ data: base64(Buffer.alloc(512_000)) }, /secret keys-1a2b: expected 1 to 511999 bytes, .*found 512000; make it/],
    [{ name: "keys/1" }, /name: expected up to 64 letters/],
    [{ name: "k".repeat(65) }, /name: expected up to 64 letters/],
  ];
  for (const [more, expected] of invalid)
    it(`refused: ${expected.source}`, () => assert.rejects(secrets().checked({ ...inputs, ...more }), expected));

  it("the largest content is accepted, and one that a preview does not know yet", async () => {
    await secrets().checked({ ...inputs, data: base64(Buffer.alloc(511_999)) });
    await secrets().checked({ ...inputs, data: Unknown.instance });
  });
});

describe("Swarm config", () => {
  const held = useFakeSwarm();
  const type = "docker:index/serviceConfig:ServiceConfig";
  const configs = () => new Driver(held.provider, type, "master");
  const inputs: Properties = { name: "master-1a2b", data: base64("<xml/>"), labels: label };

  it("is created, recorded as the official provider does, and read without drift", async () => {
    const created = await configs().create(inputs);
    const expected = { data: base64("<xml/>"), dataRaw: null, id: "configs-1", labels: label, name: "master-1a2b" };
    assert.deepEqual(created.outputs, expected);
    const read = (await configs().read(created)) ?? assert.fail();
    assert.deepEqual(read.inputs, created.inputs);
    assert.equal((await configs().diff(read, inputs)).changes, false);
    assert.deepEqual((await configs().import("configs-1"))?.inputs, inputs);
  });

  it("takes plain text in dataRaw", async () => {
    const created = await configs().create({ name: "raw", dataRaw: "é" });
    assert.equal(held.swarm.configs.get(created.id)?.Spec.Data, base64("é"));
    assert.deepEqual([created.outputs.data, created.outputs.dataRaw], [null, "é"]);
    assert.equal((await configs().read(created))?.outputs.dataRaw, "é");
    await assert.rejects(configs().create({ name: "none" }), /config none: expected data or dataRaw, found neither/);
  });

  it("a foreign one is refused; recover finds what an interrupted create left, by name, labels and content", async () => {
    await configs().create(inputs);
    await assert.rejects(configs().create(inputs), /create config master-1a2b: .*docker config rm master-1a2b/);
    assert.equal((await configs().recover(inputs))?.id, "configs-1");
    assert.equal(await configs().recover({ ...inputs, data: base64("other") }), undefined);
  });

  it("too much content and two contents are refused", async () => {
    const most = 1_023_999;
    await configs().checked({ ...inputs, data: base64(Buffer.alloc(most)) });
    const more = { name: "big", dataRaw: "x".repeat(most + 1) };
    await assert.rejects(configs().checked(more), /dataRaw: config big: expected 1 to 1023999 bytes, .*found 1024000/);
    await assert.rejects(configs().checked({ ...inputs, dataRaw: "x" }), /data: expected either data or dataRaw/);
  });

  it("delete succeeds when it is gone", async () => {
    const created = await configs().create(inputs);
    await configs().delete(created);
    await configs().delete(created);
    assert.equal(await configs().read(created), undefined);
    assert.equal(resource(type).type, created.type);
  });
});
