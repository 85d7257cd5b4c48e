import assert from "node:assert/strict";
import { MySqlDatabases, type MySqlDatabasesArgs } from "../../components";
import type { DeploymentPlan } from "../../plan";
import { known, record } from "./recorder";
import { externalPlan, otherResource, planOf } from "./support";

const server = "db-db.example.com-3307";

describe("MySqlDatabases with a server of the user's own", function () {
  this.timeout(120_000);
  let plan: DeploymentPlan;
  before(async () => {
    plan = externalPlan(await planOf());
  });

  const recordDatabases = (args: Partial<MySqlDatabasesArgs> = {}) =>
    record(() => new MySqlDatabases("db", { plan, databaseAdminPassword: "hush-hush", ...args }));

  it("creates no container, volume, image or administrator", async () => {
    const { all } = await recordDatabases();
    for (const { type, name } of all) assert.doesNotMatch(type, /^docker:/, name);
    assert.ok(!all.some(({ name }) => name.includes("admin-password")));
  });

  it("puts host and port into the names of the resources on the server, so that another server has other names", async () => {
    const { all, get } = await recordDatabases();
    for (const { name, type } of all)
      if (/:(Database|User|Grant)$/.test(type) || name.endsWith("-tables"))
        assert.ok(name.startsWith(`${server}-`), name);
    assert.equal(get(server, "providers:mysql").inputs.endpoint, "db.example.com:3307");
  });

  it("is ready once the names are known to be free, before which nothing is created on the server", async () => {
    const { get, outputs } = await recordDatabases();
    assert.match(await known(outputs.ready.urn), new RegExp(`::${server}-names$`));
    assert.ok(get(server, "providers:mysql").dependencies.includes(`${server}-names`));
  });

  it("checks the names after the resources that the component depends on", async () => {
    const { get } = await record(() => {
      const opts = { dependsOn: [otherResource()] };
      new MySqlDatabases("db", { plan, databaseAdminPassword: "hush-hush" }, opts);
    });
    assert.ok(get(`${server}-names`).dependencies.includes("other"));
  });

  it("keeps the administrator's password secret in the check of the names", async () => {
    const { get } = await recordDatabases();
    assert.deepEqual(get(`${server}-names`).inputs.password, { secret: "hush-hush" });
  });

  it("deletes nothing on the server, except grants together with their account", async () => {
    const { all } = await recordDatabases();
    const created = all.filter(({ name }) => name.startsWith(`${server}-`) && !name.endsWith("-names"));
    for (const { name, type, retainOnDelete, deletedWith, inputs } of created) {
      assert.ok(retainOnDelete, name);
      assert.equal(deletedWith, type.endsWith(":Grant") ? `${server}-${inputs.user}` : "", name);
    }
  });

  it("checks that userdb has no administrator only if the password of the administrator is generated", async () => {
    const checked = async (args: Partial<MySqlDatabasesArgs>) =>
      (await recordDatabases(args)).get(`${server}-names`).inputs.newAdministratorIn;
    assert.equal(await checked({}), undefined);
    assert.equal(await checked({ isNewAdministrator: true }), "userdb");
  });

  it("runs the scripts in databases that exist already, and creates none", async () => {
    const existing = externalPlan(plan, { databasesExist: true });
    const { all, get } = await recordDatabases({ plan: existing });
    assert.ok(!all.some(({ type }) => type.endsWith(":Database")));
    assert.ok(get(`${server}-userdb-tables`).dependencies.includes(`${server}-names`));
  });

  it("needs the administrator's password", async () => {
    await assert.rejects(
      record(() => new MySqlDatabases("db", { plan })),
      /db: databaseAdminPassword: expected the password of root on db\.example\.com, found none/,
    );
  });
});
