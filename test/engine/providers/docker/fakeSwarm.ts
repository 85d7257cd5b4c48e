import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Properties } from "../../../../engine/provider";
import { providerFor } from "../support";

type Json = Properties;

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly auth: unknown;
  readonly body: Json;
}

interface Thing {
  ID: string;
  Version: { Index: number };
  Spec: Json;
  [more: string]: unknown;
}

/** The frames in which Docker sends the logs of a container without a terminal. */
function frame(text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = 1;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

/**
 * The part of the Docker API that the Swarm kinds call, after its documentation: a manager of a swarm with two nodes, in
 * memory. Tests set what tasks do, and what Docker answers in place of the usual.
 */
export class FakeSwarm {
  readonly asked: Asked[] = [];
  readonly services = new Map<string, Thing>();
  readonly secrets = new Map<string, Thing>();
  readonly configs = new Map<string, Thing>();
  /** Answers to inspecting a network, in their order; the last one stays. Then it is gone. */
  networks: object[] = [];
  /** Errors of deleting a network, in their order. */
  networkErrors: string[] = [];
  /** The state of the tasks of a service, one for each slot; running if it is not set. */
  tasks: (service: Thing) => object[] = (service) => this.runningTasks(service);
  updateStatus: object | undefined;
  /** How often Swarm changes a service between its inspection and its update. */
  races = 0;
  log = "";
  /** Events of a push. */
  pushed: readonly object[] = [];
  /** What the registry knows of an image. */
  registry: object | undefined;
  /** Answers in place of the usual one: status and message, by method and beginning of the path. */
  readonly failures = new Map<string, readonly [status: number, message: string]>();
  private counter = 0;
  private server: Server | undefined;

  host = "";

  async start(): Promise<string> {
    const server = createServer((request, response) => {
      this.answer(request, response).catch((error: Error) => send(response, 500, { message: String(error.stack) }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.server = server;
    this.host = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return this.host;
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  runningTasks(service: Thing, state = "running"): object[] {
    const mode = service.Spec.Mode as { Replicated?: { Replicas: number } };
    return Array.from({ length: mode.Replicated?.Replicas ?? 0 }, (_, index) => this.task(service, index + 1, state));
  }

  task(service: Thing, slot: number, state: string, status: object = {}): object {
    return {
      ID: `task-${slot}`,
      ServiceID: service.ID,
      Slot: slot,
      NodeID: slot % 2 === 1 ? "node1" : "node2",
      CreatedAt: `2026-01-01T00:00:0${slot}Z`,
      DesiredState: "running",
      Status: { State: state, ...status },
    };
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const body = (await buffer(request)).toString("utf8");
    const { method = "", url = "" } = request;
    const header = request.headers["x-registry-auth"];
    const auth = header === undefined ? undefined : JSON.parse(Buffer.from(String(header), "base64url").toString());
    const given = body === "" ? {} : (JSON.parse(body) as Json);
    this.asked.push({ method, url, auth, body: given });
    const { pathname, searchParams } = new URL(url, "http://docker");
    for (const [start, [status, message]] of this.failures)
      if (`${method} ${pathname}`.startsWith(start)) return send(response, status, { message });
    const [, kind = "", id = "", action = ""] = pathname.split("/");
    const filters = JSON.parse(searchParams.get("filters") ?? "{}") as { name?: string[]; service?: string[] };
    if (kind === "nodes") return send(response, 200, NODES);
    if (kind === "tasks" && action === "logs") return response.end(frame(this.log));
    if (kind === "tasks") {
      if (filters.service && !this.services.has(filters.service[0] ?? ""))
        return send(response, 404, { message: "gone" });
      return send(
        response,
        200,
        [...this.services.values()].flatMap((one) => this.tasks(one)),
      );
    }
    if (kind === "images" && pathname.endsWith("/push"))
      return response.end(this.pushed.map((event) => `${JSON.stringify(event)}\r\n`).join(""));
    if (kind === "distribution")
      return this.registry
        ? send(response, 200, this.registry)
        : send(response, 404, { message: "errors:\nmanifest unknown" });
    if (kind === "networks") return this.answerForNetworks(method, id, response);
    const things = { services: this.services, secrets: this.secrets, configs: this.configs }[kind];
    if (!things) return send(response, 404, { message: `page not found: ${method} ${url}` });
    return this.answerFor(kind, things, { method, id, action, filters, given }, response);
  }

  private answerForNetworks(method: string, id: string, response: ServerResponse): unknown {
    if (id === "create") return send(response, 201, { Id: "net1" });
    if (id === "") return send(response, 200, this.networks.slice(0, 1));
    const error = method === "DELETE" ? this.networkErrors.shift() : undefined;
    if (error !== undefined) return send(response, 403, { message: error });
    if (method === "DELETE") {
      this.networks = [];
      return response.writeHead(204).end();
    }
    const [found] = this.networks.length > 1 ? this.networks.splice(0, 1) : this.networks;
    return found ? send(response, 200, found) : send(response, 404, { message: `network ${id} not found` });
  }

  private answerFor(
    kind: string,
    things: Map<string, Thing>,
    {
      method,
      id,
      action,
      filters,
      given,
    }: { method: string; id: string; action: string; filters: { name?: string[] }; given: Json },
    response: ServerResponse,
  ): unknown {
    const starts = ({ Spec }: Thing) => filters.name?.some((name) => String(Spec.Name).startsWith(name)) ?? true;
    if (id === "create") {
      const same = [...things.values()].some(({ Spec }) => Spec.Name === given.Name);
      if (same)
        return send(response, 409, {
          message: `rpc error: code = AlreadyExists desc = name conflicts with an existing object: ${given.Name} already exists`,
        });
      const ID = `${kind}-${++this.counter}`;
      things.set(ID, this.stored(kind, ID, 1, given));
      return send(response, 201, { ID });
    }
    if (id === "")
      return send(
        response,
        200,
        [...things.values()].filter(starts).map((one) => this.shown(kind, one)),
      );
    const thing = things.get(id);
    if (!thing) return send(response, 404, { message: `${kind} ${id} not found` });
    if (method === "DELETE") {
      things.delete(id);
      return response.writeHead(200).end();
    }
    if (action === "update" && this.races-- > 0)
      return send(response, 500, { message: "rpc error: code = Unknown desc = update out of sequence" });
    if (action === "update") things.set(id, this.stored(kind, id, thing.Version.Index + 1, given));
    return send(response, 200, action === "update" ? { Warnings: null } : this.shown(kind, thing));
  }

  private stored(kind: string, ID: string, Index: number, Spec: Json): Thing {
    return { ID, Version: { Index }, Spec: kind === "services" ? completed(Spec) : Spec };
  }

  /** Docker never shows the data of a secret. */
  private shown(kind: string, thing: Thing): object {
    const { Data, ...spec } = thing.Spec;
    if (kind === "secrets") return { ...thing, Spec: spec };
    if (kind === "configs") return thing;
    const endpoint = thing.Spec.EndpointSpec as { Mode?: string; Ports?: object[] };
    const ports = (endpoint.Ports ?? []).map((port, index) => ({ PublishedPort: 30000 + index, ...port }));
    return { ...thing, Endpoint: { Spec: endpoint, Ports: ports }, UpdateStatus: this.updateStatus };
  }
}

const NODES = [
  { ID: "node1", Description: { Hostname: "first" }, Status: { State: "ready" } },
  { ID: "node2", Description: { Hostname: "second" }, Status: { State: "ready" } },
];

/** What a manager adds to the spec of a service. */
function completed(spec: Json): Json {
  const task = spec.TaskTemplate as Json;
  const { Mode, EndpointSpec } = spec as { Mode?: Json; EndpointSpec?: Json };
  const mode = Mode && Object.keys(Mode).length > 0 ? Mode : { Replicated: { Replicas: 1 } };
  const policy = { Condition: "any", MaxAttempts: 0, ...(task.RestartPolicy as Json) };
  return {
    ...spec,
    Mode: mode,
    EndpointSpec: { Mode: "vip", ...EndpointSpec },
    TaskTemplate: { ForceUpdate: 0, Runtime: "container", ...task, RestartPolicy: policy },
  };
}

function send(response: ServerResponse, status: number, body: object): unknown {
  return response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

/** Starts a swarm for each test of a describe. */
export function useFakeSwarm(config: Properties = {}) {
  const held: { swarm: FakeSwarm; provider: ReturnType<typeof providerFor> } = {} as never;
  beforeEach(async () => {
    held.swarm = new FakeSwarm();
    held.provider = providerFor("docker", { host: await held.swarm.start(), ...config });
  });
  afterEach(() => held.swarm.stop());
  return held;
}
