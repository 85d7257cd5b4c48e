import assert from "node:assert/strict";
import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { Node, Topology } from "../../../topology";
import { deploymentOf } from "../../configs/stock";
import { eventually } from "../waiting";
import { freePorts, type SelfSignedCertificate } from "./container";

/** Two gateways, Key Managers and Publishers on free ports of this machine. API calls come without TLS. */
export async function topologyOfPairs(): Promise<Topology> {
  const { topology: base } = deploymentOf({ gatewayReplicas: 2, keyManagerReplicas: 2, publisherReplicas: 2 });
  const free = await freePorts(2 * base.nodes.length + 4);
  const next = () => free.pop() ?? 0;
  const nodes = base.nodes.map(
    (node): Node => ({
      ...node,
      address: "127.0.0.1",
      ports: { ...node.ports, managementHttps: next(), apiHttp: next() },
    }),
  );
  const local = (route: Topology["balancer"]["routes"][number]) => ({
    ...route,
    listenPort: next(),
    targets: nodes
      .filter(({ name }) => route.targets.some(({ node }) => node === name))
      .map(({ name, address, ports }) => ({
        node: name,
        address,
        port: route.traffic === "calls" ? ports.apiHttp : ports.managementHttps,
      })),
  });
  const named = (name: string) => (route: { name: string }) => route.name === name;
  const [calls, gateways, publishers, keyManagers] = [
    ...base.balancer.routes.filter(named("api-http")),
    ...base.balancer.routes.filter(named("gateway")),
    ...base.balancer.routes.filter(named("publisher")),
    ...base.balancer.internalRoutes.filter(named("internal-keymanager-managementhttps")),
  ].map(local);
  assert.ok(calls && gateways && publishers && keyManagers);
  const balancer = {
    ...base.balancer,
    routes: [calls, gateways, { ...publishers, listenPort: gateways.listenPort }],
    internalRoutes: [keyManagers],
  };
  return { ...base, nodes, balancer };
}

/** The server of a node: it listens on the management port and on the port for API calls. */
export class NodeServer {
  /** While true, the server accepts requests and does not answer. `kill` ends this. */
  hangs = false;
  /** How long the server takes for each request that arrives from now on, in ms. */
  delay = 0;
  /** The paths of the requests since the last start. */
  readonly paths = new Set<string>();
  /** The number of requests so far. */
  requests = 0;
  private readonly listening: (http.Server | https.Server)[] = [];

  constructor(
    private readonly node: Node,
    private readonly keys: SelfSignedCertificate,
  ) {}

  get name(): string {
    return this.node.name;
  }

  /** Listens on both ports, or only on the one for API calls. */
  async start(what: "all" | "calls" = "all"): Promise<void> {
    this.paths.clear();
    const { cert, private: key } = this.keys;
    const answer: http.RequestListener = (request, response) => {
      this.requests++;
      this.paths.add(request.url ?? "");
      response.setHeader("x-cookie", request.headers.cookie ?? "");
      response.setHeader("set-cookie", `JSESSIONID=of-${this.node.name}; Path=/; Secure; HttpOnly`);
      if (!this.hangs) setTimeout(() => response.end(this.name), this.delay);
    };
    if (what === "all") await this.listen(https.createServer({ cert, key }, answer), this.node.ports.managementHttps);
    await this.listen(http.createServer(answer), this.node.ports.apiHttp);
  }

  private async listen(server: http.Server | https.Server, port: number): Promise<void> {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    this.listening.push(server);
  }

  /** Closes both ports, or only the one for API calls, and cuts their connections. */
  kill(what: "all" | "calls" = "all"): void {
    this.hangs = false;
    for (const server of what === "all" ? this.listening.splice(0) : this.listening.splice(1)) {
      server.close();
      server.closeAllConnections();
    }
  }
}

export interface FrontAnswer {
  readonly status: number;
  readonly body: string;
  /** The gateway that the balancer names in its header X-APIM-Node; empty if none. */
  readonly node: string;
  /** The Cookie header that the server received. */
  readonly cookie: string;
  readonly setCookies: readonly string[];
}

/** Sends one request, over a connection of its own, to a route of the balancer. */
export function ask(
  { topology, ca }: { readonly topology: Topology; readonly ca: string },
  routeName: string,
  method = "GET",
  cookie = "",
): Promise<FrontAnswer> {
  const { routes, internalRoutes } = topology.balancer;
  const route = [...routes, ...internalRoutes].find(({ name }) => name === routeName) ?? assert.fail(routeName);
  const { host, listenPort: port, tls } = route;
  const options: http.RequestOptions = {
    host: "127.0.0.1",
    port,
    agent: false,
    path: "/call",
    method,
    headers: { host, cookie },
  };
  return new Promise((resolve, reject) => {
    const receive = (response: http.IncomingMessage) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      const node = [response.headers["x-apim-node"]].flat().join();
      const cookie = [response.headers["x-cookie"]].flat().join();
      const setCookies = response.headers["set-cookie"] ?? [];
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body, node, cookie, setCookies }));
    };
    const request = tls ? https.request({ ...options, ca, servername: host }, receive) : http.request(options, receive);
    request.on("error", reject).end();
  });
}

export async function untilTrue(condition: string, isTrue: () => Promise<boolean>): Promise<void> {
  await eventually(condition, isTrue, { seconds: 10, every: 50 });
}

/** haproxy.cfg, with servers that take calls again as soon as they are back: by default, the tests would wait 8 s each. */
export function quickReturn(configuration: string): string {
  const quick = configuration.replaceAll(/mark-down rise \d+/g, "mark-down rise 1");
  assert.notEqual(quick, configuration);
  return quick;
}

/** Asserts that the work ends in time. */
export async function within<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  const result = await work();
  assert.ok(Date.now() - started < milliseconds, `${Date.now() - started} ms`);
  return result;
}
