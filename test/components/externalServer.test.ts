import assert from "node:assert/strict";
import { type Recording, runProgram } from "./recorder";

const settings = { databaseHost: "db.example.com", databaseServerPort: "3307", databaseAdminPassword: "hush-hush" };
const server = "mysql-db.example.com-3307";
const databases = ["apimgtdb", "userdb", "regdb"] as const;

// In previews: otherwise the program connects before it makes anything.
describe("the program with a MySQL server that the user runs", function () {
  this.timeout(120_000);
  const programWith = (more: Record<string, string> = {}) => runProgram({ ...settings, ...more }, true);
  let run: Recording;
  before(async () => {
    run = await programWith();
  });
  const ofType = (recording: Recording, type: string) => recording.all.filter((one) => one.type.endsWith(type));

  it("runs no MySQL itself, and needs no image, volume or port for it", () => {
    assert.ok(!ofType(run, ":Container").some(({ name }) => name.startsWith("mysql")));
    assert.deepEqual(
      ofType(run, ":Volume").map(({ name }) => name),
      ["gateway-synapse-configs"],
    );
    assert.ok(!ofType(run, ":RemoteImage").some(({ name }) => name.includes("mysql")));
    assert.ok(!run.all.some(({ name }) => name === "mysql-admin-password"));
  });

  it("works on it as its administrator, once its names are known to be free", () => {
    const provider = run.get(server, "providers:mysql");
    assert.deepEqual(
      [provider.inputs.endpoint, provider.inputs.username, provider.inputs.password],
      ["db.example.com:3307", "root", { secret: "hush-hush" }],
    );
    assert.deepEqual(provider.dependencies, [`${server}-names`]);
    assert.deepEqual(run.get("network").dependencies, [`${server}-names`]);
    const { inputs } = run.get(`${server}-names`);
    assert.deepEqual(inputs.databases, databases);
    assert.deepEqual(inputs.accounts, [
      ...["apim_keymanager", "apim_gateway", "apim_publisher", "apim_store", "apim_registry"],
    ]);
    assert.deepEqual([inputs.password, inputs.newAdministratorIn], [{ secret: "hush-hush" }, "userdb"]);
  });

  it("never drops anything on it, and lets nothing go with something else but grants with their account", () => {
    const made = [...ofType(run, ":Database"), ...ofType(run, ":User"), ...ofType(run, ":Grant")];
    const scripts = databases.map((name) => run.get(`${server}-${name}-tables`));
    assert.equal(made.length, 3 + 5 + 7);
    for (const { name, type, retainOnDelete, deletedWith, parent, inputs } of [...made, ...scripts]) {
      assert.ok(retainOnDelete, name);
      assert.equal(deletedWith, type.endsWith(":Grant") ? `${server}-${inputs.user}` : "", name);
      assert.equal(parent, "mysql");
      assert.ok(name.startsWith(`${server}-`), `${name} would be taken for the one on another server`);
    }
    for (const { inputs } of scripts) assert.deepEqual([inputs.host, inputs.port], ["db.example.com", 3307]);
  });

  it("keeps the password secret wherever it stands", () => {
    for (const { name, inputs } of run.all) {
      const plain = JSON.stringify(inputs).replaceAll('{"secret":"hush-hush"}', "");
      assert.ok(!plain.includes("hush-hush"), name);
    }
    assert.ok(!JSON.stringify(run.outputs).includes("hush-hush"));
  });

  it("starts nodes after tables, accounts and grants, as with its own", () => {
    const { dependencies } = run.get("keymanager-1-container");
    for (const name of ["apimgtdb-tables", "userdb-tables", "apim_keymanager-userdb"])
      assert.ok(dependencies.includes(`${server}-${name}`), name);
    assert.ok(!dependencies.some((name) => name.includes("regdb")));
  });

  it("tells where the databases are", () => {
    assert.deepEqual(run.outputs.databases, {
      apimgtdb: "db.example.com:3307/apimgtdb",
      userdb: "db.example.com:3307/userdb",
      regdb: "db.example.com:3307/regdb",
    });
  });

  it("leaves databases that exist alone: neither makes nor claims them, and runs the scripts in them", async () => {
    const existing = await programWith({ databasesExist: "true", adminPassword: "known-one" });
    assert.deepEqual(ofType(existing, ":Database"), []);
    const { inputs } = existing.get(`${server}-names`);
    assert.deepEqual([inputs.databases, inputs.newAdministratorIn], [[], undefined]);
    assert.ok(existing.get(`${server}-userdb-tables`).dependencies.includes(`${server}-names`));
    assert.equal(existing.get(`${server}-apim_store-userdb`).inputs.database, "userdb");
  });

  it("gives databases and accounts the names that two deployments on one server need", async () => {
    const named = await programWith({ databasePrefix: "prod-", databaseUserPrefix: "prod_" });
    assert.equal(named.get(`${server}-userdb`).inputs.name, "prod-userdb");
    assert.equal(named.get(`${server}-userdb-tables`).inputs.database, "prod-userdb");
    const { user, database } = named.get(`${server}-prod_store-userdb`).inputs;
    assert.deepEqual([user, database], ["prod_store", "prod-userdb"]);
  });

  it("checks the server before anything is made, but for previews", async () => {
    const started = Date.now();
    await assert.rejects(
      runProgram({ ...settings, databaseHost: "no-such-host.invalid" }),
      /MySQL server no-such-host\.invalid:3307 .* its name can't be resolved/,
    );
    assert.ok(Date.now() - started < 20_000);
  });
});
