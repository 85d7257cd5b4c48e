import assert from "node:assert/strict";
import mysql from "mysql2/promise";
import { logText } from "../../engine/providers/docker/logText";
import { runIn } from "./containers";
import { named } from "./place";
import { docker, TestStack } from "./testStack";
import { linksOf190, outputsOf } from "./wiringSupport";

const minutes = 60_000;
const all = ["gateway-1", "keymanager-1", "loadbalancer", "loadbalancer-files", "mysql", "publisher-1", "store-1"];

const haproxyFile = "/usr/local/etc/haproxy/haproxy.cfg";

describe("deployment of the dev stack on a Docker engine", function () {
  this.timeout(10 * minutes);
  const stack = new TestStack("itest", "dev");
  /** A container that does not belong to the stack. */
  let bystander: string;

  before(async () => {
    await docker.ping();
    const container = await docker.createContainer({
      Image: "wso2-apim/base-debian:bookworm",
      name: named("apim-itest-bystander"),
      Cmd: ["sleep", "3600"],
    });
    await container.start();
    bystander = container.id;
  });

  after(async () => {
    try {
      await stack.dispose();
    } finally {
      await docker.getContainer(bystander).remove({ force: true });
    }
  });

  it("up: all containers are healthy and all links are checked", async () => {
    const up = await stack.run("up");
    assert.equal(up.status, 0, up.output);
    assert.match(up.output, /All \d+ links are up/);
    assert.match(up.output, new RegExp(`publisher-1\\s.*https://${stack.address}:19445`));
    assert.deepEqual([...(await stack.containers()).keys()].sort(), all);
  });

  it("verify --json: reports a check for each link", async () => {
    const verify = await stack.run("verify", "--json");
    assert.equal(verify.status, 0, verify.output);
    const { checks } = JSON.parse(verify.stdout) as { checks: { name: string }[] };
    const names = new Set(checks.map(({ name }) => name));
    const links = linksOf190((await outputsOf(stack)).topology);
    assert.deepEqual(
      links.map(({ id }) => id).filter((id) => !names.has(id)),
      [],
      "links without a check",
    );
  });

  it("database accounts: each sees only its databases, which have the product's tables", async () => {
    const accounts = await stack.databaseAccounts();
    const seen: Record<string, string[]> = {};
    const limits = new Set<number>();
    for (const { user, password } of accounts) {
      const connection = await mysql.createConnection({ host: stack.address, port: 18306, user, password });
      try {
        const [rows] = await connection.query<mysql.RowDataPacket[]>(
          "SELECT DISTINCT table_schema AS name FROM information_schema.tables WHERE table_name IN ('AM_API', 'UM_USER', 'REG_RESOURCE')",
        );
        seen[user] = rows.map(({ name }) => String(name)).sort();
        const [[server]] = await connection.query<mysql.RowDataPacket[]>("SELECT @@max_connections AS connections");
        limits.add(Number(server?.connections));
      } finally {
        await connection.end();
      }
    }
    assert.deepEqual([...limits], [512]);
    assert.deepEqual(seen, {
      apim_keymanager: ["apimgtdb", "userdb"],
      apim_gateway: [],
      apim_publisher: ["apimgtdb", "userdb"],
      apim_store: ["apimgtdb", "userdb"],
      apim_registry: ["regdb"],
    });
  });

  it("secrets: no password appears in docker inspect or in plain text in the state", async () => {
    assert.match((await stack.run("output")).stdout, /^adminPassword: \[secret\]$/m);
    const administrator = (await stack.run("output", "adminPassword", "--show-secrets")).stdout.trim();
    assert.match(administrator, /^\S{20,}$/);
    const secrets = [administrator, ...(await stack.databaseAccounts()).map(({ password }) => password)];
    const inspected = await Promise.all(
      [...(await stack.containers()).values()].map((id) => docker.getContainer(id).inspect()),
    );
    const places = { state: stack.state(), "docker inspect": JSON.stringify(inspected) };
    for (const [place, text] of Object.entries(places)) {
      assert.ok(!secrets.some((secret) => text.includes(secret)), `a password appears in ${place}`);
    }
  });

  it("second up: reports unchanged resources and replaces no container", async () => {
    const before = await stack.containers();
    const preview = await stack.run("preview", "--expect-no-changes");
    assert.equal(preview.status, 0, preview.output);
    const up = await stack.run("up");
    assert.equal(up.status, 0, up.output);
    assert.match(up.output, /unchanged/);
    assert.deepEqual(await stack.containers(), before);
  });

  it("changed setting: preview shows the changed lines, and up replaces only the affected nodes", async () => {
    const before = await stack.containers();
    stack.set({ jwt: true });
    const preview = await stack.run("preview", "--diff");
    assert.equal(preview.status, 0, preview.output);
    assert.match(preview.output, /\+\s+<EnableTokenGeneration>true<\/EnableTokenGeneration>/);
    assert.deepEqual(await stack.previewContainers(), { replace: ["keymanager-1", "publisher-1"], create: [] });
    assert.equal((await stack.run("preview", "--expect-no-changes")).status, 1);
    const up = await stack.run("up");
    assert.equal(up.status, 0, up.output);
    const after = await stack.containers();
    const replaced = all.filter((name) => before.get(name) !== after.get(name));
    assert.deepEqual(replaced, ["keymanager-1", "publisher-1"]);
  });

  it("changes from outside: status reports them, and refresh and up undo them", async () => {
    const unchanged = await stack.run("status");
    assert.equal(unchanged.status, 0, unchanged.output);
    assert.match(unchanged.output, /Nothing was changed outside/);
    const containers = await stack.containers();
    await docker.getContainer(containers.get("store-1") ?? "").remove({ force: true });
    const edited = docker.getContainer(containers.get("publisher-1") ?? "");
    const file = "/opt/wso2am/repository/conf/api-manager.xml";
    await runIn(edited, ["sed", "-i", "s/true/false/", file], { User: "root" });
    // The restart makes the changed file take effect.
    const balancer = docker.getContainer(containers.get("loadbalancer") ?? "");
    await runIn(balancer, ["sed", "-i", "s/server store-1 /server nowhere /", haproxyFile], { User: "root" });
    await balancer.restart({ t: 5 });
    const recorded = stack.state();
    const status = await stack.run("status");
    assert.equal(status.status, 1, status.output);
    assert.match(status.output, /store-1 .*missing/);
    assert.match(status.output, /Container apim-store-1-container: gone/);
    assert.match(status.output, /Container apim-publisher-1-container: .*uploads.* changed/);
    assert.match(status.output, /Container apim-loadbalancer-files-container: .*uploads.* changed/);
    assert.equal(stack.state(), recorded, "status does not write the state");
    // Without MySQL's container, refresh can't read the databases. They are on the volume.
    await docker.getContainer(containers.get("mysql") ?? "").remove({ force: true });
    const refresh = await stack.run("refresh");
    assert.equal(refresh.status, 0, refresh.output);
    const up = await stack.run("up");
    assert.equal(up.status, 0, up.output);
    const after = await stack.run("status", "--drift", "--json");
    assert.equal(after.status, 0, after.output);
    assert.deepEqual(JSON.parse(after.stdout).drift, []);
    // The files are those of the last run again, and HAProxy has loaded them.
    assert.match(await runIn(balancer, ["cat", haproxyFile]), /server store-1 /);
    assert.match(await logText(balancer, {}), /serve: loading files/);
    const wrongPassphrase = { PULUMI_CONFIG_PASSPHRASE: "another one" };
    const unknown = await stack.runIn(wrongPassphrase, "status");
    assert.equal(unknown.status, 0, unknown.output);
    assert.match(unknown.output, /Not checked for changes from outside: .*the passphrase is wrong/);
    assert.equal((await stack.runIn(wrongPassphrase, "status", "--drift")).status, 1);
    assert.doesNotMatch((await stack.run("status", "--no-drift")).output, /changed outside/);
  });

  it("up refuses to use a foreign container of the same name, and does not change it", async () => {
    const foreign = new TestStack("itest2");
    const container = await docker.createContainer({
      Image: "wso2-apim/base-debian:bookworm",
      name: `${foreign.prefix}-mysql`,
    });
    try {
      const up = await foreign.run("up");
      assert.equal(up.status, 1, up.output);
      assert.ok(up.output.includes(`${foreign.prefix}-mysql`), up.output);
      assert.equal((await container.inspect()).State.Status, "created");
    } finally {
      await container.remove({ force: true });
      await foreign.dispose();
    }
  });

  it("destroy removes all containers, networks and volumes of the stack, and nothing else", async () => {
    const destroy = await stack.run("destroy", "--yes");
    assert.equal(destroy.status, 0, destroy.output);
    assert.deepEqual(await stack.leftovers(), []);
    assert.equal((await docker.getContainer(bystander).inspect()).State.Running, true);
  });
});
