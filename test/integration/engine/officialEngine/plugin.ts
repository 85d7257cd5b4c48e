/**
 * Serves one of this project's providers as a plugin of the official engine: `plugin.ts PACKAGE VERSION`. Used on machines
 * that have the Pulumi CLI but not its plugins, so such tests compare the engines, not the official providers.
 */

import * as grpc from "@grpc/grpc-js";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Context, DiffKind, Existing, Properties, Provider, ResourceRef } from "../../../../engine/provider";
import { providersFor } from "../../../../engine/providers";
import { fromStruct, markPaths, type Props, parsePath, toStruct, unwrapProps } from "../../../../engine/values";

const [pkg = "", version = ""] = process.argv.slice(2);
const context: Context = { log: () => undefined, signal: new AbortController().signal };
const kinds: Readonly<Record<DiffKind, number>> = {
  add: rpc.PropertyDiff.Kind.ADD,
  "add-replace": rpc.PropertyDiff.Kind.ADD_REPLACE,
  delete: rpc.PropertyDiff.Kind.DELETE,
  "delete-replace": rpc.PropertyDiff.Kind.DELETE_REPLACE,
  update: rpc.PropertyDiff.Kind.UPDATE,
  "update-replace": rpc.PropertyDiff.Kind.UPDATE_REPLACE,
};
let provider: Provider | undefined;

const plain = (struct: Struct | undefined): Properties => unwrapProps(fromStruct(struct));

function configured(): Provider {
  if (provider === undefined) throw new Error(`${pkg}: not configured yet`);
  return provider;
}

interface ResourceRequest {
  getUrn(): string;
  getType(): string;
}

const refOf = (request: ResourceRequest): ResourceRef => ({ urn: request.getUrn(), type: request.getType() });
const existingOf = (
  request: ResourceRequest & { getId(): string },
  inputs: Struct | undefined,
  outputs: Struct | undefined,
): Existing => ({ ...refOf(request), id: request.getId(), inputs: plain(inputs), outputs: plain(outputs) });
/** Marks the secret outputs. The engine marks those that come from secret inputs. */
const outputsOf = (type: string, outputs: Properties): Struct =>
  toStruct(markPaths(outputs as Props, configured().secretOutputs(type)));

function handle<Request, Response>(
  work: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return ({ request }, callback) => {
    Promise.resolve()
      .then(() => work(request))
      .then(
        (response) => callback(null, response),
        (error: Error) => callback({ code: grpc.status.UNKNOWN, message: error.message }),
      );
  };
}

const service = {
  getPluginInfo: handle(() => new plugin.PluginInfo().setVersion(version)),
  checkConfig: handle((request: rpc.CheckRequest) => new rpc.CheckResponse().setInputs(request.getNews())),
  diffConfig: handle(() => new rpc.DiffResponse()),
  configure: handle((request: rpc.ConfigureRequest) => {
    const { version: _, ...config } = plain(request.getArgs());
    provider = providersFor({ dir: process.cwd(), log: () => undefined })(pkg, config);
    return new rpc.ConfigureResponse();
  }),
  check: handle(async (request: rpc.CheckRequest) => {
    const olds = request.hasOlds() ? plain(request.getOlds()) : undefined;
    const { inputs, failures } = await configured().check(refOf(request), olds, plain(request.getNews()));
    const list = failures.map(({ property, reason }) => new rpc.CheckFailure().setProperty(property).setReason(reason));
    return new rpc.CheckResponse().setInputs(toStruct(inputs as Props)).setFailuresList(list);
  }),
  diff: handle(async (request: rpc.DiffRequest) => {
    const existing = existingOf(request, request.getOldInputs(), request.getOlds());
    const { changes, replaces, deleteBeforeReplace, detailed } = await configured().diff(
      existing,
      plain(request.getNews()),
    );
    const response = new rpc.DiffResponse()
      .setChanges(changes ? rpc.DiffResponse.DiffChanges.DIFF_SOME : rpc.DiffResponse.DiffChanges.DIFF_NONE)
      .setReplacesList([...replaces])
      .setDiffsList([...new Set([...replaces, ...Object.keys(detailed).map((path) => String(parsePath(path)[0]))])])
      .setDeletebeforereplace(deleteBeforeReplace)
      .setHasdetaileddiff(true);
    for (const [path, kind] of Object.entries(detailed))
      response.getDetaileddiffMap().set(path, new rpc.PropertyDiff().setKind(kinds[kind] as never).setInputdiff(true));
    return response;
  }),
  create: handle(async (request: rpc.CreateRequest) => {
    const { id, outputs } = await configured().create(refOf(request), plain(request.getProperties()), context);
    return new rpc.CreateResponse().setId(id).setProperties(outputsOf(request.getType(), outputs));
  }),
  read: handle(async (request: rpc.ReadRequest) => {
    const found = await configured().read(existingOf(request, request.getInputs(), request.getProperties()), context);
    if (found === undefined) return new rpc.ReadResponse();
    return new rpc.ReadResponse()
      .setId(request.getId())
      .setInputs(toStruct(found.inputs as Props))
      .setProperties(outputsOf(request.getType(), found.outputs));
  }),
  update: handle(async (request: rpc.UpdateRequest) => {
    const existing = existingOf(request, request.getOldInputs(), request.getOlds());
    const { outputs } = await configured().update(existing, plain(request.getNews()), context);
    return new rpc.UpdateResponse().setProperties(outputsOf(request.getType(), outputs));
  }),
  delete: handle(async (request: rpc.DeleteRequest) => {
    await configured().delete(existingOf(request, request.getOldInputs(), request.getProperties()), context);
    return new Empty();
  }),
  invoke: handle(async (request: rpc.InvokeRequest) => {
    const found = await configured().invoke?.(request.getTok(), plain(request.getArgs()));
    return new rpc.InvokeResponse().setReturn(toStruct((found ?? {}) as Props));
  }),
  cancel: handle(() => new Empty()),
  attach: handle(() => new Empty()),
};

const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
server.addService(ResourceProviderService, service as unknown as grpc.UntypedServiceImplementation);
// The engine reads the port from the first line of a plugin.
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
