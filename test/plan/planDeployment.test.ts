import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type DeploymentPlan, planDeployment } from "../../plan";
import { SettingsError } from "../../settings";
import { record } from "../components/recorder";
import { writePack } from "../distribution/samplePack";

const project = path.join(__dirname, "../..");

describe("planDeployment", function () {
  this.timeout(60_000);
  let plan: DeploymentPlan;
  let directory: string;
  before(async () => {
    plan = await planDeployment({}, { stack: "test" });
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "plan-"));
  });
  after(() => fs.rmSync(directory, { recursive: true }));

  const planWith = (settings: Record<string, unknown>) => planDeployment(settings, { stack: "test" });
  const faultsOf = (settings: Record<string, unknown>) =>
    planWith(settings).then(
      () => assert.fail("the settings were accepted"),
      (error: unknown) => (error instanceof SettingsError ? error.faults : assert.fail(String(error))),
    );

  it("without settings, plans one node per role on the stand-in, with a MySQL server of its own", () => {
    const { topology, version, certificates, warnings } = plan;
    assert.deepEqual(
      topology.nodes.map(({ name }) => name),
      ["keymanager-1", "gateway-1", "publisher-1", "store-1"],
    );
    assert.equal(version, "1.9.0");
    assert.equal(topology.databaseServer.external, false);
    assert.deepEqual(certificates, { trusted: [] });
    assert.deepEqual(warnings, []);
  });

  it("returns plain data", () => {
    assert.deepEqual(structuredClone(plan), plan);
  });

  it("names the Docker objects after the option `name`, apim by default, and the stack", async () => {
    assert.equal(plan.topology.prefix, "apim-test");
    const { topology } = await planDeployment({}, { name: "second", stack: "test" });
    assert.deepEqual([topology.prefix, topology.network.name], ["second-test", "second-test"]);
  });

  it("refuses a name that cannot begin the name of a container", async () => {
    await assert.rejects(
      planDeployment({}, { name: "My Name", stack: "test" }),
      /^Error: name: expected up to 32 lower-case letters.* found "My Name"; choose another name/,
    );
  });

  it("says in another program that the settings are its arguments", async () => {
    const inOther = planDeployment({ gatewayReplics: 2 }, { stack: "test", directory });
    await assert.rejects(
      inOther,
      /gatewayReplics: there is no such setting[\s\S]*These are arguments of planDeployment/,
    );
    await assert.rejects(
      planDeployment({ gatewayReplics: 2 }, { stack: "test", directory: project }),
      (error: Error) => !error.message.includes("arguments of planDeployment"),
    );
  });

  it("reports all faults of settings and topology at once", async () => {
    const faults = await faultsOf({ jwt: "perhaps", jtw: "true", gatewayWorkers: 1, gatewayReplicas: 2 });
    assert.equal(faults.length, 3, faults.join("\n"));
    for (const name of ["jwt:", "jtw:", "gatewayReplicas:"])
      assert.ok(
        faults.some((fault) => fault.startsWith(name)),
        name,
      );
  });

  it("accepts numbers and booleans as such, and as strings", async () => {
    const typed = await planWith({ jwt: true, gatewayReplicas: 2, httpsPort: 7443 });
    assert.deepEqual(typed, await planWith({ jwt: "true", gatewayReplicas: "2", httpsPort: "7443" }));
  });

  it("renders the files of every node, and haproxy.cfg", async () => {
    const { topology, files, balancerConfiguration } = await planWith({ gatewayReplicas: 2, storeReplicas: 2 });
    assert.deepEqual(
      [...files.keys()],
      topology.nodes.map(({ name }) => name),
    );
    for (const [name, rendered] of files)
      assert.ok(
        rendered.some((file) => file.path === "repository/conf/carbon.xml"),
        name,
      );
    assert.match(balancerConfiguration, /gateway-2/);
  });

  it("contains the text of the dbscripts", () => {
    for (const { script } of plan.topology.databases) assert.match(plan.dbscripts.get(script) ?? "", /CREATE TABLE/);
  });

  it("names built images by a hash, and their build contexts relative to the working directory", async () => {
    for (const { name, context } of Object.values(plan.images)) {
      assert.match(name, /^wso2-apim\/[a-z]+:[0-9a-f]{12}$/);
      assert.ok(context && fs.existsSync(path.join(project, context, "Dockerfile")), name);
    }
    const before = process.cwd();
    process.chdir(directory);
    try {
      const { images } = await planWith({});
      assert.equal(images.mysql.name, plan.images.mysql.name);
      assert.equal(images.mysql.context, path.relative(process.cwd(), path.join(project, "images/mysql")));
    } finally {
      process.chdir(before);
    }
  });

  it("does not build the nodes' image if the setting `image` names one", async () => {
    const { images } = await planWith({ distribution: "standin/distribution", image: "mine:1" });
    assert.deepEqual(images.node, { name: "mine:1" });
  });

  it("starts relative paths from the option `directory`, the working directory by default", async () => {
    const settings = { distribution: "pack", image: "mine:1" };
    writePack(path.join(directory, "pack"), { "dbscripts/mysql.sql": "-- from the option directory\n" });
    const { dbscripts } = await planDeployment(settings, { stack: "test", directory });
    assert.equal(dbscripts.get("dbscripts/mysql.sql"), "-- from the option directory\n");
    await assert.rejects(planWith(settings), /distribution .*pack: /);
  });

  it("warns of a MySQL server that takes fewer connections than the nodes may open", async () => {
    const { warnings } = await planWith({ poolMaxActive: 1000 });
    assert.equal(warnings.length, 1, warnings.join("\n"));
    assert.match(warnings[0] ?? "", /^databaseMemory: the nodes may open \d+ connections/);
  });

  it("contains no password of the settings", async () => {
    const secrets = { adminPassword: "secret-of-admin", analyticsPassword: "secret-of-analytics" };
    const withSecrets = await planWith({ ...secrets, databaseAdminPassword: "secret-of-root", analytics: true });
    assert.ok(!textOf(withSecrets).includes("secret-of-"));
    for (const placeholder of ["{{secret:admin-password}}", "{{secret:database-store}}"])
      assert.ok(textOf(withSecrets).includes(placeholder), placeholder);
  });

  it("checks the MySQL server of the user's own before it returns", async () => {
    await assert.rejects(
      planWith({ databaseHost: "no-such-host.invalid", databaseAdminPassword: "secret-of-root" }),
      /MySQL server no-such-host\.invalid:3306 .* its name can't be resolved/,
    );
  });

  it("without the option `stack`, names the Docker objects after the running program's stack", async () => {
    const { outputs } = await record(() => planDeployment({}));
    assert.equal(outputs.topology.prefix, "apim-dev");
  });
});

/** All of a plan as JSON, its maps too. */
function textOf(plan: DeploymentPlan): string {
  return JSON.stringify(plan, (_, value) => (value instanceof Map ? [...value] : value));
}
