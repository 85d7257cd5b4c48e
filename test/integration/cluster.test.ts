import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { DeployedStack } from "../../cli/stack";
import { type VerifyReport, verifyDeployment } from "../../cli/verify";
import { Front } from "../../cli/verify/front";
import { type ProbeAnswer, probe } from "../../cli/verify/httpProbe";
import { verifyLinks } from "../../cli/verify/links";
import { until as waitUntil } from "../../cli/verify/pause";
import { type ConsumerKey, Gateway, Store } from "../../cli/verify/product";
import { type Call, Load } from "./load";
import { docker, TestStack } from "./testStack";
import { outputsOf } from "./wiringSupport";

const minutes = 60_000;
const gateways = ["gateway-1", "gateway-2", "gateway-3"];

/** The settings of Pulumi.clustered.yaml; one gateway first, so that scaling is tried too. */
describe("a clustered deployment on a real Docker engine", function () {
  this.timeout(5 * minutes);
  this.slow(60_000);
  const stack = new TestStack("itestcluster", "clustered");
  let outputs: DeployedStack;
  let endpoint: Server;
  /** What `verify --keep` left for everybody here to call. */
  let kept: { readonly name: string; readonly path: string };

  before(async () => {
    stack.set({ gatewayReplicas: 1 });
    const up = await stack.run("up", "--skip-verify");
    assert.equal(up.status, 0, up.output);
    outputs = await outputsOf(stack);
    // Slow enough that calls are in flight at any time.
    endpoint = createServer((_, response) => void sleep(60).then(() => response.end("answered")));
    await new Promise<void>((done) => endpoint.listen(0, outputs.topology.network.gateway, done));
    const left = (await verify({ keep: true })).cycle?.left;
    assert.ok(left);
    kept = { name: left.name, path: new URL(left.url).pathname };
  });

  after(async () => {
    endpoint?.closeAllConnections();
    endpoint?.close();
    await stack.dispose();
  });

  const gateway = () => new Gateway(front(), outputs.topology.environments[0]?.apiHost ?? "");
  const front = () => new Front(outputs.topology, outputs.caCertificate);
  const endpointUrl = () => `http://${outputs.topology.network.gateway}:${(endpoint.address() as AddressInfo).port}`;

  /** @param done told of each step that has gone well */
  async function verify(
    options: { readonly keep?: boolean; readonly kept?: string } = {},
    done?: (step: string) => void,
  ): Promise<VerifyReport> {
    const nothing = () => undefined;
    const printer = { links: nothing, progress: nothing, end: nothing };
    const report = await verifyDeployment(
      outputs,
      { links: false, keep: false, endpoint: endpointUrl(), ...options },
      new AbortController().signal,
      { ...printer, done: ({ name }) => done?.(name) },
    );
    const bad = [...report.checks, ...(report.cycle?.steps ?? [])].filter(({ ok }) => !ok);
    assert.deepEqual(bad, []);
    return report;
  }

  /** The production key of the kept application. */
  async function key(): Promise<ConsumerKey> {
    const store = new Store(front());
    await store.logIn(outputs.adminUser, outputs.adminPassword);
    const keys = await store.keysOf(kept.name, { name: kept.name, version: "1.0.0", provider: outputs.adminUser });
    return keys.get("PRODUCTION") ?? assert.fail("the application has no production key");
  }

  /** Calls with a token of its own: each verification revokes the application's. */
  async function load(perSecond: number, given?: string): Promise<Load> {
    const token = given ?? (await gateway().token(await key()));
    const { topology } = outputs;
    const port = topology.balancer.ports.find(({ name }) => name === "gatewayHttp")?.published ?? 0;
    const host = topology.environments[0]?.apiHost ?? "";
    const headers = { authorization: `Bearer ${token}` };
    const request = { address: topology.reachableAddress, port, host, path: kept.path, headers, timeout: 20_000 };
    return new Load(async (method) => {
      const {
        status,
        body,
        headers: answered,
      } = await probe({ ...request, method, ...(method === "POST" && { form: {} }) });
      const node = [answered["x-apim-node"]].flat().join();
      return { ok: status === 200 && body === "answered", node, detail: `${status} ${body.slice(0, 200)}` };
    }, perSecond);
  }

  const lostOf = (calls: readonly Call[]) => calls.filter(({ ok }) => !ok);
  const nodesOf = (calls: readonly Call[]) => [...new Set(calls.map(({ node }) => node))].sort();
  const allServe = (calls: readonly Call[]) => gateways.every((name) => nodesOf(calls).includes(name));

  /** Until every link is up again, members of clusters included. */
  async function settled(): Promise<void> {
    let bad: unknown[] = [];
    const signal = new AbortController().signal;
    const good = await waitUntil(
      async () => {
        bad = (await verifyLinks(outputs)).checks.filter(({ ok }) => !ok);
        return bad.length === 0 || undefined;
      },
      { limit: 20_000, every: 300, signal },
    );
    assert.ok(good, JSON.stringify(bad, null, 2));
  }

  /** Names of what `preview` says will be replaced or made, without what only follows from it. */
  async function previewed(): Promise<Record<"replace" | "create", string[]>> {
    const { status, stdout, output } = await stack.run("preview", "--json");
    assert.equal(status, 0, output);
    const { steps } = JSON.parse(stdout) as { steps: { op: string; urn: string }[] };
    const named = (op: string) =>
      steps
        .filter((step) => step.op === op && step.urn.endsWith("-container"))
        .map(({ urn }) => urn.replace(/^.*::(.*)-container$/, "$1"))
        .sort();
    return { replace: named("replace"), create: named("create") };
  }

  it("goes from one gateway to three: two containers more, and only the balancer and the first gateway are replaced", async () => {
    const before = await stack.containers();
    stack.set({ gatewayReplicas: 3 });
    assert.deepEqual(await previewed(), {
      replace: ["gateway-1", "loadbalancer"],
      create: ["gateway-2", "gateway-3"],
    });
    const diff = await stack.run("preview", "--diff");
    // Why: the balancer must know the new ones, the first gateway becomes a member of their cluster.
    assert.match(diff.output, /haproxy\.cfg[\s\S]*\+ +server gateway-3 /);
    assert.match(diff.output, /axis2\.xml[\s\S]*\+ +<parameter name="domain">wso2\.gateway\.domain</);
    const running = await load(25);
    const up = await stack.run("up", "--skip-verify");
    assert.equal(up.status, 0, up.output);
    await running.until((since) => since.length > 10, 10);
    const calls = await running.stop();
    outputs = await outputsOf(stack);
    const after = await stack.containers();
    assert.deepEqual([...after.keys()].filter((name) => !before.has(name)).sort(), ["gateway-2", "gateway-3"]);
    assert.deepEqual([...before.keys()].filter((name) => before.get(name) !== after.get(name)).sort(), [
      "gateway-1",
      "loadbalancer",
    ]);
    // Only while the balancer itself is replaced.
    const lost = lostOf(calls);
    const gap = (lost.at(-1)?.started ?? 0) - (lost[0]?.started ?? 0);
    assert.ok(gap < 5000, `calls were lost over ${gap} ms`);
    // What was published to the one is served by all.
    await verify({ kept: kept.name, keep: true });
  });

  it("passes verify, on every gateway", () => verify());

  it("loses no call but those in flight on a gateway that is killed, which joins again when it is started", async () => {
    const running = await load(50);
    await running.until(allServe, 10);
    const container = docker.getContainer(`${stack.prefix}-gateway-2`);
    await container.kill();
    const killed = Date.now();
    await running.until((since) => since.length > 75, 10);
    // Docker takes a kill for a wish: the restart policy is for what ends by itself.
    assert.equal((await container.inspect()).State.Running, false);
    await container.start();
    await running.until(allServe, 15);
    assertOnlyInFlight(await running.stop(), killed);
    await settled();
    await verify({ kept: kept.name, keep: true });
  });

  it("has a gateway that dies by itself brought back by Docker, and loses no more", async function () {
    const container = docker.getContainer(`${stack.prefix}-gateway-3`);
    const { Pid } = (await container.inspect()).State;
    const running = await load(50);
    await running.until(allServe, 10);
    try {
      process.kill(Pid, "SIGKILL");
    } catch (error) {
      await running.stop();
      process.stdout.write(
        `      skipped: the container's process can't be killed from here (${(error as Error).message})\n`,
      );
      return this.skip();
    }
    const killed = Date.now();
    await running.until((since) => since.length > 75 && allServe(since), 20);
    assertOnlyInFlight(await running.stop(), killed);
    assert.equal((await container.inspect()).RestartCount, 1);
    await settled();
  });

  /** Those that could be repeated went to another gateway. */
  function assertOnlyInFlight(calls: readonly Call[], killed: number): void {
    const lost = lostOf(calls);
    assert.ok(calls.length > 50, `${calls.length} calls`);
    for (const call of lost)
      assert.ok(call.started <= killed && call.method === "POST", `${JSON.stringify(call)}, killed at ${killed}`);
    const inFlight = calls.filter(({ started, ended }) => started <= killed && ended >= killed);
    assert.ok(lost.length <= inFlight.length, `${lost.length} of ${inFlight.length} in flight`);
  }

  it("replaces gateways one after another when a setting of theirs changes, and calls go on", async () => {
    const before = await stack.containers();
    stack.set({ gatewayClusterDomain: "other.domain" });
    assert.deepEqual(await previewed(), { replace: gateways, create: [] });
    const running = await load(25);
    const up = await stack.run("up", "--skip-verify");
    assert.equal(up.status, 0, up.output);
    await running.until(allServe, 15);
    const calls = await running.stop();
    outputs = await outputsOf(stack);
    const after = await stack.containers();
    assert.deepEqual([...before.keys()].filter((name) => before.get(name) !== after.get(name)).sort(), gateways);
    // Each was up before the next one went: in every moment, two of them answer.
    const starts = await Promise.all(
      gateways.map(async (name) => {
        const { Created, State } = await docker.getContainer(after.get(name) ?? "").inspect();
        return { created: Date.parse(Created), started: Date.parse(State.StartedAt) };
      }),
    );
    for (const [index, { started }] of starts.slice(1).entries())
      assert.ok(started < (starts[index]?.created ?? 0), `${gateways[index + 1]} is older than ${gateways[index]}`);
    const lost = lostOf(calls);
    assert.deepEqual(
      lost.filter(({ method }) => method === "GET"),
      [],
    );
    // One that can't be repeated may be in flight at each when it stops.
    assert.ok(lost.length <= gateways.length, JSON.stringify(lost));
    await settled();
    await verify({ kept: kept.name, keep: true });
  });

  it("passes verify while a Key Manager is killed", async () => {
    const container = docker.getContainer(`${stack.prefix}-keymanager-1`);
    const lost = [
      "keymanager-1 answers as keymanager.apim-wso2.com",
      "keymanager-2 -> keymanager-1 (clustering/members)",
    ];
    let killed: Promise<unknown> | undefined;
    await verify({}, (step) => {
      if (step === "subscribe it to the API") killed = container.kill();
    });
    assert.ok(killed, "no Key Manager was killed");
    await killed;
    assert.equal((await container.inspect()).State.Running, false);
    await downTo(lost);
    await verifyWithout(lost);
    await container.start();
    await settled();
  });

  /** Until just these links are down: a member that vanishes without a word is missed only after a while. */
  async function downTo(lost: readonly string[]): Promise<void> {
    let failed: string[] = [];
    const down = await waitUntil(
      async () => {
        const { checks } = await verifyLinks(outputs);
        failed = checks.filter(({ ok }) => !ok).map(({ name }) => name);
        return isDeepStrictEqual(failed, lost) || undefined;
      },
      { limit: 20_000, every: 300, signal: new AbortController().signal },
    );
    assert.ok(down, JSON.stringify(failed));
  }

  /** These links are down, but the cycle goes well from its beginning. */
  async function verifyWithout(lost: readonly string[]): Promise<void> {
    const report = await verifyDeployment(
      outputs,
      { links: false, keep: false, endpoint: endpointUrl() },
      new AbortController().signal,
    );
    assert.deepEqual(
      report.cycle?.steps.filter(({ ok }) => !ok),
      [],
    );
    const failed = report.checks.filter(({ ok }) => !ok).map(({ name }) => name);
    assert.deepEqual(failed, lost);
  }

  /** A request to one node at its own published port. */
  function ask(
    node: string,
    path: string,
    { form, headers }: { readonly form?: Record<string, string>; readonly headers?: Record<string, string> } = {},
  ): Promise<ProbeAnswer> {
    const { nodes, reachableAddress: address } = outputs.topology;
    const found = nodes.find(({ name }) => name === node) ?? assert.fail(node);
    const to = { address, port: found.publishedPort, host: found.hostName, ca: outputs.caCertificate, path };
    return probe({ ...to, ...(form && { form, method: "POST" as const }), ...(headers && { headers }) });
  }

  it("has Key Managers that know each other's tokens, and gateways that all forget a revoked one", async () => {
    const { consumerKey, consumerSecret } = await key();
    const basic = { authorization: `Basic ${Buffer.from(`${consumerKey}:${consumerSecret}`).toString("base64")}` };
    const tokenOf = async (node: string) => {
      const { body } = await ask(node, "/oauth2/token", { form: { grant_type: "client_credentials" }, headers: basic });
      return String((JSON.parse(body) as { access_token: string }).access_token);
    };
    const own = await tokenOf("keymanager-1");
    assert.equal(await tokenOf("keymanager-2"), own);
    const running = await load(25, own);
    await running.until((since) => allServe(since) && lostOf(since).length === 0, 10);
    // All gateways have it in their caches; one of them passes the revocation on.
    await gateway().revoke({ consumerKey, consumerSecret }, own);
    const refused = (since: readonly Call[]) =>
      since.length > 20 && since.every(({ detail }) => detail.startsWith("401")) && allServe(since);
    await running.until(refused, 10);
    await running.stop();
    const next = await tokenOf("keymanager-2");
    assert.notEqual(next, own);
    assert.equal(await tokenOf("keymanager-1"), next);
    // Both have it in memory: the one that is not asked to revoke it learns of that from the other.
    const { status } = await ask("keymanager-2", "/oauth2/revoke", { form: { token: next }, headers: basic });
    assert.equal(status, 200);
    assert.notEqual(await tokenOf("keymanager-1"), next);
  });

  it("keeps sessions on their Publisher and Store, and shows an API of any Publisher in all Stores", async () => {
    const { topology, caCertificate: ca, adminUser: username, adminPassword: password } = outputs;
    const port = topology.balancer.ports.find(({ name }) => name === "https")?.published ?? 0;
    for (const app of ["publisher", "store"]) {
      const host = topology.nodes.find(({ role }) => role === app)?.hostName ?? "";
      const request = { address: topology.reachableAddress, port, host, ca };
      const login = await probe({
        ...{ ...request, path: `/${app}/site/blocks/user/login/ajax/login.jag`, method: "POST" },
        form: { action: "login", username, password },
      });
      const cookie = (login.headers["set-cookie"] ?? []).map((line) => line.split(";")[0]).join("; ");
      const nodes = async (headers: Record<string, string>) => {
        const answers = await Promise.all(
          Array.from({ length: 6 }, () => probe({ ...request, path: "/standin/health?links=none", headers })),
        );
        return [...new Set(answers.map((answer) => `${answer.headers["x-standin-node"]}`))].sort();
      };
      assert.deepEqual(await nodes({ cookie }), [`${login.headers["x-standin-node"]}`]);
      assert.deepEqual(await nodes({}), [`${app}-1`, `${app}-2`]);
    }
    for (const node of ["store-1", "store-2"]) {
      const login = await ask(node, "/store/site/blocks/user/login/ajax/login.jag", {
        form: { action: "login", username, password },
      });
      const cookie = (login.headers["set-cookie"] ?? [])[0]?.split(";")[0] ?? "";
      const { body } = await ask(node, "/store/site/blocks/api/listing/ajax/list.jag", {
        ...{ form: { action: "getAllPublishedAPIs" }, headers: { cookie } },
      });
      const { apis } = JSON.parse(body) as { apis: { name: string }[] };
      assert.ok(
        apis.some(({ name }) => name === kept.name),
        `${node}: ${body}`,
      );
    }
  });
});
