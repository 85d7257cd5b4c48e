/** Answers the SDK's gRPC protocol: the program's resource monitor and engine. */

import { realpathSync } from "node:fs";
import * as grpc from "@grpc/grpc-js";
import { EngineService, type IEngineServer } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engine from "@pulumi/pulumi/proto/engine_pb";
import { type IResourceMonitorServer, ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as resource from "@pulumi/pulumi/proto/resource_pb";
import type { SourcePosition } from "@pulumi/pulumi/proto/source_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type Deployment, Stopped } from "./deployment";
import type { Emit } from "./events";
import { NO_OPTIONS } from "./goalState";
import { type Alias, type Goal, STACK_TYPE } from "./model";
import { fromStruct, toStruct } from "./values";

/** What of the protocol the SDK may use; the rest it refuses by itself, with a clear message. */
const FEATURES = new Set(["secrets", "resourceReferences", "outputValues", "deletedWith", "aliasSpecs"]);

/** Messages carry whole files: no limit, as the SDK sets it for its side. */
const UNLIMITED = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

export interface Monitor {
  /** host:port, on loopback. */
  readonly address: string;
  /** When the program first called, ms since epoch. */
  firstCall(): number | undefined;
  /** How long at least one call was being answered, ms. */
  busy(): number;
  close(): void;
}

/** @param projectDir source positions are recorded relative to it */
export async function startMonitor(deployment: Promise<Deployment>, projectDir: string, emit: Emit): Promise<Monitor> {
  const calls = new CallClock();
  const server = new grpc.Server(UNLIMITED);
  server.addService(
    ResourceMonitorService,
    monitorService(deployment, realpathSync(projectDir), calls) as grpc.UntypedServiceImplementation,
  );
  server.addService(EngineService, engineService(emit) as unknown as grpc.UntypedServiceImplementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    firstCall: () => calls.first,
    busy: () => calls.busy,
    close: () => server.forceShutdown(),
  };
}

class CallClock {
  first: number | undefined;
  busy = 0;
  private open = 0;
  private since = 0;

  enter(): void {
    this.first ??= Date.now();
    if (this.open++ === 0) this.since = performance.now();
  }

  leave(): void {
    if (--this.open === 0) this.busy += performance.now() - this.since;
  }
}

type Handler<Request, Response> = grpc.handleUnaryCall<Request, Response>;

/** A gRPC handler from an async function; errors reach the SDK with their message. */
function answer<Request, Response>(
  work: (request: Request) => Promise<Response> | Response,
  clock?: CallClock,
): Handler<Request, Response> {
  return (call, callback) => {
    clock?.enter();
    Promise.resolve()
      .then(() => work(call.request))
      .then(
        (response) => callback(null, response),
        (error: Error) =>
          callback({
            code: error instanceof Stopped ? grpc.status.CANCELLED : grpc.status.UNKNOWN,
            details: error.message,
          }),
      )
      .finally(() => clock?.leave());
  };
}

function monitorService(ready: Promise<Deployment>, root: string, clock: CallClock): Partial<IResourceMonitorServer> {
  const refuse = <Request, Response>(what: string) =>
    answer<Request, Response>(() => {
      throw new Error(`${what}: not known to the local engine; use the Pulumi CLI (APIM_ENGINE=pulumi)`);
    });
  return {
    supportsFeature: answer(
      (request) => new resource.SupportsFeatureResponse().setHassupport(FEATURES.has(request.getId())),
      clock,
    ),
    registerResource: answer(async (request) => {
      const deployment = await ready;
      const { urn, id, outputs, result } = await deployment.register(goalOf(request, deployment.rootUrn, root));
      const response = new resource.RegisterResourceResponse();
      response.setUrn(urn);
      response.setId(id);
      response.setObject(toStruct(outputs));
      response.setResult(
        { success: resource.Result.SUCCESS, fail: resource.Result.FAIL, skip: resource.Result.SKIP }[result],
      );
      return response;
    }, clock),
    readResource: answer(async (request) => {
      const deployment = await ready;
      const { urn, outputs, result } = await deployment.register({
        ...NO_OPTIONS,
        type: request.getType(),
        name: request.getName(),
        custom: true,
        inputs: fromStruct(request.getProperties()),
        readId: request.getId(),
        parent: request.getParent() || deployment.rootUrn,
        provider: request.getProvider() || undefined,
        version: request.getVersion() || undefined,
        dependencies: request.getDependenciesList(),
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
        sourcePosition: positionOf(request.getSourceposition(), root),
      });
      if (result !== "success") throw new Error(`${urn} could not be read`);
      const response = new resource.ReadResourceResponse();
      response.setUrn(urn);
      response.setProperties(toStruct(outputs));
      return response;
    }, clock),
    registerResourceOutputs: answer(async (request) => {
      await (await ready).registerOutputs(request.getUrn(), fromStruct(request.getOutputs()));
      return new Empty();
    }, clock),
    invoke: answer((request) => {
      throw new Error(
        `function ${request.getTok()}: the local engine calls no provider functions; use the Pulumi CLI (APIM_ENGINE=pulumi)`,
      );
    }, clock),
    call: refuse("resource methods"),
    registerPackage: refuse("parameterized packages"),
    registerStackTransform: refuse("transforms"),
    registerStackInvokeTransform: refuse("transforms"),
    registerResourceHook: refuse("resource hooks"),
    registerErrorHook: refuse("error hooks"),
    // The program has no hooks that deletions would need, so it need not wait for them.
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
      // Debug messages hold property values.
      if (severity !== undefined) emit({ kind: "log", severity, message: request.getMessage(), urn });
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

function goalOf(request: resource.RegisterResourceRequest, root: string | undefined, dir: string): Goal {
  const type = request.getType();
  const parent = request.getParent() || (type === STACK_TYPE ? undefined : root);
  if (request.getRemote())
    throw new Error(`${type}: remote components are not known to the local engine; use the Pulumi CLI`);
  if (request.hasReplacementTrigger())
    throw new Error(`${type}: replacementTrigger is not known to the local engine; use the Pulumi CLI`);
  const propertyDependencies: Record<string, string[]> = {};
  request.getPropertydependenciesMap().forEach((entry, key) => {
    propertyDependencies[key] = entry.getUrnsList();
  });
  return {
    type,
    name: request.getName(),
    custom: request.getCustom(),
    inputs: fromStruct(request.getObject()),
    parent,
    provider: request.getProvider() || undefined,
    version: request.getVersion() || undefined,
    protect: request.getProtect() ?? false,
    dependencies: request.getDependenciesList(),
    propertyDependencies,
    ...(request.getDeletebeforereplacedefined() && { deleteBeforeReplace: request.getDeletebeforereplace() }),
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    aliases: aliasesOf(request),
    importId: request.getImportid() || undefined,
    customTimeouts: timeoutsOf(request.getCustomtimeouts()),
    retainOnDelete: request.getRetainondelete() ?? false,
    deletedWith: request.getDeletedwith() || undefined,
    sourcePosition: positionOf(request.getSourceposition(), dir),
  };
}

function aliasesOf(request: resource.RegisterResourceRequest): Alias[] {
  const specs = request.getAliasesList().map((alias): Alias => {
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
  });
  return [...request.getAliasurnsList(), ...specs];
}

const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };

/** Go durations (`1h30m`) as seconds. */
function timeoutsOf(timeouts: resource.RegisterResourceRequest.CustomTimeouts | undefined): Goal["customTimeouts"] {
  const seconds = (text: string) =>
    [...text.matchAll(/([\d.]+)(h|ms|m|s)/g)].reduce(
      (sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? "s"] ?? 1),
      0,
    );
  const all = {
    create: seconds(timeouts?.getCreate() ?? ""),
    update: seconds(timeouts?.getUpdate() ?? ""),
    delete: seconds(timeouts?.getDelete() ?? ""),
  };
  const given = Object.entries(all).filter(([, value]) => value > 0);
  return given.length > 0 ? Object.fromEntries(given) : undefined;
}

/** `project:///index.ts#3,1`; nothing for files outside the project, whose paths are of this machine only. */
function positionOf(position: SourcePosition | undefined, dir: string): string | undefined {
  const uri = position?.getUri() ?? "";
  if (!uri.startsWith(`file://${dir}/`)) return undefined;
  return `project://${uri.slice(`file://${dir}`.length)}#${position?.getLine()},${position?.getColumn()}`;
}
