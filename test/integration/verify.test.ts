import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { VerifyReport } from "../../cli/verify";
import { runIn } from "./containers";
import { docker, projectDirectory } from "./testStack";
import { BrokenStack, linksOf190 } from "./wiringSupport";

const minutes = 60_000;

describe("verify on a running stack", function () {
  this.timeout(5 * minutes);
  this.slow(20_000);
  let running: BrokenStack;
  before(async () => {
    running = await BrokenStack.up("itestverify", { jwt: true });
  });
  after(() => running?.down());

  /** Runs `verify --json`. */
  async function verifyJson(...args: string[]): Promise<VerifyReport & { status: number }> {
    const { status, stdout, output } = await running.stack.run("verify", "--json", ...args);
    assert.match(stdout, /^\{/, output);
    return { ...(JSON.parse(stdout) as VerifyReport), status };
  }

  /** The files of verify's APIs on the gateway, which has a file for each published API. */
  async function deployedApis(): Promise<string[]> {
    const container = docker.getContainer(`${running.stack.prefix}-gateway-1`);
    const path = "/opt/wso2am/repository/deployment/server/synapse-configs/default/api";
    const files = await runIn(container, ["ls", path]);
    return files.split(/\s+/).filter((name) => name.includes("--Verify"));
  }

  it("prints the links, then each step with its time", async () => {
    const { status, output } = await running.stack.run("verify");
    assert.equal(status, 0, output);
    for (const line of [
      /All \d+ links are up\./,
      /^Publisher\n. log in as admin \(\d+ ms\)\n. create Verify\w+ 1\.0\.0, .*\(\d+ ms\)\n. publish the API/m,
      /^Store\n. log in .*\n. find .*\n. create application .*\n. subscribe .*\n. generate a production key \(\d+ ms\)\n. generate a sandbox key \(\d+ ms\)/m,
      /^Gateway\n. get a token .*\n. call the API with the token over HTTPS \(\d+ ms\)/m,
      /POST a body of 9 MB \(\d+ ms\)\n. call the API: the back end receives X-JWT-Assertion, signed .* \(\d+ ms\)/,
      /read the user's claims at userinfo \(\d+ ms\)/,
      /call a back end that takes 40 s: wait for .* \(\d+ ms\)/,
      /open \/authorize: expect the log-in page, within the deployment \(\d+ ms\)/,
      /From publishing to calling: all \d+ steps passed in [\d.]+ s\./,
    ])
      assert.match(output, line);
  });

  it("--json: reports each step with its time and no secret, and removes what it created", async () => {
    const report = await verifyJson();
    assert.equal(report.status, 0);
    assert.deepEqual([report.ok, report.standIn, report.cycle?.left], [true, true, undefined]);
    const steps = report.cycle?.steps ?? [];
    const groups = ["Publisher", "Store", "Gateway", "Console", "Self sign-up", "Clean up"];
    assert.deepEqual([...new Set(steps.map(({ group }) => group))], groups);
    assert.ok(steps.every(({ ms }) => ms !== undefined && ms >= 0));
    assert.ok(!JSON.stringify(report).includes(running.outputs.adminPassword));
    assert.deepEqual(await deployedApis(), []);
  });

  it("--links: checks only the links", async () => {
    const report = await verifyJson("--links");
    assert.deepEqual([report.status, report.cycle], [0, undefined]);
    const names = report.checks.map(({ name }) => name);
    for (const { id } of linksOf190(running.outputs.topology)) assert.ok(names.includes(id), `no check of ${id}`);
  });

  it("two runs at the same time do not disturb each other", async () => {
    const reports = await Promise.all([running.verify(), running.verify()]);
    assert.deepEqual(
      reports.map(({ ok }) => ok),
      [true, true],
    );
  });

  it("--keep leaves the API; --kept calls it again and removes it", async () => {
    const url = running.backend.urls.PRODUCTION;
    const kept = await verifyJson("--keep", "--endpoint", url);
    const name = kept.cycle?.left?.name ?? "";
    assert.equal(kept.status, 0);
    assert.deepEqual(await deployedApis(), [`admin--${name}_v1.0.0.xml`]);
    const again = await verifyJson("--kept", name, "--endpoint", url);
    assert.equal(again.status, 0, JSON.stringify(again.cycle));
    assert.ok(again.cycle?.steps.every(({ group }) => group !== "Publisher"));
    assert.deepEqual(await deployedApis(), []);
    const gone = await verifyJson("--kept", name, "--endpoint", url);
    assert.equal(gone.status, 1);
    assert.match(gone.cycle?.steps.find(({ ok }) => !ok)?.name ?? "", /^find /);
  });

  it("names the node that hangs, not the node or the load balancer that waits for it", async () => {
    for (const node of ["keymanager-1", "publisher-1"]) {
      const container = docker.getContainer(`${running.stack.prefix}-${node}`);
      await container.pause();
      try {
        const report = await running.verify();
        const failed = report.cycle?.steps.find(({ status }) => status === "failed");
        assert.equal(failed?.name, "log in as admin");
        assert.deepEqual(
          failed?.faults?.map(({ link }) => link),
          [`${node} hangs: no answer on its management port within 5 s`],
          JSON.stringify(failed),
        );
      } finally {
        await container.unpause();
      }
      await running.settled();
    }
  });

  it("removes what it created after a failing step, and ends with status 1", async () => {
    // Nothing listens at this endpoint: the call through the gateway fails after everything was created.
    const report = await verifyJson("--endpoint", `http://${running.outputs.topology.network.gateway}:9`);
    assert.equal(report.status, 1);
    const failed = report.cycle?.steps.find(({ ok }) => !ok);
    assert.equal(failed?.name, "call the API with the token over HTTPS");
    assert.match(failed?.detail ?? "", /101503.*the gateway can.t reach the endpoint/);
    assert.equal(report.cycle?.left, undefined);
    assert.deepEqual(await deployedApis(), []);
  });

  it("Ctrl-C: removes what it created, and ends with status 130", async () => {
    const nowhere = `http://${running.stack.subnet.replace(/0\/24$/, "9")}:9`;
    const args = ["cli/start.mjs", "verify", "--stack", running.stack.name, "--endpoint", nowhere];
    const env = { ...process.env, ...running.stack.environment() };
    const child = spawn(process.execPath, args, { cwd: projectDirectory, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stderr.on("data", (data) => {
      output += data;
    });
    child.stdout.on("data", (data) => {
      if (!output.includes("subscribe the application") && `${data}`.includes("subscribe the application"))
        child.kill("SIGINT");
      output += data;
    });
    const status = await new Promise((done) => child.on("close", done));
    assert.equal(status, 130, output);
    assert.match(output, /Stopping; removing what verify created/);
    assert.match(output, /remove application Verify\w+.* \(\d+ ms\)\n.*remove Verify\w+ 1\.0\.0 \(\d+ ms\)/, output);
    assert.deepEqual(await deployedApis(), []);
  });

  it("--kept passes after up has replaced each node: the API is still subscribed and callable", async () => {
    const name = (await running.verify({ keep: true })).cycle?.left?.name ?? "";
    for (const node of ["keymanager-1", "gateway-1", "publisher-1", "store-1"]) {
      const before = (await running.stack.containers()).get(node) ?? "";
      await docker.getContainer(before).remove({ force: true });
      const refresh = await running.stack.run("refresh");
      assert.equal(refresh.status, 0, refresh.output);
      const up = await running.stack.run("up", "--skip-verify");
      assert.equal(up.status, 0, up.output);
      const after = (await running.stack.containers()).get(node);
      assert.ok(after !== undefined && after !== before, `${node} was not replaced`);
      await running.settled();
      const report = await running.verify({ kept: name, keep: true });
      const failed = report.cycle?.steps.find(({ ok }) => !ok);
      assert.equal(failed, undefined, `${node}: ${JSON.stringify(failed, null, 2)}`);
    }
    // A changed setting replaces all nodes at once, and uploads the gateway's own APIs again into its volume.
    const before = await running.stack.containers();
    running.stack.set({ keyManagerHost: "km.apim-wso2.com" });
    const up = await running.stack.run("up");
    assert.equal(up.status, 0, up.output);
    const after = await running.stack.containers();
    for (const [name, id] of before)
      if (!["mysql", "loadbalancer"].includes(name)) assert.notEqual(after.get(name), id, `${name} was not replaced`);
    running = await running.again();
    const report = await running.verify({ kept: name });
    assert.ok(report.ok, JSON.stringify(report.cycle?.steps.find(({ ok }) => !ok)));
  });
});
