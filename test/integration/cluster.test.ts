import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { VerifyReport } from "../../cli/verify";
import { type ProbeAnswer, probe } from "../../cli/verify/httpProbe";
import { errorMessage } from "../../errors";
import { managementAccess } from "../../topology";
import { assertOnlyInFlight, ClusterRun, lostOf } from "./clusterRun";
import { type Call, Load } from "./load";
import { skip } from "./skip";
import { docker, projectDirectory, TestStack } from "./testStack";

const minutes = 60_000;
const gateways = ["gateway-1", "gateway-2", "gateway-3"];

/** Uses the settings of Pulumi.clustered.yaml, but starts with one gateway to test scaling. */
describe("clustered deployment on a Docker engine", function () {
  this.timeout(5 * minutes);
  this.slow(60_000);
  const stack = new TestStack("itestcluster", "clustered");
  const run = new ClusterRun(stack, gateways);

  before(async () => {
    // The shortest wait for a killed member of a cluster.
    stack.set({ gatewayReplicas: 1, memberTimeout: 6 });
    await run.start();
  });

  after(() => run.stop());

  it("scaling from one gateway to three creates two containers, replaces the first gateway, and the load balancer loads its new files", async () => {
    const before = await stack.containers();
    stack.set({ gatewayReplicas: 3 });
    assert.deepEqual(await stack.previewContainers(), {
      replace: ["gateway-1", "loadbalancer-files"],
      create: ["gateway-2", "gateway-3"],
    });
    const diff = await stack.run("preview", "--diff");
    // The reasons: the balancer gets new servers, and the first gateway becomes a member of a cluster.
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
      "loadbalancer-files",
    ]);
    // When the first gateway stops, a POST call may be in flight on it; on a busy machine, two.
    const lost = lostOf(calls);
    assert.ok(lost.length <= 2 && lost.every(({ method }) => method === "POST"), JSON.stringify(lost));
    // All gateways serve the API that was published to the first one.
    await run.verify({ kept: run.kept.name, keep: true });
  });

  it("verify passes on every gateway", () => run.verify());

  it("a killed gateway loses only calls in flight, and joins the cluster again when it is started", async () => {
    await run.killUnderLoad("gateway-2");
    await run.verify({ kept: run.kept.name, keep: true });
  });

  it("a gateway whose process dies loses only calls in flight, and Docker starts it again", async function () {
    const container = run.container("gateway-3");
    const { Pid } = (await container.inspect()).State;
    const running = await run.load(50);
    await running.until(run.allServed, 30);
    try {
      process.kill(Pid, "SIGKILL");
    } catch (error) {
      await running.stop();
      skip(this, `the container's process can't be killed from here (${errorMessage(error)})`);
    }
    const killed = Date.now();
    await running.until((since) => since.length > 75 && run.allServed(since), 20);
    assertOnlyInFlight(await running.stop(), killed);
    assert.equal((await container.inspect()).RestartCount, 1);
    await run.settled();
  });

  it("a changed gateway setting replaces the gateways one after another, and calls continue", async () => {
    const before = await stack.containers();
    stack.set({ gatewayClusterDomain: "other.domain" });
    assert.deepEqual(await stack.previewContainers(), { replace: gateways, create: [] });
    const running = await run.load(25);
    await run.up();
    await running.until(run.allServed, 30);
    const calls = await running.stop();
    const after = await stack.containers();
    assert.deepEqual([...before.keys()].filter((name) => before.get(name) !== after.get(name)).sort(), gateways);
    // Each new gateway is up before the next old one stops, so that two gateways always answer.
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
    // When a gateway stops, one POST call may be in flight on it; on a busy machine, two.
    assert.ok(lost.length <= 2 * gateways.length, JSON.stringify(lost));
    await run.settled();
    await run.verify({ kept: run.kept.name, keep: true });
  });

  it("verify passes while a Key Manager is killed", async () => {
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

  it("tokens are issued without a failure while a Key Manager is killed", async () => {
    const [gateway, key] = [run.gateway(), await run.key()];
    const running = new Load(async () => ({ ok: (await gateway.token(key)) !== "", node: "", detail: "" }), 20);
    await running.until((since) => since.length > 10, 10);
    await run.container("keymanager-2").kill();
    await running.until((since) => since.length > 60, 20);
    assert.deepEqual(lostOf(await running.stop()), []);
    await run.container("keymanager-2").start();
    await run.settled();
  });

  it("publishing works through the second gateway while the first is down; the first serves the API when it is back", async () => {
    const first = run.container("gateway-1");
    // Not none: the load balancer may have sent it an API while the first one was slow.
    const deployed = async () => (await run.logOf("gateway-2")).split("API deployed: ").length - 1;
    const before = await deployed();
    await first.kill();
    const down = run.downWithout("gateway-1");
    await run.settled(down);
    let started: Promise<unknown> | undefined;
    const start = (step: string) => {
      if (step === "publish the API to the gateways") started = first.start();
    };
    // Verify waits until every gateway serves the API.
    await run.verify({ wait: 20 }, start, down);
    assert.ok(started, "the first gateway was not started");
    assert.ok((await deployed()) > before);
    await run.settled();
  });

  it("verify --resilience passes: each node is stopped and started, and what must work meanwhile works", async function () {
    this.timeout(8 * minutes);
    const names = run.outputs.topology.nodes.map(({ name }) => name);
    const before = await starts(names);
    const { status, stdout, output } = await stack.run("verify", "--resilience", "--yes", "--json");
    assert.equal(status, 0, output);
    const { resilience } = JSON.parse(stdout) as VerifyReport;
    assert.deepEqual(resilience?.nodes, names);
    assert.deepEqual([resilience?.left, resilience?.steps.every(({ ok }) => ok)], [[], true]);
    const after = await starts(names);
    for (const [index, name] of names.entries())
      assert.notEqual(after[index], before[index], `${name} was not stopped`);
    await run.settled();
  });

  it("verify --resilience starts the node again after Ctrl-C, and ends with status 130", async () => {
    const args = ["cli/start.mjs", "verify", "--stack", stack.name, "--resilience", "--yes"];
    const env = { ...process.env, ...stack.environment() };
    const child = spawn(process.execPath, args, { cwd: projectDirectory, env, stdio: ["ignore", "pipe", "pipe"] });
    let [output, interrupted] = ["", false];
    child.stderr.on("data", (data) => {
      output += data;
    });
    child.stdout.on("data", (data) => {
      output += data;
      if (interrupted || !/Without keymanager-1[\s\S]*generate a production key/.test(output)) return;
      interrupted = true;
      child.kill("SIGINT");
    });
    const status = await new Promise((done) => child.on("close", done));
    assert.equal(status, 130, output);
    assert.match(output, /Stopping; starting \S+-keymanager-1 and removing what verify created/);
    assert.match(output, /start keymanager-1 and wait until it is healthy \(\d+ ms\)/);
    assert.match(output, /Without keymanager-2\n- stop keymanager-2: not run\n\nWithout gateway-1\n/);
    assert.match(output, /remove Verify\w+ 1\.0\.0 \(\d+ ms\)\n[\s\S]*Resilience: [01] failed, \d+ not run/);
    assert.equal((await run.container("keymanager-1").inspect()).State.Running, true);
    await run.settled();
  });

  it("verify --resilience stops nothing without a terminal and --yes", async () => {
    const names = run.outputs.topology.nodes.map(({ name }) => name);
    const before = await starts(names);
    const { status, output } = await stack.run("verify", "--resilience");
    assert.equal(status, 1);
    assert.match(output, /there is no terminal for the question; add --yes/);
    assert.deepEqual(await starts(names), before);
  });

  /** When each node's container was started. */
  function starts(names: readonly string[]): Promise<string[]> {
    return Promise.all(names.map(async (name) => (await run.container(name).inspect()).State.StartedAt));
  }

  /** Sends a request to one node at its published port. */
  function ask(
    node: string,
    path: string,
    { form, headers }: { readonly form?: Record<string, string>; readonly headers?: Record<string, string> } = {},
  ): Promise<ProbeAnswer> {
    const found = run.outputs.topology.nodes.find(({ name }) => name === node) ?? assert.fail(node);
    return probe({
      ...managementAccess(run.outputs.topology, found),
      ca: run.outputs.caCertificate,
      path,
      ...(form && { form, method: "POST" as const }),
      ...(headers && { headers }),
    });
  }

  it("Key Managers share tokens, and a revoked token is refused by all gateways", async () => {
    const { consumerKey, consumerSecret } = await run.key();
    const basic = { authorization: `Basic ${Buffer.from(`${consumerKey}:${consumerSecret}`).toString("base64")}` };
    const tokenOf = async (node: string) => {
      const { body } = await ask(node, "/oauth2/token", { form: { grant_type: "client_credentials" }, headers: basic });
      return String((JSON.parse(body) as { access_token: string }).access_token);
    };
    const own = await tokenOf("keymanager-1");
    assert.equal(await tokenOf("keymanager-2"), own);
    const running = await run.load(25, own);
    await running.until((since) => run.allServed(since) && lostOf(since).length === 0, 30);
    // All gateways have the token in their caches; one gateway forwards the revocation.
    await run.gateway().revoke({ consumerKey, consumerSecret }, own);
    const refused = (since: readonly Call[]) =>
      since.length > 20 && since.every(({ detail }) => detail.startsWith("401")) && run.allServed(since);
    await running.until(refused, 10);
    await running.stop();
    const next = await tokenOf("keymanager-2");
    assert.notEqual(next, own);
    assert.equal(await tokenOf("keymanager-1"), next);
    // Both Key Managers have the token in memory; the first learns of the revocation from the second.
    const { status } = await ask("keymanager-2", "/oauth2/revoke", { form: { token: next }, headers: basic });
    assert.equal(status, 200);
    assert.notEqual(await tokenOf("keymanager-1"), next);
  });

  it("sessions stay at their Publisher and Store, and all Stores list an API of any Publisher", async () => {
    const { topology, caCertificate: ca, adminUser: username, adminPassword: password } = run.outputs;
    const port = topology.balancer.ports.find(({ name }) => name === "https")?.published ?? 0;
    for (const app of ["publisher", "store"]) {
      const host = topology.nodes.find(({ role }) => role === app)?.hostName ?? "";
      const request = { address: topology.reachableAddress, port, host, ca };
      const login = await probe({
        ...request,
        path: `/${app}/site/blocks/user/login/ajax/login.jag`,
        method: "POST",
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
        form: { action: "getAllPublishedAPIs" },
        headers: { cookie },
      });
      const { apis } = JSON.parse(body) as { apis: { name: string }[] };
      assert.ok(
        apis.some(({ name }) => name === run.kept.name),
        `${node}: ${body}`,
      );
    }
  });
});
