import assert from "node:assert/strict";
import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { Node, Topology } from "../../../topology";
import { deploymentOf } from "../../configs/stock";
import { freePorts, type OwnCertificate } from "./container";

/** Two gateways and two Key Managers on this machine's own ports; calls without TLS. */
export async function localTopology(): Promise<Topology> {
  const { topology: base } = deploymentOf({ gatewayReplicas: 2, keyManagerReplicas: 2 });
  const free = await freePorts(2 * base.nodes.length + 3);
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
  const [calls, gateways, keyManagers] = [
    ...base.balancer.routes.filter(named("api-http")),
    ...base.balancer.routes.filter(named("gateway")),
    ...base.balancer.internalRoutes.filter(named("internal-keymanager-managementhttps")),
  ].map(local);
  assert.ok(calls && gateways && keyManagers);
  const balancer = { ...base.balancer, routes: [calls, gateways], internalRoutes: [keyManagers] };
  return { ...base, nodes, balancer };
}

/** A node: its management port, and for gateways the one for calls. */
export class NodeServer {
  /** Takes requests and never answers, until it is killed. */
  hangs = false;
  asked = 0;
  private readonly listening: (http.Server | https.Server)[] = [];

  constructor(
    private readonly node: Node,
    private readonly keys: OwnCertificate,
  ) {}

  /** Everything, or the port for calls alone. */
  async start(what: "all" | "calls" = "all"): Promise<void> {
    const { cert, private: key } = this.keys;
    const answer: http.RequestListener = (request, response) => {
      this.asked++;
      response.setHeader("x-cookie", request.headers.cookie ?? "");
      response.setHeader("set-cookie", `JSESSIONID=of-${this.node.name}; Path=/; Secure; HttpOnly`);
      if (!this.hangs) response.end(this.node.name);
    };
    if (what === "all") await this.listen(https.createServer({ cert, key }, answer), this.node.ports.managementHttps);
    await this.listen(http.createServer(answer), this.node.ports.apiHttp);
  }

  private async listen(server: http.Server | https.Server, port: number): Promise<void> {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    this.listening.push(server);
  }

  /** Everything, or the port for calls alone. */
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
  /** What the balancer says which gateway it is from. */
  readonly node: string;
  /** What the server says that it was sent. */
  readonly cookie: string;
  readonly setCookies: readonly string[];
}

/** One request, over a connection of its own, to a front of the balancer. */
export function ask(
  { topology, ca }: { readonly topology: Topology; readonly ca: string },
  front: string,
  method = "GET",
  cookie = "",
): Promise<FrontAnswer> {
  const { routes, internalRoutes } = topology.balancer;
  const route = [...routes, ...internalRoutes].find(({ name }) => name === front) ?? assert.fail(front);
  const { host, listenPort: port, tls } = route;
  const address = { host: "127.0.0.1", port, agent: false as const };
  const options = { ...address, path: "/call", method, headers: { host, cookie } };
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

/** Waits until a condition holds, at most ten seconds. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; !(await condition()); await new Promise((wait) => setTimeout(wait, 50)))
    assert.ok(Date.now() < end, "did not come true within 10 s");
}

export async function within<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  const result = await work();
  assert.ok(Date.now() - started < milliseconds, `${Date.now() - started} ms`);
  return result;
}
