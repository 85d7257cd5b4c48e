import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { renderBalancer } from "../../../configs";
import type { Topology } from "../../../topology";
import { deploymentOf } from "../../configs/stock";
import { ownCertificate, type RunningHaproxy, runHaproxy } from "./container";
import { ask as askFront, localTopology, NodeServer, until, within } from "./nodes";

describe("the load balancer when servers fail", function () {
  this.timeout(30_000);
  this.slow(3000);
  let topology: Topology;
  let ca: string;
  let running: RunningHaproxy | undefined;
  const servers = new Map<string, NodeServer>();

  before(async () => {
    topology = await localTopology();
    const keys = await ownCertificate([...new Set(topology.nodes.map(({ hostName }) => hostName))]);
    ca = keys.cert;
    for (const node of topology.nodes) servers.set(node.name, new NodeServer(node, keys));
    for (const server of servers.values()) await server.start();
    running = await runHaproxy(renderBalancer({ ...deploymentOf(), topology }), keys, [keys]);
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

  const ask = (name: string, method?: string, cookie?: string) => askFront({ topology, ca }, name, method, cookie);

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

  const server = (name: string): NodeServer => servers.get(name) ?? assert.fail(name);

  it("spreads calls over the gateways, and says whose answer it is", async () => {
    assert.deepEqual([...(await calls(4))].sort(), ["gateway-1", "gateway-2"]);
    const { node } = await ask("gateway");
    assert.equal(node, "");
  });

  it("checks the nodes without a request to them, which would be a line in their access logs", async () => {
    const asked = () => [...servers.values()].map((one) => one.asked);
    const before = asked();
    await sleep(3000);
    assert.deepEqual(asked(), before);
  });

  it("loses no call to a gateway that is gone", async () => {
    server("gateway-2").kill();
    assert.deepEqual([...(await within(2000, () => calls(8)))], ["gateway-1"]);
  });

  it("takes a gateway out whose connection fails, though its check is still good, and loses no call", async () => {
    server("gateway-2").kill("calls");
    const before = (await running?.told())?.length;
    assert.deepEqual([...(await calls(3))], ["gateway-1"]);
    assert.match((await running?.told())?.slice(before) ?? "", /api-http\/gateway-2 is DOWN, reason: Health analyze/);
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
    const { status, body } = await ask(name, "POST");
    assert.deepEqual([status, body], [200, "keymanager-2"]);
  });

  it("sends management to the first gateway, and to the next one when that is gone", async () => {
    for (let attempt = 0; attempt < 4; attempt++) assert.equal((await ask("gateway")).body, "gateway-1");
    server("gateway-1").kill();
    // Somebody who is logged in there, too.
    const session = () => ask("gateway", "GET", "APIM_NODE=gateway-1");
    assert.equal((await within(2000, session)).body, "gateway-2");
    for (let attempt = 0; attempt < 4; attempt++) assert.equal((await ask("gateway")).body, "gateway-2");
  });

  it("keeps a session at its Key Manager by the server's own cookie, of which that one knows nothing", async () => {
    const name = "internal-keymanager-managementhttps";
    const first = await ask(name, "POST");
    const [line = "", ...more] = first.setCookies;
    assert.deepEqual(more, []);
    const cookie = line.split(";")[0] ?? "";
    assert.notEqual(cookie, `JSESSIONID=of-${first.body}`);
    for (let attempt = 0; attempt < 4; attempt++) {
      const next = await ask(name, "POST", cookie);
      assert.deepEqual([next.body, next.cookie], [first.body, `JSESSIONID=of-${first.body}`]);
    }
    server(first.body).kill();
    assert.equal((await within(2000, () => ask(name, "POST", cookie))).status, 200);
  });

  it("has another Key Manager answer what one was asked when it died", async () => {
    const name = "internal-keymanager-managementhttps";
    const [one, other] = [server("keymanager-1"), server("keymanager-2")];
    await until(async () => new Set([(await ask(name)).body, (await ask(name)).body]).size === 2);
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
