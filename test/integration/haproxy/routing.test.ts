import assert from "node:assert/strict";
import { once } from "node:events";
import * as https from "node:https";
import { renderBalancer } from "../../../configs";
import type { Node, Topology } from "../../../topology";
import { deploymentOf } from "../../configs/stock";
import { freePorts, ownCertificate, type RunningHaproxy, runHaproxy } from "./container";

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly cookies: readonly string[];
}

/** Two Publishers and one Store on this machine's own addresses, the balancer on free ports. */
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

describe("the load balancer at work", function () {
  this.timeout(30_000);
  const servers: https.Server[] = [];
  let running: RunningHaproxy | undefined;
  let topology: Topology;
  let ca: string;

  before(async () => {
    topology = await localTopology();
    const names = [...new Set(topology.nodes.map(({ hostName }) => hostName))];
    const good = await ownCertificate(names.filter((name) => !name.startsWith("store.")));
    // The Store shows a certificate that is trusted, but of another name; the Key Manager one that nobody trusts.
    const elsewhere = await ownCertificate(["elsewhere.example.com"]);
    const stranger = await ownCertificate(names);
    ca = good.cert;
    const bad = new Map([
      ["store", elsewhere],
      ["keyManager", stranger],
    ]);
    for (const node of topology.nodes) await serve(node, bad.get(node.role) ?? good);
    running = await runHaproxy(renderBalancer({ ...deploymentOf(), topology }), good, [good, elsewhere]);
    await untilAnswering();
  });

  after(async () => {
    await running?.stop();
    for (const server of servers) server.close();
  });

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

  it("speaks with no node whose certificate is of an authority that it does not trust", async () => {
    assert.equal((await get("keymanager.apim-wso2.com")).status, 503);
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
