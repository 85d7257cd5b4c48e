import assert from "node:assert/strict";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { hostAddress } from "../../topology";
import { type MySqlServer, startMySql } from "./mysqlServer";
import { type CommandResult, docker, TestStack } from "./testStack";

const seconds = 1000;
const accounts = ["apim_gateway", "apim_keymanager", "apim_publisher", "apim_registry", "apim_store"];
/** As MySQL has it when nobody says otherwise. */
const defaultMode =
  "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

describe("a MySQL server that the user runs", function () {
  this.timeout(300 * seconds);
  const stack = new TestStack("itest-ext", "external-db");
  const outputs: string[] = [];
  let server: MySqlServer;
  let deployer: string;
  let administrator: string;

  before(async () => {
    const [bridge] = (await docker.getNetwork("bridge").inspect()).IPAM?.Config ?? [];
    // An engine that has just been installed names the gateway only when it is started again.
    const host =
      bridge?.Gateway ?? hostAddress(bridge?.Subnet ?? assert.fail("Docker's default bridge has no subnet"), 1);
    server = await startMySql(docker, "apim-itest-ext-server", host, [
      ...[`--sql-mode=${defaultMode}`, "--character-set-server=utf8mb4", "--collation-server=utf8mb4_0900_ai_ci"],
      "--performance-schema=ON",
    ]);
    // Hexadecimal, so that no escaping hides it in any output.
    deployer = `${server.password}5ec2e7`;
    await query("CREATE DATABASE theirs; CREATE TABLE theirs.notes (id INT PRIMARY KEY, note VARCHAR(20))");
    await query("INSERT INTO theirs.notes VALUES (1, 'not ours')");
    await query("CREATE USER 'theirs'@'%' IDENTIFIED BY 'theirs-password'; GRANT ALL ON theirs.* TO 'theirs'@'%'");
    await query(`CREATE USER 'deployer'@'%' IDENTIFIED BY '${deployer}'`);
    stack.set({
      ...{ databaseHost: host, databaseServerPort: server.port, databaseAdminUser: "deployer" },
      ...{ networkSubnet: "172.30.32.0/24", httpsPort: 22643, gatewayHttpsPort: 22644, gatewayHttpPort: 22680 },
      ...{ managementPort: 22701, poolMaxActive: 20 },
    });
  });

  after(async () => {
    try {
      await stack.dispose();
    } finally {
      await server?.remove();
    }
  });

  async function query(sql: string): Promise<RowDataPacket[]> {
    const [rows] = await server.admin.query<RowDataPacket[]>(sql);
    return rows;
  }
  const schemas = async () => (await query("SHOW DATABASES")).map(({ Database }) => String(Database));
  const users = async () =>
    (await query("SELECT User FROM mysql.user WHERE Host = '%' AND User LIKE 'apim%' ORDER BY User")).map(({ User }) =>
      String(User),
    );
  async function run(command: string, ...args: string[]): Promise<CommandResult> {
    const result = await stack.run(command, ...args);
    outputs.push(result.output);
    return result;
  }
  /** Fails before anything is made, here or there. */
  async function refused(): Promise<string> {
    const started = Date.now();
    const up = await run("up");
    assert.equal(up.status, 1, up.output);
    assert.ok(Date.now() - started < 30 * seconds, `it took ${Date.now() - started} ms`);
    assert.deepEqual(await stack.leftovers(), []);
    assert.deepEqual([await users(), (await schemas()).includes("userdb")], [[], false]);
    return up.output;
  }
  async function assertTheirsUntouched(): Promise<void> {
    const { host, port } = server;
    const login = { host, port, user: "theirs", password: "theirs-password", database: "theirs" };
    const theirs: Connection = await createConnection(login);
    try {
      const [rows] = await theirs.query<RowDataPacket[]>("SELECT note FROM notes");
      assert.deepEqual(
        rows.map(({ note }) => note),
        ["not ours"],
      );
    } finally {
      await theirs.end();
    }
  }

  it("can't be used without its administrator's password, with another one, or when it is not there", async () => {
    assert.match(await refused(), /databaseAdminPassword: expected a password.*config -- set --secret database/);
    await stack.setSecret("databaseAdminPassword", "another-password");
    assert.match(await refused(), /refuses the user "deployer" or its password: Access denied/);
    await stack.setSecret("databaseAdminPassword", deployer);
    await run("config", "set", "databaseServerPort", "9");
    assert.match(await refused(), /nothing listens there, retried for 10 s.*Start the server/);
    await run("config", "set", "databaseServerPort", String(server.port));
  });

  it("needs an administrator with rights, and says in statements which", async () => {
    const output = await refused();
    const [, statements = ""] = /run as an administrator: (.*)$/m.exec(output) ?? [];
    assert.match(statements, /^GRANT CREATE USER .*; GRANT SELECT .*`regdb`.* WITH GRANT OPTION$/, output);
    await query(statements);
  });

  it("carries the deployment: with just those rights and MySQL's own sql_mode, every link and step passes", async () => {
    const up = await run("up");
    assert.equal(up.status, 0, up.output);
    assert.match(up.output, /All \d+ links are up/);
    assert.match(up.output, /mysql\s+-\s+external\s+healthy\s+0\s+\S+:\d+/);
    administrator = (await run("output", "adminPassword", "--show-secrets")).stdout.trim();
    assert.match(administrator, /^\S{20,}$/);
    assert.deepEqual([...(await stack.containers()).keys()].sort(), [
      "gateway-1",
      "keymanager-1",
      "loadbalancer",
      "publisher-1",
      "store-1",
    ]);
    const modes = await query(
      `SELECT DISTINCT PROCESSLIST_USER AS user, VARIABLE_VALUE AS mode FROM performance_schema.variables_by_thread
       JOIN performance_schema.threads USING (THREAD_ID)
       WHERE VARIABLE_NAME = 'sql_mode' AND PROCESSLIST_USER LIKE 'apim%'`,
    );
    assert.ok(modes.length >= 3);
    for (const { user, mode } of modes) assert.equal(mode, "NO_ENGINE_SUBSTITUTION", user);
    const sets = await query("SELECT DISTINCT DEFAULT_CHARACTER_SET_NAME AS name FROM information_schema.SCHEMATA");
    assert.ok(sets.some(({ name }) => name === "latin1"));
    await assertTheirsUntouched();
  });

  it("keeps databases and accounts when the deployment is destroyed", async () => {
    const destroy = await run("destroy", "--yes");
    assert.equal(destroy.status, 0, destroy.output);
    assert.deepEqual(await stack.leftovers(), []);
    assert.deepEqual(await users(), accounts);
    assert.deepEqual(
      (await query("SELECT UM_USER_NAME AS name FROM userdb.UM_USER")).map(({ name }) => name),
      ["admin"],
    );
    await assertTheirsUntouched();
  });

  it("is gone on with as the error says: databases that exist, no accounts of old, the administrator's password", async () => {
    const blocked = await run("up");
    assert.equal(blocked.status, 1, blocked.output);
    assert.match(
      blocked.output,
      /databases apimgtdb, userdb, regdb: to continue with them, set wso2-apim:databasesExist/,
    );
    assert.match(blocked.output, /set the secret adminPassword to its present password/);
    const [, statement = ""] =
      /run: (DROP USER .*); else set wso2-apim:databaseUserPrefix$/m.exec(blocked.output) ?? [];
    assert.deepEqual([...(await stack.containers()).keys()], []);
    assert.deepEqual(await users(), accounts);
    await query(statement);
    assert.deepEqual(await users(), []);
    await run("config", "set", "databasesExist", "true");
    await stack.setSecret("adminPassword", administrator);
    const up = await run("up");
    assert.equal(up.status, 0, up.output);
    assert.match(up.output, /All \d+ links are up/);
    assert.deepEqual(await users(), accounts);
    assert.equal((await run("preview", "--expect-no-changes")).status, 0);
  });

  it("has its administrator's password shown nowhere", async () => {
    const inspected = await Promise.all(
      [...(await stack.containers()).values()].map((id) => docker.getContainer(id).inspect()),
    );
    const places = { output: outputs.join("\n"), state: stack.state(), "docker inspect": JSON.stringify(inspected) };
    for (const [place, text] of Object.entries(places)) assert.ok(!text.includes(deployer), place);
  });

  it("stays as it is, whatever the deployment did", async () => {
    const destroy = await run("destroy", "--yes");
    assert.equal(destroy.status, 0, destroy.output);
    assert.deepEqual(await users(), accounts);
    assert.ok((await schemas()).includes("apimgtdb"));
    await assertTheirsUntouched();
  });
});
