import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { PartialCreateError, type Properties, type Provider } from "../../../engine/provider";
import { dynamicProvider } from "../../../engine/providers/dynamic";
import { fromWire } from "../../../engine/values";
import { resource } from "./support";

const projectDirectory = `${__dirname}/../../..`;
const type = "pulumi-nodejs:dynamic:Resource";
/** Code of dynamic resources, in the form in which the SDK gives it to the engine. */
const full = `exports.handler = () => {
  let shelf = "none";
  return {
    configure: async ({ config }) => { shelf = config.get("library:shelf"); },
    check: async (olds, news) => news.size > 9
      ? { inputs: news, failures: [{ property: "size", reason: "too large" }] }
      : { inputs: { ...news, was: olds.size ?? 0, shelf } },
    diff: async (id, olds, news) => ({ changes: olds.size !== news.size, replaces: news.size === 9 ? ["size"] : [], deleteBeforeReplace: true }),
    create: async (inputs) => {
      if (inputs.size === 4) throw Object.assign(new Error("half made"), { id: "half", properties: { size: 2 } });
      if (inputs.size === 5) throw new Error("no room");
      return { id: "made-" + inputs.size, outs: { ...inputs, yaml: typeof require("yaml").parse } };
    },
    read: async (id, props) => id === "lost" ? {} : { id, props: { ...props, read: true }, inputs: { size: 1 } },
    update: async (id, olds, news) => ({ outs: { ...news, from: olds.size } }),
    delete: async (id) => { if (id === "glued") throw new Error("glued to the shelf"); },
  };
};`;
const minimal = `exports.handler = () => ({ create: async () => ({ id: "m" }) });`;

