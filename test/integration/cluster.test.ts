import assert from "node:assert/strict";
import { type ProbeAnswer, probe } from "../../cli/verify/httpProbe";
import { assertOnlyInFlight, ClusterRun, lostOf } from "./clusterRun";
import { type Call, Load } from "./load";
import { docker, TestStack } from "./testStack";

const minutes = 60_000;
const gateways = ["gateway-1", "gateway-2", "gateway-3"];

/** The settings of Pulumi.clustered.yaml; one gateway first, so that scaling is tried too. */
describe("a clustered deployment on a real Docker engine", function () {
  this.timeout(5 * minutes);
  this.slow(60_000);
  const stack = new TestStack("itestcluster", "clustered");
  const run = new ClusterRun(stack, gateways);

  before(async () => {
    stack.set({ gatewayReplicas: 1 });
    await run.start();
  });

  after(() => run.stop());

  /** Names of what `preview` says will be replaced or made, without what only follows from it. */
  async function previewed(): Promise<Record<"replace" | "create", string[]>> {
    const { status, stdout, output } = await stack.run("preview", "--json");
    assert.equal(status, 0, output);
    const { steps } = JSON.parse(stdout) as { steps: { op: string; urn: string }[] };
    const named = (op: string) =>
      steps
        .filter((step) => step.op === op && step.urn.endsWith("-container"))
        .map(({ urn }) => urn.replace(/^.*::apim-(.*)-container$/, "$1"))
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
    const running = await run.load(25);
    await run.up();
    await running.until((since) => since.length > 10, 10);
    const calls = await running.stop();
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
    await run.verify({ kept: run.kept.name, keep: true });
  });

  it("passes verify, on every gateway", () => run.verify());

  it("loses no call but those in flight on a gateway that is killed, which joins again when it is started", async () => {
    await run.kill("gateway-2");
    await run.verify({ kept: run.kept.name, keep: true });
  });

  it("has a gateway that dies by itself brought back by Docker, and loses no more", async function () {
    const container = run.container("gateway-3");
    const { Pid } = (await container.inspect()).State;
    const running = await run.load(50);
    await running.until(run.allServe, 10);
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
    await running.until((since) => since.length > 75 && run.allServe(since), 20);
    assertOnlyInFlight(await running.stop(), killed);
    assert.equal((await container.inspect()).RestartCount, 1);
    await run.settled();
  });

  it("replaces gateways one after another when a setting of theirs changes, and calls go on", async () => {
    const before = await stack.containers();
    stack.set({ gatewayClusterDomain: "other.domain" });
    assert.deepEqual(await previewed(), { replace: gateways, create: [] });
    const running = await run.load(25);
    await run.up();
    await running.until(run.allServe, 15);
    const calls = await running.stop();
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
    // One that can't be repeated, on a busy machine two, may be in flight at each when it stops.
    assert.ok(lost.length <= 2 * gateways.length, JSON.stringify(lost));
    await run.settled();
    await run.verify({ kept: run.kept.name, keep: true });
  });

  it("passes verify while a Key Manager is killed", async () => {
    const container = run.container("keymanager-1");
    let killed: Promise<unknown> | undefined;
    await run.verify({}, (step) => {
      if (step === "subscribe the application to the API") killed = container.kill();
    });
    assert.ok(killed, "no Key Manager was killed");
    await killed;
    assert.equal((await container.inspect()).State.Running, false);
    const down = run.downWithout("keymanager-1");
    await run.settled(down);
    await run.verify({}, undefined, down);
    await container.start();
    await run.settled();
  });

  it("gives tokens while a Key Manager is killed", async () => {
    const [gateway, key] = [run.gateway(), await run.key()];
    const running = new Load(async () => ({ ok: (await gateway.token(key)) !== "", node: "", detail: "" }), 20);
    await running.until((since) => since.length > 10, 10);
    await run.container("keymanager-2").kill();
    await running.until((since) => since.length > 60, 20);
    assert.deepEqual(lostOf(await running.stop()), []);
    await run.container("keymanager-2").start();
    await run.settled();
  });

  it("publishes by the next gateway while the first is down, which serves the API once it is back", async () => {
    const first = run.container("gateway-1");
    const wrote = () => run.said("gateway-2", "API deployed: ");
    assert.equal(await wrote(), false);
    await first.kill();
    const down = run.downWithout("gateway-1");
    await run.settled(down);
    let started: Promise<unknown> | undefined;
    const start = (step: string) => {
      if (step === "publish the API to the gateways") started = first.start();
    };
    // Every gateway must serve it.
    await run.verify({ wait: 20 }, start, down);
    assert.ok(started, "the first gateway was not started");
    assert.equal(await wrote(), true);
    await run.settled();
  });

  /** A request to one node at its own published port. */
  function ask(
    node: string,
    path: string,
    { form, headers }: { readonly form?: Record<string, string>; readonly headers?: Record<string, string> } = {},
  ): Promise<ProbeAnswer> {
    const { nodes, reachableManagementAddress: address } = run.outputs.topology;
    const found = nodes.find(({ name }) => name === node) ?? assert.fail(node);
    const to = { address, port: found.publishedPort, host: found.hostName, ca: run.outputs.caCertificate, path };
    return probe({ ...to, ...(form && { form, method: "POST" as const }), ...(headers && { headers }) });
  }

  it("has Key Managers that know each other's tokens, and gateways that all forget a revoked one", async () => {
    const { consumerKey, consumerSecret } = await run.key();
    const basic = { authorization: `Basic ${Buffer.from(`${consumerKey}:${consumerSecret}`).toString("base64")}` };
    const tokenOf = async (node: string) => {
      const { body } = await ask(node, "/oauth2/token", { form: { grant_type: "client_credentials" }, headers: basic });
      return String((JSON.parse(body) as { access_token: string }).access_token);
    };
    const own = await tokenOf("keymanager-1");
    assert.equal(await tokenOf("keymanager-2"), own);
    const running = await run.load(25, own);
    await running.until((since) => run.allServe(since) && lostOf(since).length === 0, 10);
    // All gateways have it in their caches; one of them passes the revocation on.
    await run.gateway().revoke({ consumerKey, consumerSecret }, own);
    const refused = (since: readonly Call[]) =>
      since.length > 20 && since.every(({ detail }) => detail.startsWith("401")) && run.allServe(since);
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
    const { topology, caCertificate: ca, adminUser: username, adminPassword: password } = run.outputs;
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
        apis.some(({ name }) => name === run.kept.name),
        `${node}: ${body}`,
      );
    }
  });
});
