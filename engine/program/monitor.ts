/** Implements the SDK's gRPC services: the resource monitor and the engine. */

import { promisify } from "node:util";
import * as grpc from "@grpc/grpc-js";
import type { Alias as AliasMessage } from "@pulumi/pulumi/proto/alias_pb";
import { EngineService, type IEngineServer } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engine from "@pulumi/pulumi/proto/engine_pb";
import { InvokeResponse } from "@pulumi/pulumi/proto/provider_pb";
import { type IResourceMonitorServer, ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as resource from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { parseDuration } from "../duration";
import type { Emit } from "../events";
import { type Alias, type Goal, STACK_TYPE } from "../model";
import type { Deployment } from "../planning/deployment";
import { Stopped } from "../planning/steps";
import { fromStruct, toStruct, UNKNOWN_ID } from "../values";
import { recordedPosition } from "./sourcePosition";

/** The supported protocol features; the SDK refuses others by itself. */
const FEATURES = new Set(["secrets", "resourceReferences", "outputValues", "deletedWith", "aliasSpecs"]);

const unsupported = (what: string): string =>
  `${what}: not supported by the embedded engine; use the Pulumi CLI (APIM_ENGINE=pulumi)`;

/** Replaces the SDK's own message, which advises to update the Pulumi CLI. */
const correctRemedy = (message: string): string =>
  message.replace(/The Pulumi CLI does not support (.+?)\. Please update the Pulumi CLI\.?/g, unsupported("$1"));

/** Messages contain whole files, so their size is not limited; the SDK does the same. */
const UNLIMITED = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

export interface Monitor {
  /** host:port on the loopback interface. */
  readonly address: string;
  close(): void;
}

/** @param projectDir the directory to which source positions are relative */
export async function startMonitor(deployment: Promise<Deployment>, emit: Emit, projectDir: string): Promise<Monitor> {
  const server = new grpc.Server(UNLIMITED);
  const resources = monitorService(deployment, projectDir);
  server.addService(ResourceMonitorService, resources as grpc.UntypedServiceImplementation);
  server.addService(EngineService, engineService(emit) as unknown as grpc.UntypedServiceImplementation);
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind("127.0.0.1:0", grpc.ServerCredentials.createInsecure());
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

type Handler<Request, Response> = grpc.handleUnaryCall<Request, Response>;

/** Wraps an async function as a gRPC handler; the SDK gets the messages of errors. */
function answer<Request, Response>(
  work: (request: Request) => Promise<Response> | Response,
): Handler<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => work(call.request))
      .then(
        (response) => callback(null, response),
        (error: Error) => {
          const code = error instanceof Stopped ? grpc.status.CANCELLED : grpc.status.UNKNOWN;
          callback({ code, details: error.message });
        },
      );
  };
}

const RESULTS = { success: resource.Result.SUCCESS, fail: resource.Result.FAIL, skip: resource.Result.SKIP };

/** The program gets an empty id for a resource that does not exist yet. */
const knownId = (id: string): string => (id === UNKNOWN_ID ? "" : id);

function monitorService(ready: Promise<Deployment>, projectDir: string): Partial<IResourceMonitorServer> {
  const refuse = <Request, Response>(what: string) =>
    answer<Request, Response>(() => {
      throw new Error(unsupported(what));
    });
  return {
    supportsFeature: answer((request) =>
      new resource.SupportsFeatureResponse().setHassupport(FEATURES.has(request.getId())),
    ),
    registerResource: answer(async (request) => {
      const deployment = await ready;
      const { urn, id, outputs, result } = await deployment.register(goalOf(request, deployment.rootUrn, projectDir));
      return new resource.RegisterResourceResponse()
        .setUrn(urn)
        .setId(knownId(id))
        .setObject(toStruct(outputs))
        .setResult(RESULTS[result]);
    }),
    readResource: answer(async (request) => {
      const deployment = await ready;
      const { urn, outputs, result } = await deployment.register({
        ...commonGoal(request, deployment.rootUrn, projectDir),
        custom: true,
        inputs: fromStruct(request.getProperties()),
        readId: request.getId(),
      });
      if (result !== "success") throw new Error(`${urn} could not be read`);
      return new resource.ReadResourceResponse().setUrn(urn).setProperties(toStruct(outputs));
    }),
    registerResourceOutputs: answer(async (request) => {
      await (await ready).registerOutputs(request.getUrn(), fromStruct(request.getOutputs()));
      return new Empty();
    }),
    invoke: answer(async (request) => {
      const provider = request.getProvider() || undefined;
      const version = request.getVersion() || undefined;
      const args = fromStruct(request.getArgs());
      const result = await (await ready).invoke(request.getTok(), args, provider, version);
      return new InvokeResponse().setReturn(toStruct(result));
    }),
    call: refuse("resource methods"),
    registerPackage: refuse("parameterized packages"),
    registerStackTransform: refuse("transforms"),
    registerStackInvokeTransform: refuse("transforms"),
    registerResourceHook: refuse("resource hooks"),
    registerErrorHook: refuse("error hooks"),
    // Hooks are not supported, so the program need not wait for deletions.
    signalAndWaitForShutdown: answer(() => new Empty()),
  };
}

