import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { renderBalancer } from "../../../configs";
import type { Topology } from "../../../topology";
import { deploymentOf } from "../../configs/stock";
import { useExclusively } from "../place";
import { eventually } from "../waiting";
import { type RunningHaproxy, runHaproxy, selfSigned } from "./container";
import { ask as askRoute, NodeServer, quickReturn, topologyOfPairs, untilTrue, within } from "./nodes";

describe("HAProxy when servers fail", function () {
  this.timeout(30_000);
  useExclusively("haproxy");
  this.slow(3000);
  let topology: Topology;
  let ca: string;
  let running: RunningHaproxy | undefined;
  const servers = new Map<string, NodeServer>();

  before(async () => {
    topology = await topologyOfPairs();
    const keys = await selfSigned([...new Set(topology.nodes.map(({ hostName }) => hostName))]);
    ca = keys.cert;
    for (const node of topology.nodes) servers.set(node.name, new NodeServer(node, keys));
    for (const server of servers.values()) await server.start();
    running = await runHaproxy(quickReturn(renderBalancer({ ...deploymentOf(), topology })), keys, [keys]);
    await untilTrue("both gateways answer", async () => (await calls(2)).size === 2);
  });

  after(async () => {
    await running?.stop();
    for (const server of servers.values()) server.kill();
  });

  afterEach(async () => {
    for (const [name, server] of servers) {
      server.kill();
      await server.start();
      if (name.startsWith("gateway")) await untilServing(name);
    }
  });

  const ask = (name: string, method?: string, cookie?: string) => askRoute({ topology, ca }, name, method, cookie);

  /** Makes so many API calls. @returns the gateways that answered; none if any call failed */
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
  const untilServing = (gateway: string) =>
    untilTrue(`${gateway} answers calls`, async () => (await calls(8)).has(gateway));

  /** Starts two calls and waits until each of the two servers has received one. */
  async function startOnEach<T>(
    two: readonly NodeServer[],
    call: () => Promise<T>,
  ): Promise<{ answers: Promise<T[]> }> {
    const expected = two.map(({ requests }) => requests + 1);
    const answers = Promise.all([call(), call()]);
    const received = async () => two.every(({ requests }, index) => requests === expected[index]);
    await untilTrue("each server has received one of the two calls", received);
    return { answers };
  }

  it("spreads calls over the gateways, and names the gateway in the answer", async () => {
    assert.deepEqual([...(await calls(4))].sort(), ["gateway-1", "gateway-2"]);
    const { node } = await ask("gateway");
    assert.equal(node, "");
  });

  it("checks the nodes without sending requests, which would fill their access logs", async () => {
    const requests = () => [...servers.values()].map((one) => one.requests);
    const before = requests();
    await sleep(3000);
    assert.deepEqual(requests(), before);
  });

  it("loses no call when a gateway is gone", async () => {
    server("gateway-2").kill();
    assert.deepEqual([...(await within(2000, () => calls(8)))], ["gateway-1"]);
  });

  it("takes a gateway out when calls to it fail while its check still passes, and loses no call", async () => {
    server("gateway-2").kill("calls");
    const before = (await running?.log())?.length;
    assert.deepEqual([...(await calls(3))], ["gateway-1"]);
    assert.match((await running?.log())?.slice(before) ?? "", /api-http\/gateway-2 is DOWN, reason: Health analyze/);
  });

  it("retries a GET on another gateway when the first one dies during the call, but not a POST", async () => {
    for (const [method, expected] of [
      ["GET", 200],
      ["POST", 502],
    ] as const) {
      const [one, other] = [server("gateway-1"), server("gateway-2")];
      one.hangs = true;
      const both = await startOnEach([one, other], () => ask("api-http", method));
      one.kill("calls");
      assert.deepEqual((await both.answers).map(({ status }) => status).sort(), [200, expected]);
      one.kill();
      await one.start();
      await untilServing("gateway-1");
    }
  });

  it("still tries the gateways when none passes its check", async () => {
    for (const name of ["gateway-1", "gateway-2"]) server(name).kill();
    await untilTrue("api-http answers 503", async () => (await ask("api-http")).status === 503);
    await server("gateway-1").start("calls");
    assert.deepEqual([...(await within(6000, () => calls(4)))], ["gateway-1"]);
  });

  it("tries a Key Manager that is back before a check has noticed", async () => {
    const name = "internal-keymanager-managementhttps";
    for (const each of ["keymanager-1", "keymanager-2"]) server(each).kill();
    await untilTrue(`${name} answers 503`, async () => (await ask(name)).status === 503);
    await server("keymanager-2").start();
    const { status, body } = await ask(name, "POST");
    assert.deepEqual([status, body], [200, "keymanager-2"]);
  });

  it("sends management requests to the first gateway, and to the second when the first is gone", async () => {
    for (let attempt = 0; attempt < 4; attempt++) assert.equal((await ask("gateway")).body, "gateway-1");
    server("gateway-1").kill();
    // Sessions at the first gateway move too.
    const session = () => ask("gateway", "GET", "APIM_NODE=gateway-1");
    assert.equal((await within(2000, session)).body, "gateway-2");
    for (let attempt = 0; attempt < 4; attempt++) assert.equal((await ask("gateway")).body, "gateway-2");
  });

  it("keeps a session at its Key Manager by a prefix in the server's cookie, which the Key Manager does not see", async () => {
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

  const nodeCookieOf = ({ setCookies }: { readonly setCookies: readonly string[] }) =>
    setCookies.flatMap((line) => /^APIM_NODE=([^;]*)/.exec(line)?.[1] ?? []).join();
  const other = (node: string) => (node === "publisher-1" ? "publisher-2" : "publisher-1");

  it("keeps a session at its Publisher, which gets all cookies but the balancer's", async () => {
    const first = await ask("publisher");
    assert.equal(nodeCookieOf(first), first.body);
    for (let attempt = 0; attempt < 4; attempt++) {
      const next = await ask("publisher", "POST", `JSESSIONID=alive; APIM_NODE=${first.body}; language=en`);
      assert.deepEqual([next.body, next.cookie], [first.body, "JSESSIONID=alive; language=en"]);
    }
  });

  it("takes the session cookies of a Publisher that is down from a request, and keeps the user at another one", async () => {
    const { body: dead } = await ask("publisher");
    server(dead).kill();
    await untilTrue(`publisher/${dead} is down`, async () => {
      const { cookie } = await ask("publisher", "GET", `APIM_NODE=${dead}; JSESSIONID=dead`);
      return cookie === "";
    });
    for (const [sent, received] of [
      [`JSESSIONID=dead; APIM_NODE=${dead}; language=en`, "language=en"],
      [`language=en; JSESSIONID=dead; JSESSIONID=dead-too; APIM_NODE=${dead}`, "language=en"],
      [`xJSESSIONID=other; APIM_NODE=${dead}; JSESSIONID=dead`, "xJSESSIONID=other"],
    ] as const) {
      const next = await ask("publisher", "POST", sent);
      assert.deepEqual([next.status, next.body, nodeCookieOf(next)], [200, other(dead), other(dead)]);
      assert.equal(next.cookie.replace(/[; ]+$/, ""), received);
    }
    const alive = await ask("publisher", "GET", `JSESSIONID=new; APIM_NODE=${other(dead)}`);
    assert.deepEqual([alive.body, alive.cookie], [other(dead), "JSESSIONID=new"]);
    // The session has moved for good: the first Publisher is not asked again when it is back.
    await server(dead).start();
    await untilTrue(`${dead} is back`, async () => (await ask("publisher")).body === dead);
    assert.equal((await ask("publisher", "GET", `JSESSIONID=new; APIM_NODE=${other(dead)}`)).body, other(dead));
  });

  it("sends the first request after a Publisher's death to another one, and renames it in the cookie", async () => {
    const { body: dead } = await ask("publisher");
    server(dead).kill();
    const next = await within(2000, () => ask("publisher", "GET", `JSESSIONID=dead; APIM_NODE=${dead}`));
    assert.deepEqual([next.status, next.body, nodeCookieOf(next)], [200, other(dead), other(dead)]);
  });

  it("takes the session cookie of a Publisher that the deployment no longer has from a request", async () => {
    const next = await ask("publisher", "GET", "JSESSIONID=dead; APIM_NODE=publisher-3; language=en");
    assert.deepEqual([next.status, nodeCookieOf(next)], [200, next.body]);
    assert.equal(next.cookie, "language=en");
    // Clients without the balancer's cookie keep theirs.
    assert.equal((await ask("publisher", "GET", "JSESSIONID=own")).cookie, "JSESSIONID=own");
  });

  it("retries a POST on another Key Manager when the first one dies during the call", async () => {
    const name = "internal-keymanager-managementhttps";
    const [one, other] = [server("keymanager-1"), server("keymanager-2")];
    const bothServe = async () => new Set([(await ask(name)).body, (await ask(name)).body]).size === 2;
    await untilTrue("both Key Managers answer", bothServe);
    one.hangs = true;
    const both = await startOnEach([one, other], () => ask(name, "POST"));
    one.kill();
    assert.deepEqual(
      (await both.answers).map(({ status, body }) => [status, body]),
      [
        [200, "keymanager-2"],
        [200, "keymanager-2"],
      ],
    );
    for (let attempt = 0; attempt < 4; attempt++) assert.equal((await ask(name, "POST")).body, "keymanager-2");
  });
});

describe("HAProxy when a server comes back", function () {
  this.timeout(60_000);
  let topology: Topology;
  let ca: string;
  let running: RunningHaproxy;
  let servers: ReadonlyMap<string, NodeServer>;

  before(async () => {
    topology = await topologyOfPairs();
    const keys = await selfSigned([...new Set(topology.nodes.map(({ hostName }) => hostName))]);
    ca = keys.cert;
    servers = new Map(topology.nodes.map((node) => [node.name, new NodeServer(node, keys)]));
    for (const server of servers.values()) await server.start();
    running = await runHaproxy(renderBalancer({ ...deploymentOf(), topology }), keys, [keys]);
  });

  after(async () => {
    await running?.stop();
    for (const server of servers?.values() ?? []) server.kill();
  });

  const server = (name: string): NodeServer => servers.get(name) ?? assert.fail(name);
  const ask = (route: string, cookie?: string) => askRoute({ topology, ca }, route, "GET", cookie);
  const answering = async (route: string) => {
    const names = new Set<string>();
    for (let count = 0; count < 4; count++) names.add((await ask(route).catch(() => ({ body: "" }))).body);
    return names;
  };

  it("sends a gateway calls when its API port has answered, not as soon as its management port is open", async () => {
    await untilTrue("both gateways answer", async () => (await answering("api-http")).has("gateway-2"));
    const gateway = server("gateway-2");
    gateway.kill();
    await untilTrue("one gateway answers", async () => [...(await answering("api-http"))].join() === "gateway-1");
    await sleep(1000);
    await gateway.start();
    gateway.hangs = true;
    for (const end = Date.now() + 5000; Date.now() < end; )
      assert.deepEqual([...(await within(1000, () => answering("api-http")))], ["gateway-1"]);
    assert.deepEqual([...gateway.paths], ["/"], "calls were sent");
    gateway.hangs = false;
    await untilTrue("both gateways answer again", async () => (await answering("api-http")).has("gateway-2"));
  });

  it("sends a Publisher requests after 8 s of good checks: the product opens its ports before it can answer", async () => {
    const publisher = server("publisher-2");
    publisher.kill();
    await untilTrue("one Publisher answers", async () => [...(await answering("publisher"))].join() === "publisher-1");
    await sleep(2000);
    await publisher.start();
    const back = Date.now();
    await eventually("both Publishers answer again", async () => (await answering("publisher")).has("publisher-2"), {
      seconds: 20,
      every: 100,
    });
    assert.ok(Date.now() - back > 6000, `${Date.now() - back} ms`);
  });

  it("keeps a session that begins when all Publishers have just come back, untested", async () => {
    const publishers = ["publisher-1", "publisher-2"];
    for (const name of publishers) server(name).kill();
    await untilTrue("no Publisher answers", async () => (await ask("publisher")).status === 503);
    await sleep(2000);
    // The other one passes its checks first.
    await server("publisher-2").start();
    await sleep(2000);
    await server("publisher-1").start();
    const first = await eventually("the first Publisher begins a session", async () => {
      const answer = await ask("publisher", "APIM_NODE=publisher-1; JSESSIONID=dead");
      assert.equal(answer.cookie.replace(/[; ]+$/, ""), "");
      return answer.body === "publisher-1" && answer;
    });
    const nodeCookie = /APIM_NODE=([^;]*)/.exec(first.setCookies.join("\n"))?.[1];
    assert.equal(nodeCookie, `${first.body}-untested`);
    // For so long that both pass their checks meanwhile.
    for (const end = Date.now() + 13_000; Date.now() < end; await sleep(100)) {
      const next = await ask("publisher", `JSESSIONID=alive; APIM_NODE=${nodeCookie}; language=en`);
      assert.deepEqual([next.body, next.cookie], [first.body, "JSESSIONID=alive; language=en"]);
    }
    // The node dies later: another one takes over, and gets no session of it.
    server(first.body).kill();
    const moved = await ask("publisher", `JSESSIONID=alive; APIM_NODE=${nodeCookie}; language=en`);
    assert.equal(moved.status, 200);
    assert.notEqual(moved.body, first.body);
    await untilTrue("the session's cookie is taken away", async () => {
      const { cookie } = await ask("publisher", `JSESSIONID=alive; APIM_NODE=${nodeCookie}; language=en`);
      return cookie === "language=en";
    });
    await server(first.body).start();
  });
});
