import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as https from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";
import { renderBalancer } from "../../configs";
import type { Node, Topology } from "../../topology";
import { topologyOf } from "./stock";

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly cookies: readonly string[];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  assert.ok(address !== null && typeof address === "object");
  return address.port;
}

/** Two Publishers and one Store on this machine's own addresses, the balancer on free ports. */
async function localTopology(): Promise<Topology> {
  const base = topologyOf();
  const node = async (original: Node, name: string): Promise<Node> => {
    const port = await freePort();
    return { ...original, name, address: "127.0.0.1", ports: { ...original.ports, managementHttps: port } };
  };
  const nodes: Node[] = [];
  for (const original of base.nodes) {
    nodes.push(await node(original, original.name));
    if (original.role === "publisher") nodes.push(await node(original, "publisher-2"));
  }
  const ports = await Promise.all(base.balancer.ports.map(async (port) => ({ ...port, internal: await freePort() })));
  const routes = base.balancer.routes.map((route) => ({
    ...route,
    listenPort: ports[base.balancer.ports.findIndex(({ internal }) => internal === route.listenPort)]?.internal ?? 0,
    targets: nodes
      .filter(({ role }) => role === route.role)
      .map(({ name, address, ports: own }) => ({ node: name, address, port: own.managementHttps })),
  }));
  return { ...base, nodes, balancer: { ...base.balancer, ports, routes } };
}

describe("configs: load balancer at work", function () {
  this.timeout(30_000);
  const servers: https.Server[] = [];
  let directory: string;
  let haproxy: ChildProcess | undefined;
  let topology: Topology;
  let ca: string;

  before(async function () {
    if (spawnSync("haproxy", ["-v"]).status !== 0) {
      process.stdout.write("      skipped: no haproxy on PATH (apt-get install haproxy)\n");
      this.skip();
    }
    directory = mkdtempSync(join(tmpdir(), "haproxy-run-"));
    topology = await localTopology();
    const names = [...new Set(topology.nodes.map(({ hostName }) => hostName))].filter(
      (name) => !name.startsWith("store."),
    );
    const good = await certificate(names);
    // The Store shows a certificate that is trusted, but of another name.
    const bad = await certificate(["elsewhere.example.com"]);
    ca = good.cert;
    for (const node of topology.nodes) await serve(node, node.role === "store" ? bad : good);
    writeFileSync(join(directory, "balancer.pem"), `${good.cert}\n${good.private}\n`);
    writeFileSync(join(directory, "ca.pem"), `${good.cert}\n${bad.cert}\n`);
    const file = join(directory, "haproxy.cfg");
    writeFileSync(file, renderBalancer(topology).replaceAll("/usr/local/etc/haproxy/", `${directory}/`));
    haproxy = spawn("haproxy", ["-db", "-f", file], { stdio: "ignore" });
    await untilAnswering();
  });

  after(async () => {
    if (haproxy?.exitCode === null) {
      haproxy.kill();
      await once(haproxy, "exit");
    }
    for (const server of servers) server.close();
    if (directory) rmSync(directory, { recursive: true });
  });

  async function certificate(names: readonly string[]) {
    return generate([{ name: "commonName", value: names[0] ?? "" }], {
      keySize: 2048,
      extensions: [
        { name: "basicConstraints", cA: true },
        { name: "subjectAltName", altNames: names.map((value) => ({ type: 2, value })) },
      ],
    });
  }

  /** A node that tells who it is and what it was told. */
  async function serve(node: Node, { cert, private: key }: { cert: string; private: string }): Promise<void> {
    const server = https.createServer({ cert, key }, (request, response) => {
      const { host, "x-forwarded-for": from, "x-forwarded-proto": proto, "x-forwarded-port": port } = request.headers;
      response.end([node.name, host, from, proto, port].join(" "));
    });
    server.listen(node.ports.managementHttps, node.address);
    await once(server, "listening");
    servers.push(server);
  }

  const httpsPort = () => topology.balancer.ports.find(({ name }) => name === "https")?.internal ?? 0;

  function get(host: string, headers: Record<string, string> = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const options = { port: httpsPort(), host: "127.0.0.1", servername: "gateway.apim-wso2.com", ca, agent: false };
      const request = https.get({ ...options, headers: { Host: host, ...headers } }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          body += chunk;
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body, cookies: response.headers["set-cookie"] ?? [] }),
        );
      });
      request.on("error", reject);
    });
  }

  async function untilAnswering(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await get("gateway.apim-wso2.com");
        return;
      } catch (error) {
        if (attempt > 50) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  it("sends a host to its component, with or without port, in any case, and says what the browser used", async () => {
    for (const host of ["gateway.apim-wso2.com", "gateway.apim-wso2.com:8443", "GATEWAY.apim-wso2.com"]) {
      const { status, body } = await get(host, { "X-Forwarded-For": "6.6.6.6" });
      assert.equal(status, 200);
      assert.equal(body, `gateway-1 ${host} 127.0.0.1 https 8443`);
    }
  });

  it("answers an unknown host with 421 and the names it knows", async () => {
    const { status, body } = await get("other.example.com");
    assert.equal(status, 421);
    assert.match(body, /Known: keymanager\.apim-wso2\.com, gateway\.apim-wso2\.com, /);
  });

  it("keeps a browser on its Publisher by a cookie", async () => {
    const first = await get("publisher.apim-wso2.com");
    const cookie = first.cookies[0] ?? "";
    assert.match(cookie, /^APIM_NODE=publisher-[12]; path=\/; HttpOnly; Secure$/);
    const name = /publisher-[12]/.exec(cookie)?.[0] ?? "";
    for (let attempt = 0; attempt < 4; attempt++) {
      const { body } = await get("publisher.apim-wso2.com", { Cookie: cookie.split(";")[0] ?? "" });
      assert.ok(body.startsWith(`${name} `), body);
    }
    const others = new Set<string>();
    for (let attempt = 0; attempt < 4; attempt++)
      others.add((await get("publisher.apim-wso2.com")).body.split(" ")[0] ?? "");
    assert.equal(others.size, 2);
  });

  it("speaks with no node whose certificate has another name", async () => {
    assert.equal((await get("store.apim-wso2.com")).status, 503);
  });

  it("takes the other Publisher when one is gone", async () => {
    const gone = topology.nodes.findIndex(({ name }) => name === "publisher-2");
    const server = servers[gone];
    server?.close();
    server?.closeAllConnections();
    for (let attempt = 0; attempt < 4; attempt++) {
      const { status, body } = await get("publisher.apim-wso2.com");
      assert.equal(status, 200);
      assert.ok(body.startsWith("publisher-1 "), body);
    }
  });
});
