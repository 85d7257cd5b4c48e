import assert from "node:assert/strict";
import { once } from "node:events";
import * as https from "node:https";
import { renderBalancer } from "../../../configs";
import type { Node, Topology } from "../../../topology";
import { deploymentOf } from "../../configs/stock";
import { useExclusively } from "../place";
import { eventually } from "../waiting";
import { freePorts, type RunningHaproxy, runHaproxy, type SelfSignedCertificate, selfSigned } from "./container";

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly cookies: readonly string[];
}

/** The default deployment with a second Publisher, on free ports of this machine. */
async function localTopology(): Promise<Topology> {
  const { topology: base } = deploymentOf();
  const free = await freePorts(base.nodes.length + 1 + base.balancer.ports.length);
  const node = (original: Node, name: string): Node => {
    const managementHttps = free.pop() ?? 0;
    return { ...original, name, address: "127.0.0.1", ports: { ...original.ports, managementHttps } };
  };
  const nodes = base.nodes.flatMap((original) => [
    node(original, original.name),
    ...(original.role === "publisher" ? [node(original, "publisher-2")] : []),
  ]);
  const ports = base.balancer.ports.map((port) => ({ ...port, internal: free.pop() ?? 0 }));
  const routes = base.balancer.routes.map((route) => ({
    ...route,
    listenPort: ports[base.balancer.ports.findIndex(({ internal }) => internal === route.listenPort)]?.internal ?? 0,
    targets: nodes
      .filter(({ role }) => role === route.role)
      .map(({ name, address, ports: own }) => ({ node: name, address, port: own.managementHttps })),
  }));
  return { ...base, nodes, balancer: { ...base.balancer, ports, routes } };
}

describe("HAProxy: routing, sessions and certificates", function () {
  this.timeout(30_000);
  useExclusively("haproxy");
  const servers: https.Server[] = [];
  let running: RunningHaproxy | undefined;
  let topology: Topology;
  let ca: string;

  before(async () => {
    topology = await localTopology();
    const names = [...new Set(topology.nodes.map(({ hostName }) => hostName))];
    const good = await selfSigned(names.filter((name) => !name.startsWith("store.")));
    // The Store has a trusted certificate with another host name; the Key Manager's certificate is not trusted.
    const otherName = await selfSigned(["elsewhere.example.com"]);
    const untrusted = await selfSigned(names);
    ca = good.cert;
    const bad = new Map([
      ["store", otherName],
      ["keyManager", untrusted],
    ]);
    for (const node of topology.nodes) await serve(node, bad.get(node.role) ?? good);
    running = await runHaproxy(renderBalancer({ ...deploymentOf(), topology }), good, [good, otherName]);
    await eventually("HAProxy answers", () => get("gateway.apim-wso2.com").catch(() => undefined), { seconds: 10 });
  });

  after(async () => {
    await running?.stop();
    for (const server of servers) server.close();
  });

  /** Starts a node's server, which answers with its name and the headers that it received. */
  async function serve(node: Node, { cert, private: key }: SelfSignedCertificate): Promise<void> {
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

  it("routes by host name, with or without a port and in any case, and forwards the address that the browser used", async () => {
    for (const host of ["gateway.apim-wso2.com", "gateway.apim-wso2.com:8443", "GATEWAY.apim-wso2.com"]) {
      const { status, body } = await get(host, { "X-Forwarded-For": "6.6.6.6" });
      assert.equal(status, 200);
      assert.equal(body, `gateway-1 ${host} 127.0.0.1 https 8443`);
    }
  });

  it("answers an unknown host name with 421 and the known host names", async () => {
    const { status, body } = await get("other.example.com");
    assert.equal(status, 421);
    assert.match(body, /Known: keymanager\.apim-wso2\.com, gateway\.apim-wso2\.com, /);
  });

  it("keeps a browser at its Publisher by a cookie", async () => {
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

  it("answers 503 for a node whose certificate has another host name", async () => {
    assert.equal((await get("store.apim-wso2.com")).status, 503);
  });

  it("answers 503 for a node whose certificate is not trusted", async () => {
    assert.equal((await get("keymanager.apim-wso2.com")).status, 503);
  });

  it("sends requests to the other Publisher when one is gone", async () => {
    const server = servers[topology.nodes.findIndex(({ name }) => name === "publisher-2")];
    server?.close();
    server?.closeAllConnections();
    for (let attempt = 0; attempt < 4; attempt++) {
      const { status, body } = await get("publisher.apim-wso2.com");
      assert.equal(status, 200);
      assert.ok(body.startsWith("publisher-1 "), body);
    }
  });
});