describe("dynamic resources", () => {
  const lines: string[] = [];
  const context = { log: () => undefined, signal: new AbortController().signal };
  let ours: Provider;
  let theirs: Sdk;
  before(async () => {
    const config = { "library:shelf": "top" };
    ours = dynamicProvider(config, { dir: projectDirectory, log: (line) => lines.push(line) });
    theirs = await Sdk.start(config);
  });
  after(async () => {
    await ours?.close?.();
    theirs?.stop();
  });

  const recorded = (id: string, outputs: Properties) => ({ ...resource(type), id, inputs: outputs, outputs });

  it("check: inputs, failures and unknown values are those of the SDK's server", async () => {
    const cases: readonly (readonly [Properties, Properties])[] = [
      [{}, { size: 1, __provider: full }],
      [{ size: 1 }, { size: 3, list: [1, null, { a: true }], __provider: full }],
      [{}, { size: 10, __provider: full }],
      [{ __provider: full }, { size: 3, __provider: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" }],
      [{ size: 1 }, { size: 2, __provider: minimal }],
    ];
    for (const [olds, news] of cases) {
      const request = new messages.CheckRequest().setOlds(struct(olds)).setNews(struct(news));
      const answer = await theirs.call<messages.CheckResponse>("check", request);
      const { inputs, failures } = await ours.check(resource(type), olds, news);
      assert.deepEqual(inputs, fromWire(answer.getInputs()?.toJavaScript()));
      assert.equal(failures.length, answer.getFailuresList().length);
    }
    const { failures } = await ours.check(resource(type), {}, { size: 10, __provider: full });
    assert.deepEqual(failures, [{ property: "size", reason: "size: too large" }]);
  });

  it("diff, create, read and update: the answers are those of the SDK's server", async () => {
    for (const code of [full, minimal])
      for (const size of [1, 2, 9]) {
        const olds = { size: 1, __provider: code };
        const news = { size, __provider: code };
        const diffRequest = new messages.DiffRequest().setId("x").setOlds(struct(olds)).setNews(struct(news));
        const diff = await theirs.call<messages.DiffResponse>("diff", diffRequest);
        const { changes, replaces, deleteBeforeReplace } = await ours.diff(recorded("x", olds), news);
        const { DIFF_SOME, DIFF_UNKNOWN } = messages.DiffResponse.DiffChanges;
        const theirChanges = diff.getChanges() === DIFF_UNKNOWN ? size !== 1 : diff.getChanges() === DIFF_SOME;
        assert.deepEqual(
          [changes, replaces, deleteBeforeReplace],
          [theirChanges, diff.getReplacesList(), diff.getDeletebeforereplace()],
        );

        const createRequest = new messages.CreateRequest().setProperties(struct(news));
        const made = await theirs.call<messages.CreateResponse>("create", createRequest);
        assert.deepEqual(await ours.create(resource(type), news, context), {
          id: made.getId(),
          outputs: made.getProperties()?.toJavaScript(),
        });

        const readRequest = new messages.ReadRequest().setId("x").setProperties(struct(news));
        const read = await theirs.call<messages.ReadResponse>("read", readRequest);
        assert.deepEqual(await ours.read(recorded("x", news), context), {
          inputs: read.getInputs()?.toJavaScript() ?? news,
          outputs: read.getProperties()?.toJavaScript(),
        });

        const updateRequest = new messages.UpdateRequest().setId("x").setOlds(struct(olds)).setNews(struct(news));
        const updated = await theirs.call<messages.UpdateResponse>("update", updateRequest);
        assert.deepEqual(await ours.update(recorded("x", olds), news, context), {
          outputs: updated.getProperties()?.toJavaScript(),
        });
      }
    assert.equal(await ours.read(recorded("lost", { __provider: full }), context), undefined);
  });

  it("errors have the message of the code; one after a partial create has the id and the properties too", async () => {
    const create = (size: number) => ours.create(resource(type), { size, __provider: full }, context);
    await assert.rejects(create(5), /^Error: no room$/);
    await assert.rejects(create(4), (error) => {
      assert.ok(error instanceof PartialCreateError);
      assert.deepEqual([error.message, error.id, error.outputs], ["half made", "half", { size: 2 }]);
      return true;
    });
    await ours.delete(recorded("x", { __provider: full }), context);
    await assert.rejects(ours.delete(recorded("glued", { __provider: full }), context), /^Error: glued to the shelf$/);
  });

  it("what the code prints is logged, and an error that nothing waits for does not end the process", async () => {
    const code = `exports.handler = () => ({ check: async (olds, inputs) => {
      console.log("hello from the code");
      Promise.reject(new Error("nobody waits"));
      return { inputs };
    } });`;
    await ours.check(resource(type), {}, { __provider: code });
    await ours.check(resource(type), {}, { __provider: minimal });
    while (!lines.some((line) => line.includes("nobody waits"))) await new Promise((wait) => setTimeout(wait, 20));
    assert.ok(lines.includes("hello from the code"));
  });

  it("a process that ends by itself fails the call that waits, and those that follow", async () => {
    const mortal = dynamicProvider({}, { dir: projectDirectory, log: () => undefined });
    const code = "exports.handler = () => ({ check: async () => process.exit(3) });";
    const ended = /^Error: the process of dynamic resources ended with exit status 3$/;
    await assert.rejects(mortal.check(resource(type), {}, { __provider: code }), ended);
    await assert.rejects(mortal.check(resource(type), {}, { __provider: minimal }), ended);
    await mortal.close?.();
  });

  it("a call that takes longer than customTimeouts is an error", async () => {
    const code = "exports.handler = () => ({ create: () => new Promise(() => {}) });";
    const short = { ...context, signal: AbortSignal.timeout(20) };
    await assert.rejects(ours.create(resource(type), { __provider: code }, short), /customTimeouts/);
  });
});

const struct = (properties: object): Struct =>
  Struct.fromJavaScript(properties as Parameters<typeof Struct.fromJavaScript>[0]);

/** The SDK's own server of dynamic resources. */
class Sdk {
  private constructor(
    private readonly client: grpc.Client,
    readonly stop: () => void,
  ) {}

  static async start(config: object): Promise<Sdk> {
    const child = spawn(process.execPath, [require.resolve("@pulumi/pulumi/cmd/dynamic-provider"), "127.0.0.1:0"], {
      cwd: projectDirectory,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const port = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once("line", resolve));
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    const sdk = new Sdk(client, () => {
      client.close();
      child.kill();
    });
    await sdk.call("configure", new messages.ConfigureRequest().setArgs(struct(config)).setAcceptsecrets(true));
    return sdk;
  }

  call<Response>(method: string, request: object): Promise<Response> {
    type Call = (request: object, done: (error: Error | null, response: Response) => void) => void;
    const { client } = this;
    return new Promise((resolve, reject) =>
      (client as unknown as Record<string, Call>)[method]?.call(client, request, (error, response) =>
        error ? reject(error) : resolve(response),
      ),
    );
  }
}
