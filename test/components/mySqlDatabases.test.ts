import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { MySqlDatabases } from "../../components";
import type { DeploymentPlan } from "../../plan";
import { filesIn, known, type Recording, record } from "./recorder";
import { networkOf, otherResource, planOf } from "./support";

describe("MySqlDatabases with the deployment's own server", function () {
  this.timeout(120_000);
  let plan: DeploymentPlan;
  let run: Recording<MySqlDatabases>;
  before(async () => {
    plan = await planOf();
    run = await record(() => new MySqlDatabases("db", { plan, network: networkOf(plan) }));
  });

  const ofType = (type: string) => run.all.filter((each) => each.type.endsWith(`:${type}`));
  const nodeOf = (role: string) => plan.topology.nodes.find((node) => node.role === role) ?? assert.fail(role);

  it("begins the names of its resources with its own name, and is the parent of all of them", () => {
    const children = run.all.filter(({ name }) => name !== "db" && name !== "network");
    for (const { name, parent, type } of children) {
      assert.equal(parent, "db", name);
      assert.ok(name.startsWith("db-") || type === "pulumi:providers:mysql", name);
    }
    assert.equal(run.get("db", "MySqlDatabases").parent, "");
    assert.equal(ofType("Container").length, 1);
    assert.deepEqual(
      ofType("Database").map(({ name }) => name),
      ["db-apimgtdb", "db-userdb", "db-regdb"],
    );
  });

  it("builds the image of the plan", () => {
    const { inputs } = run.get("db-image");
    assert.deepEqual(inputs, {
      name: plan.images.mysql.name,
      build: { context: plan.images.mysql.context },
      keepLocally: true,
    });
    assert.equal(run.get("db-container").inputs.image, plan.images.mysql.name);
  });

  it("runs a given image instead of that of the plan", async () => {
    const { all, get } = await record(
      () => new MySqlDatabases("db", { plan, network: networkOf(plan), image: "my:8" }),
    );
    assert.equal(get("db-container").inputs.image, "my:8");
    assert.ok(!all.some(({ type }) => type.endsWith(":RemoteImage")));
  });

  it("keeps the data on a volume, with which databases, accounts and tables are deleted", () => {
    const { inputs, ignoreChanges, deleteBeforeReplace } = run.get("db-data", ":Volume");
    assert.equal(inputs.name, "apim-test-mysql-data");
    assert.ok(ignoreChanges.includes("labels"));
    // If it is replaced all the same, what is deleted with it is then made again.
    assert.equal(deleteBeforeReplace, true);
    assert.deepEqual(run.get("db-container").inputs.mounts, [
      { type: "volume", source: "apim-test-mysql-data", target: "/var/lib/mysql" },
    ]);
    const scripts = ["apimgtdb", "userdb", "regdb"].map((name) => run.get(`db-${name}-tables`));
    for (const { name, retainOnDelete, deletedWith } of [...ofType("Database"), ...ofType("User"), ...scripts])
      assert.deepEqual([retainOnDelete, deletedWith], [true, "db-data"], name);
  });

  it("connects as an administrator whose password is generated, and creates that account at the first start", () => {
    const { inputs, dependencies } = run.get("db", "providers:mysql");
    assert.deepEqual([inputs.endpoint, inputs.username], ["127.0.0.1:23306", "apim_admin"]);
    assert.equal(inputs.password, "password-of-db-admin-password");
    assert.ok(dependencies.includes("db-container"));
    assert.ok(run.get("db-admin-password").secretOutputs.includes("result"));
    assert.ok("secret" in run.get("db-container").inputs.uploads);
    assert.match([...filesIn(run, "db").values()].join(), /'apim_admin'.*password-of-db-admin-password/s);
  });

  it("runs the product's scripts, of the plan's version, in their databases", () => {
    const { inputs, dependencies } = run.get("db-apimgtdb-tables");
    assert.deepEqual([inputs.database, inputs.version], ["apimgtdb", plan.version]);
    assert.equal(inputs.script, plan.dbscripts.get("dbscripts/apimgt/mysql.sql"));
    assert.ok(dependencies.includes("db-apimgtdb"));
  });

  it("readyFor a node: the tables of its databases and the grants of its accounts, and no others", async () => {
    const namesFor = (role: string) =>
      Promise.all(run.outputs.readyFor(nodeOf(role)).map(async ({ urn }) => (await known(urn)).split("::").at(-1)));
    assert.deepEqual(await namesFor("keyManager"), [
      "db-apimgtdb-tables",
      "db-userdb-tables",
      "db-apim_keymanager-apimgtdb",
      "db-apim_keymanager-userdb",
    ]);
    assert.deepEqual(await namesFor("gateway"), []);
  });

  it("secretsOf a node: the passwords of its own accounts", async () => {
    const secrets = await known(pulumi.output(run.outputs.secretsOf(nodeOf("store"))));
    assert.deepEqual(secrets, {
      "database-store": "password-of-db-apim_store-password",
      "database-registry": "password-of-db-apim_registry-password",
    });
    assert.ok(run.get("db-apim_store-password").secretOutputs.includes("result"));
  });

  it("starts the server after the resources that the component depends on", async () => {
    const { get } = await record(
      () => new MySqlDatabases("db", { plan, network: networkOf(plan) }, { dependsOn: [otherResource()] }),
    );
    assert.ok(get("db-container").dependencies.includes("other"));
  });

  it("needs a network", async () => {
    await assert.rejects(
      record(() => new MySqlDatabases("db", { plan })),
      /db: network: expected the network of the MySQL server, found none/,
    );
  });

  it("needs the dbscript of each database in the plan", async () => {
    await assert.rejects(
      record(() => new MySqlDatabases("db", { plan: { ...plan, dbscripts: new Map() }, network: networkOf(plan) })),
      /dbscripts\/apimgt\/mysql\.sql: expected the dbscript of apimgtdb, found none/,
    );
  });
});
