import assert from "node:assert/strict";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { CycleResult } from "../../../cli/verify/cycle";
import type { CycleOptions } from "../../../cli/verify/cycleRun";
import { hangingNodes } from "../../../cli/verify/hangingNodes";
import type { Suspect } from "../../../cli/verify/suspects";
import { parseSettings } from "../../../plan/settings";
import { buildTopology, type Topology } from "../../../topology";
import { issue } from "../../certificates/support";
import { FakeDeployment, type Override } from "./fakeDeployment";
import { runOn, shortLimits } from "./fakeRun";

describe("verify: nodes that hang", function () {
  this.timeout(10_000);

  describe("are found", () => {
    const servers: (SecureServer | Server)[] = [];
    const sockets = new Set<Socket>();
    let topology: Topology;
    let caCertificate = "";

    async function listen(server: SecureServer | Server): Promise<number> {
      servers.push(server);
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
      return (server.address() as AddressInfo).port;
    }

    before(async () => {
      const built = buildTopology(parseSettings({}, "dev"));
      const { cert, key } = await issue({ name: "nodes", hosts: built.nodes.map(({ hostName }) => hostName) });
      caCertificate = cert;
      const closed = await listen(createServer());
      servers.pop()?.close();
      // A stopped process leaves the kernel to accept connections: nothing answers the TLS handshake.
      const silent = createServer((socket) => sockets.add(socket.on("error", () => undefined)));
      const ports: Record<string, number> = {
        "keymanager-1": await listen(silent),
        "gateway-1": await listen(createSecureServer({ cert, key }, (_, response) => response.writeHead(503).end())),
        "publisher-1": await listen(createSecureServer({ cert, key }, () => undefined)),
        "store-1": closed,
      };
      const nodes = built.nodes.map((node) => ({ ...node, publishedPort: ports[node.name] ?? 0 }));
      topology = { ...built, nodes, reachableManagementAddress: "127.0.0.1" };
    });
    after(() => {
      for (const socket of sockets) socket.destroy();
      for (const server of servers) {
        server.close();
        if ("closeAllConnections" in server) server.closeAllConnections();
      }
    });

    it("when they accept connections and answer neither TLS nor HTTP; a stopped node does not hang", async () => {
      const found = await hangingNodes({ topology, caCertificate }, 500);
      assert.deepEqual(
        found.map(({ node, link }) => [node, link]),
        ["keymanager-1", "publisher-1"].map((node) => [
          node,
          `${node} hangs: no answer on its management port within 0.5 s`,
        ]),
      );
      assert.equal(found[0]?.element, "docker logs apim-dev-keymanager-1");
    });
  });

  describe("are at fault for a failed step", () => {
    let fake: FakeDeployment;
    beforeEach(async () => {
      fake = new FakeDeployment();
      await fake.start();
    });
    afterEach(() => fake.stop());

    function run(options: Partial<CycleOptions> = {}): Promise<CycleResult> {
      return runOn(fake, { limits: { ...shortLimits, answer: 0.3 }, ...options });
    }

    const hangs = (node: string): Suspect => ({
      link: `${node} hangs`,
      node,
      file: "the log",
      element: "",
      why: "",
      settings: [],
      also: [],
    });
    const hanging = (...nodes: string[]) => ({ hanging: async () => nodes.map(hangs) });
    function failure({ steps }: CycleResult) {
      const failed = steps.find(({ status }) => status === "failed") ?? assert.fail("no step failed");
      return { ...failed, links: (failed.faults ?? []).map(({ link }) => link) };
    }
    const publishing = ({ action }: Parameters<Override>[0]) => action === "updateStatus";

    it("that gets no answer within the limit, which the report names, although the first node on the way is another", async () => {
      fake.silent = publishing;
      const { name, detail, links } = failure(await run(hanging("gateway-1")));
      assert.equal(name, "publish the API to the gateways");
      assert.match(detail ?? "", /life-cycles\.jag at .*: given up: no answer within 0\.3 s$/);
      assert.deepEqual(links, ["gateway-1 hangs"]);
    });

    it("that the load balancer refuses because it has no server", async () => {
      const body = "<html><body><h1>503 Service Unavailable</h1>";
      fake.override = (seen) => (publishing(seen) ? { status: 504, body } : undefined);
      assert.deepEqual(failure(await run(hanging("publisher-1"))).links, ["publisher-1 hangs"]);
    });

    it("that another node refuses, if the step needs the hanging node", async () => {
      const body = JSON.stringify({ error: true, message: "no answer in time" });
      fake.override = ({ action }) => (action === "login" ? { body } : undefined);
      assert.deepEqual(failure(await run(hanging("keymanager-1"))).links, ["keymanager-1 hangs"]);
    });

    it("but not for a refusal of a step that does not need them", async () => {
      const body = JSON.stringify({ error: true, message: "no" });
      fake.override = ({ action }) => (action === "login" ? { body } : undefined);
      const { links } = failure(await run(hanging("store-1", "keymanager-10")));
      assert.ok(links.includes("publisher-1 -> keymanager-1 (AuthManager/ServerURL)"), links.join());
      assert.ok(!links.some((link) => link.endsWith("hangs")));
    });

    it("and if none hangs, every link of the step can be, not only the load balancer's", async () => {
      fake.silent = publishing;
      const { links } = failure(await run(hanging()));
      assert.deepEqual(links, ["publisher-1 -> loadbalancer (Environment[Production and Sandbox]/ServerURL)"]);
    });

    it("and nobody is asked when no step fails", async () => {
      let asked = 0;
      const result = await run({ hanging: async () => [hangs(`${++asked}`)] });
      assert.ok(result.steps.every(({ ok }) => ok));
      assert.equal(asked, 0);
    });
  });
});
