import assert from "node:assert/strict";
import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import { renderBalancer } from "../../configs";
import type { Node, Topology } from "../../topology";
import {
  freePorts,
  needHaproxy,
  type OwnCertificate,
  ownCertificate,
  type RunningHaproxy,
  runHaproxy,
} from "./haproxyProcess";
import { topologyOf } from "./stock";

/** Two gateways and two Key Managers on this machine's own ports; calls without TLS. */
async function localTopology(): Promise<Topology> {
  const base = topologyOf({ gatewayReplicas: 2, keyManagerReplicas: 2 });
  const free = await freePorts(2 * base.nodes.length + 3);
  const next = () => free.pop() ?? 0;
  const nodes = base.nodes.map(
    (node): Node => ({
      ...{ ...node, address: "127.0.0.1" },
      ports: { ...node.ports, managementHttps: next(), apiHttp: next() },
    }),
  );
  const local = (route: Topology["balancer"]["routes"][number]) => ({
    ...{ ...route, listenPort: next() },
    targets: nodes
      .filter(({ name }) => route.targets.some(({ node }) => node === name))
      .map(({ name, address, ports }) => ({
        ...{ node: name, address },
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
  const ports = [calls, gateways].map(({ name, listenPort }) => ({
    name,
    internal: listenPort,
    published: listenPort,
  }));
  const balancer = { ...base.balancer, routes: [calls, gateways], internalRoutes: [keyManagers] };
  return { ...base, nodes, balancer: { ...balancer, ports: ports as Topology["balancer"]["ports"][number][] } };
}

/** A node: its management port, and for gateways the one for calls. */
class Server {
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
      if (request.url === "/") return void response.end();
      this.asked++;
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

describe("configs: load balancer when servers fail", function () {
  this.timeout(30_000);
  this.slow(3000);
  let topology: Topology;
  let ca: string;
  let running: RunningHaproxy | undefined;
  const servers = new Map<string, Server>();

  before(async function () {
    needHaproxy(this);
    topology = await localTopology();
    const keys = await ownCertificate([...new Set(topology.nodes.map(({ hostName }) => hostName))]);
    ca = keys.cert;
    for (const node of topology.nodes) servers.set(node.name, new Server(node, keys));
    for (const server of servers.values()) await server.start();
    running = runHaproxy(renderBalancer(topology), keys, [keys]);
    await until(async () => (await calls(2)).size === 2);
  });

  after(async () => {
    await running?.stop();
    for (const server of servers.values()) server.kill();
  });

  afterEach(async () => {
    for (const [name, server] of servers) {
      server.kill();
      await server.start();
      if (name.startsWith("gateway")) await until(async () => (await calls(8)).has(name));
    }
  });

  function route(name: string) {
    const { routes, internalRoutes } = topology.balancer;
    const found = [...routes, ...internalRoutes].find((one) => one.name === name);
    assert.ok(found, name);
    return found;
  }

  function ask(name: string, method = "GET", cookie = ""): Promise<{ status: number; body: string; node: string }> {
    const { host, listenPort: port, tls } = route(name);
    const options = {
      host: "127.0.0.1",
      port,
      path: "/call",
      method,
      agent: false as const,
      headers: { host, cookie },
    };
    return new Promise((resolve, reject) => {
      const receive = (response: http.IncomingMessage) => {
        let body = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          body += chunk;
        });
        const node = [response.headers["x-apim-node"]].flat().join();
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body, node }));
      };
      const request = tls
        ? https.request({ ...options, ca, servername: host }, receive)
        : http.request(options, receive);
      request.on("error", reject).end();
    });
  }

  /** Who answers so many calls, all of which must go well. */
  async function calls(count: number): Promise<Set<string>> {
    const seen = new Set<string>();
    for (let number = 0; number < count; number++) {
      const { status, body, node } = await ask("api-http").catch(() => ({ status: 0, body: "", node: "" }));
      if (status !== 200) return new Set();
      assert.equal(node, body);
      seen.add(body);
    }
    return seen;
  }

  async function until(condition: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 10_000; !(await condition()); await new Promise((wait) => setTimeout(wait, 50)))
      assert.ok(Date.now() < end, "did not come true within 10 s");
  }

  async function within<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
    const started = Date.now();
    const result = await work();
    assert.ok(Date.now() - started < milliseconds, `${Date.now() - started} ms`);
    return result;
  }

  const server = (name: string): Server => servers.get(name) ?? assert.fail(name);

  it("spreads calls over the gateways, and says whose answer it is", async () => {
    assert.deepEqual([...(await calls(4))].sort(), ["gateway-1", "gateway-2"]);
    const { node } = await ask("gateway");
    assert.equal(node, "");
  });

  it("loses no call to a gateway that is gone", async () => {
    server("gateway-2").kill();
    assert.deepEqual([...(await within(2000, () => calls(8)))], ["gateway-1"]);
  });

  it("takes a gateway out whose connection fails, though its check is still good, and loses no call", async () => {
    server("gateway-2").kill("calls");
    const before = running?.told().length;
    assert.deepEqual([...(await calls(3))], ["gateway-1"]);
    assert.match(running?.told().slice(before) ?? "", /api-http\/gateway-2 is DOWN, reason: Health analyze/);
  });

  it("sends a call that can be repeated to another gateway when its own dies over it, and no other", async () => {
    for (const [method, expected] of [
      ["GET", 200],
      ["POST", 502],
    ] as const) {
      const [one, other] = [server("gateway-1"), server("gateway-2")];
      one.hangs = true;
      const asked = [one.asked, other.asked];
      const both = Promise.all([ask("api-http", method), ask("api-http", method)]);
      await until(async () => one.asked === (asked[0] ?? 0) + 1 && other.asked === (asked[1] ?? 0) + 1);
      one.kill("calls");
      assert.deepEqual((await both).map(({ status }) => status).sort(), [200, expected]);
      one.kill();
      await one.start();
      await until(async () => (await calls(8)).has("gateway-1"));
    }
  });

  it("tries the gateways all the same when none passes its check", async () => {
    for (const name of ["gateway-1", "gateway-2"]) server(name).kill();
    await until(async () => (await ask("api-http")).status === 503);
    await server("gateway-1").start("calls");
    assert.deepEqual([...(await within(6000, () => calls(4)))], ["gateway-1"]);
  });

  it("asks a Key Manager before any check has seen that it is back", async () => {
    const name = "internal-keymanager-managementhttps";
    for (const each of ["keymanager-1", "keymanager-2"]) server(each).kill();
    await until(async () => (await ask(name)).status === 503);
    await server("keymanager-2").start();
    assert.deepEqual(await ask(name, "POST"), { status: 200, body: "keymanager-2", node: "" });
  });

  it("sends management to the first gateway, and to the next one when that is gone", async () => {
    for (let attempt = 0; attempt < 4; attempt++) assert.equal((await ask("gateway")).body, "gateway-1");
    server("gateway-1").kill();
    // Somebody who is logged in there, too.
    const session = () => ask("gateway", "GET", "APIM_NODE=gateway-1");
    assert.equal((await within(2000, session)).body, "gateway-2");
    for (let attempt = 0; attempt < 4; attempt++) assert.equal((await ask("gateway")).body, "gateway-2");
  });

  it("has another Key Manager answer what one was asked when it died", async () => {
    const name = "internal-keymanager-managementhttps";
    const [one, other] = [server("keymanager-1"), server("keymanager-2")];
    await until(async () => (await ask(name)).status === 200);
    one.hangs = true;
    const asked = [one.asked, other.asked];
    const both = Promise.all([ask(name, "POST"), ask(name, "POST")]);
    await until(async () => one.asked === (asked[0] ?? 0) + 1 && other.asked === (asked[1] ?? 0) + 1);
    one.kill();
    assert.deepEqual(
      (await both).map(({ status, body }) => [status, body]),
      [
        [200, "keymanager-2"],
        [200, "keymanager-2"],
      ],
    );
    for (let attempt = 0; attempt < 4; attempt++) assert.equal((await ask(name, "POST")).body, "keymanager-2");
  });
});