function engineService(emit: Emit): Partial<IEngineServer> {
  let root = "";
  const severities = { 1: "info", 2: "warning", 3: "error" } as const;
  return {
    log: answer((request) => {
      const severity = severities[request.getSeverity() as keyof typeof severities];
      const urn = request.getUrn() || undefined;
      // Debug messages (severity 0) are dropped because they contain property values.
      if (severity !== undefined) emit({ kind: "log", severity, message: correctRemedy(request.getMessage()), urn });
      return new Empty();
    }),
    getRootResource: answer(() => new engine.GetRootResourceResponse().setUrn(root)),
    setRootResource: answer((request) => {
      root = request.getUrn();
      return new engine.SetRootResourceResponse();
    }),
    requirePulumiVersion: answer(() => new engine.RequirePulumiVersionResponse()),
  };
}

/** The fields that registerResource and readResource requests share. */
function commonGoal(
  request: resource.RegisterResourceRequest | resource.ReadResourceRequest,
  root: string | undefined,
  projectDir: string,
) {
  const type = request.getType();
  return {
    type,
    name: request.getName(),
    parent: request.getParent() || (type === STACK_TYPE ? undefined : root),
    provider: request.getProvider() || undefined,
    version: request.getVersion() || undefined,
    dependencies: request.getDependenciesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    sourcePosition: recordedPosition(request.getSourceposition(), projectDir),
  };
}

function goalOf(request: resource.RegisterResourceRequest, root: string | undefined, projectDir: string): Goal {
  const type = request.getType();
  const option = request.getRemote() ? "remote components" : request.hasReplacementTrigger() && "replacementTrigger";
  if (option) throw new Error(unsupported(`${type}: ${option}`));
  const propertyDependencies = request.getPropertydependenciesMap().toObject(false, (_, each) => each.getUrnsList());
  return {
    ...commonGoal(request, root, projectDir),
    custom: request.getCustom(),
    inputs: fromStruct(request.getObject()),
    protect: request.getProtect(),
    propertyDependencies: Object.fromEntries(propertyDependencies),
    deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    aliases: [...request.getAliasurnsList(), ...request.getAliasesList().map(aliasOf)],
    importId: request.getImportid() || undefined,
    customTimeouts: timeoutsOf(request.getCustomtimeouts()),
    retainOnDelete: request.getRetainondelete(),
    deletedWith: request.getDeletedwith() || undefined,
  };
}

function aliasOf(alias: AliasMessage): Alias {
  const spec = alias.getSpec();
  if (!alias.hasSpec() || spec === undefined) return alias.getUrn();
  return {
    name: spec.getName() || undefined,
    type: spec.getType() || undefined,
    stack: spec.getStack() || undefined,
    project: spec.getProject() || undefined,
    parent: spec.getParenturn() || undefined,
    noParent: spec.getNoparent(),
  };
}

/** Converts Go durations (`1h30m`) to seconds. */
function timeoutsOf(timeouts: resource.RegisterResourceRequest.CustomTimeouts | undefined): Goal["customTimeouts"] {
  const { create = "", update = "", pb_delete = "" } = timeouts?.toObject() ?? {};
  const given = Object.entries({ create, update, delete: pb_delete }).filter(([, text]) => text !== "");
  return Object.fromEntries(
    given.map(([key, text]) => {
      const nanoseconds = parseDuration(text);
      if (nanoseconds === undefined)
        throw new Error(`customTimeouts.${key}: expected a duration such as "5m" or "1h30m", found "${text}"`);
      return [key, nanoseconds / 1e9];
    }),
  );
}
