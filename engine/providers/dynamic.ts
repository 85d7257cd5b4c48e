/** The provider of dynamic resources: their code runs in the SDK's own provider server, a child process. */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import {
  type DiffKind,
  PartialCreateError,
  type Properties,
  type Provider,
  type ProviderHost,
  type Value,
} from "../provider";
import { startSdk } from "../sdkProcess";
import { differingKeys, fromStruct, type Props, toStruct } from "../values";
import { failure } from "./schema";

const TYPE = "pulumi-nodejs:dynamic:Resource";
const DEFAULT_TIMEOUT_MS = 20 * 60_000;
const TOO_LONG = "took longer than its customTimeouts allow";
/** In which the server ends by itself, and keeps its compiled code, before it is killed. */
const END_MS = 2000;

/** @param config the stack's decrypted configuration, for dynamic providers with `configure` */
export function dynamicProvider(config: Properties, host: ProviderHost): Provider {
  // Started at once, because the start takes a second and can overlap with the start of the program.
  const server = startServer(host);
  let connection: Promise<ResourceProviderClient> | undefined;
  const call = async <Request, Response>(
    method: (client: ResourceProviderClient) => Method<Request, Response>,
    request: Request,
    signal?: AbortSignal,
  ): Promise<Response> => {
    connection ??= connect(server, config);
    const client = await connection;
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + DEFAULT_TIMEOUT_MS;
      const running = method(client).call(client, request, new grpc.Metadata(), { deadline }, (error, response) =>
        error ? reject(signal?.aborted ? new Error(TOO_LONG) : readable(error)) : resolve(response),
      );
      signal?.addEventListener("abort", () => running.cancel(), { once: true });
    });
  };
  return {
    types: [TYPE],
    previewsUpdates: false,
    secretOutputs: () => [],
    async check(_resource, olds, news) {
      const request = new messages.CheckRequest().setOlds(struct(olds ?? {})).setNews(struct(news));
      const response = await call((client) => client.check, request);
      const failures = response.getFailuresList().map((each) => each.toObject());
      return {
        inputs: properties(response.getInputs()),
        failures: failures.map(({ property, reason }) => failure(property, reason)),
      };
    },
    async diff({ id, inputs, outputs }, news) {
      const request = new messages.DiffRequest().setId(id).setOlds(struct(outputs)).setNews(struct(news));
      const response = await call((client) => client.diff, request);
      const { DIFF_SOME, DIFF_UNKNOWN } = messages.DiffResponse.DiffChanges;
      const changed = differingKeys(inputs, news);
      const replaces = response.getReplacesList();
      const kind = (key: string): DiffKind => (replaces.includes(key) ? "update-replace" : "update");
      return {
        changes: response.getChanges() === DIFF_SOME || (response.getChanges() === DIFF_UNKNOWN && changed.length > 0),
        replaces,
        deleteBeforeReplace: response.getDeletebeforereplace(),
        detailed: Object.fromEntries(changed.map((key) => [key, kind(key)])),
      };
    },
    async create(_resource, inputs, { signal }) {
      const request = new messages.CreateRequest().setProperties(struct(inputs));
      const response = await call((client) => client.create, request, signal);
      return { id: response.getId(), outputs: properties(response.getProperties()) };
    },
    async read({ id, inputs, outputs }) {
      const request = new messages.ReadRequest().setId(id).setProperties(struct(outputs));
      const response = await call((client) => client.read, request);
      if (response.getId() === "") return undefined;
      const found = response.getInputs();
      return { inputs: found ? properties(found) : inputs, outputs: properties(response.getProperties()) };
    },
    async update({ id, outputs }, news, { signal }) {
      const request = new messages.UpdateRequest().setId(id).setOlds(struct(outputs)).setNews(struct(news));
      const response = await call((client) => client.update, request, signal);
      return { outputs: properties(response.getProperties()) };
    },
    async delete({ id, outputs }, { signal }) {
      const request = new messages.DeleteRequest().setId(id).setProperties(struct(outputs));
      await call((client) => client.delete, request, signal);
    },
    async close() {
      // First: `connection` would not resolve if the server never answered.
      await endServer(server);
      (await connection?.catch(() => undefined))?.close();
    },
  };
}

type Method<Request, Response> = (
  this: ResourceProviderClient,
  request: Request,
  metadata: grpc.Metadata,
  options: Partial<grpc.CallOptions>,
  callback: (error: grpc.ServiceError | null, response: Response) => void,
) => grpc.ClientUnaryCall;

/** The SDK's provider server as a child process. */
interface Server {
  readonly child: ChildProcess;
  /** The port that the server listens on; rejects if the server ends before. */
  readonly port: Promise<string>;
}

/** Starts the server; the output of the resources' code goes to the host's log. */
function startServer({ dir, log }: ProviderHost): Server {
  const child = startSdk({
    module: "@pulumi/pulumi/cmd/dynamic-provider",
    dir,
    // The engine's address is required but not used by the server.
    args: ["127.0.0.1:0"],
    stdio: ["pipe", "pipe", "pipe"],
    withParent: true,
  });
  const port = new Promise<string>((resolve, reject) => {
    let found = false;
    for (const stream of [child.stdout, child.stderr])
      if (stream)
        createInterface({ input: stream }).on("line", (text) => {
          if (!found && stream === child.stdout && /^\d+$/.test(text)) {
            found = true;
            resolve(text);
          } else log(text);
        });
    child.once("error", reject);
    child.once("exit", (code) =>
      reject(new Error(`the dynamic provider ended with exit status ${code} before it reported its port`)),
    );
  });
  // A failure is reported where `port` is awaited.
  port.catch(() => {});
  return { child, port };
}

async function endServer({ child }: Server): Promise<void> {
  const { pid, exitCode, signalCode } = child;
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  const ended = once(child, "exit");
  child.stdin?.end();
  const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
  await ended;
  clearTimeout(timer);
}

async function connect({ port }: Server, config: Properties): Promise<ResourceProviderClient> {
  const client = new ResourceProviderClient(`127.0.0.1:${await port}`, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  await new Promise<void>((resolve, reject) => {
    const request = new messages.ConfigureRequest().setArgs(struct(config)).setAcceptsecrets(true);
    client.configure(request, (error) => (error ? reject(readable(error)) : resolve()));
  });
  return client;
}

/** Converts a gRPC error to an error with the message of the resource's code; {@link PartialCreateError} after a partial create. */
function readable(error: grpc.ServiceError): Error {
  for (const bytes of error.metadata?.get("grpc-status-details-bin") ?? []) {
    const [detail] = Status.deserializeBinary(bytes as Buffer).getDetailsList();
    if (detail?.getTypeName() !== "pulumirpc.ErrorResourceInitFailed") continue;
    const failed = messages.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
    return new PartialCreateError(error.details, failed.getId(), properties(failed.getProperties()));
  }
  return new Error(error.details || error.message);
}

const struct = (props: Properties): Struct => toStruct(props as Props);
const properties = (from: Struct | undefined): Properties => fromStruct(from) as { [key: string]: Value };
