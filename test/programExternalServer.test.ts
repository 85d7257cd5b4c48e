import assert from "node:assert/strict";
import { type Recording, runProgram } from "./components/recorder";

const settings = { databaseHost: "db.example.com", databaseServerPort: "3307", databaseAdminPassword: "hush-hush" };
const server = "mysql-db.example.com-3307";
const databases = ["apimgtdb", "userdb", "regdb"] as const;

// In previews: otherwise the program connects to the server before it creates anything.
describe("the program with a MySQL server of the user's own", function () {
  this.timeout(120_000);
  const programWith = (more: Record<string, string> = {}) => runProgram({ ...settings, ...more }, true);
  let run: Recording;
  before(async () => {
    run = await programWith();
  });
  const ofType = (recording: Recording, type: string) => recording.all.filter((one) => one.type.endsWith(type));

  it("creates no MySQL container, and no image, volume or password for one", () => {
    assert.ok(!ofType(run, ":Container").some(({ name }) => name.startsWith("mysql")));
    assert.deepEqual(
      ofType(run, ":Volume").map(({ name }) => name),
      ["gateway-synapse-configs", "loadbalancer-files"],
    );
    assert.ok(!ofType(run, ":RemoteImage").some(({ name }) => name.includes("mysql")));
    assert.ok(!run.all.some(({ name }) => name === "mysql-admin-password"));
  });

  it("connects as the server's administrator, after the check that its names are free", () => {
    const provider = run.get(server, "providers:mysql");
    assert.deepEqual(
      [provider.inputs.endpoint, provider.inputs.username, provider.inputs.password],
      ["db.example.com:3307", "root", { secret: "hush-hush" }],
    );
    assert.deepEqual(provider.dependencies, [`${server}-names`]);
    assert.deepEqual(run.get(`${server}-names`).dependencies, ["name"]);
    assert.deepEqual(run.get("network").dependencies, [`${server}-names`, "name"]);
    const { inputs } = run.get(`${server}-names`);
    assert.deepEqual(inputs.databases, databases);
    assert.deepEqual(inputs.accounts, [
      "apim_keymanager",
      "apim_gateway",
      "apim_publisher",
      "apim_store",
      "apim_registry",
    ]);
    assert.deepEqual([inputs.password, inputs.newAdministratorIn], [{ secret: "hush-hush" }, "userdb"]);
  });

  it("drops nothing on the server; only grants are deleted with their account", () => {
    const created = [...ofType(run, ":Database"), ...ofType(run, ":User"), ...ofType(run, ":Grant")];
    const scripts = databases.map((name) => run.get(`${server}-${name}-tables`));
    assert.equal(created.length, 3 + 5 + 7);
    for (const { name, type, retainOnDelete, deletedWith, parent, inputs } of [...created, ...scripts]) {
      assert.ok(retainOnDelete, name);
      assert.equal(deletedWith, type.endsWith(":Grant") ? `${server}-${inputs.user}` : "", name);
      assert.equal(parent, "mysql");
      assert.ok(name.startsWith(`${server}-`), `${name}: a resource on another server could have the same name`);
    }
    for (const { inputs } of scripts) assert.deepEqual([inputs.host, inputs.port], ["db.example.com", 3307]);
  });

  it("keeps the password secret in every resource and output", () => {
    for (const { name, inputs } of run.all) {
      const plain = JSON.stringify(inputs).replaceAll('{"secret":"hush-hush"}', "");
      assert.ok(!plain.includes("hush-hush"), name);
    }
    assert.ok(!JSON.stringify(run.outputs).includes("hush-hush"));
  });

  it("starts nodes after the tables and grants that they need", () => {
    const { dependencies } = run.get("keymanager-1-container");
    for (const name of ["apimgtdb-tables", "userdb-tables", "apim_keymanager-userdb"])
      assert.ok(dependencies.includes(`${server}-${name}`), name);
    assert.ok(!dependencies.some((name) => name.includes("regdb")));
  });

  it("outputs host, port and schema of each database", () => {
    assert.deepEqual(run.outputs.databases, {
      apimgtdb: "db.example.com:3307/apimgtdb",
      userdb: "db.example.com:3307/userdb",
      regdb: "db.example.com:3307/regdb",
    });
  });

  it("with databasesExist: creates no database, does not check their names, and runs the scripts in them", async () => {
    const existing = await programWith({ databasesExist: "true", adminPassword: "known-one" });
    assert.deepEqual(ofType(existing, ":Database"), []);
    const { inputs } = existing.get(`${server}-names`);
    assert.deepEqual([inputs.databases, inputs.newAdministratorIn], [[], undefined]);
    assert.ok(existing.get(`${server}-userdb-tables`).dependencies.includes(`${server}-names`));
    assert.equal(existing.get(`${server}-apim_store-userdb`).inputs.database, "userdb");
  });

  it("with databasePrefix and databaseUserPrefix: puts them before the names of databases and accounts", async () => {
    const named = await programWith({ databasePrefix: "prod-", databaseUserPrefix: "prod_" });
    assert.equal(named.get(`${server}-userdb`).inputs.name, "prod-userdb");
    assert.equal(named.get(`${server}-userdb-tables`).inputs.database, "prod-userdb");
    const { user, database } = named.get(`${server}-prod_store-userdb`).inputs;
    assert.deepEqual([user, database], ["prod_store", "prod-userdb"]);
  });

  it("checks that it can connect before it creates anything, except in previews", async () => {
    const started = Date.now();
    await assert.rejects(
      runProgram({ ...settings, databaseHost: "no-such-host.invalid" }),
      /MySQL server no-such-host\.invalid:3307 .* its name can't be resolved/,
    );
    assert.ok(Date.now() - started < 20_000);
  });
});
