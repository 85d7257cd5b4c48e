import assert from "node:assert/strict";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { hostAddress } from "../../topology";
import { type MySqlServer, startMySql } from "./mysqlServer";
import { named } from "./place";
import { type CommandResult, docker, TestStack } from "./testStack";

const seconds = 1000;
const accounts = ["apim_gateway", "apim_keymanager", "apim_publisher", "apim_registry", "apim_store"];
/** MySQL's default sql_mode. */
const defaultMode =
  "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

describe("databaseHost: a MySQL server of the user on a Docker engine", function () {
  this.timeout(300 * seconds);
  const stack = new TestStack("itest-ext", "external-db");
  /** The output of all commands. */
  const outputs: string[] = [];
  let server: MySqlServer;
  let deployerPassword: string;
  let adminPassword: string;

  before(async () => {
    const [bridge] = (await docker.getNetwork("bridge").inspect()).IPAM?.Config ?? [];
    // A newly installed Docker engine reports the gateway only after a restart.
    const host =
      bridge?.Gateway ?? hostAddress(bridge?.Subnet ?? assert.fail("Docker's default bridge has no subnet"), 1);
    server = await startMySql(named("apim-itest-ext-server"), host, [
      `--sql-mode=${defaultMode}`,
      "--character-set-server=utf8mb4",
      "--collation-server=utf8mb4_0900_ai_ci",
      "--performance-schema=ON",
    ]);
    // Hexadecimal digits need no escaping, so that the search for the password finds it in any output.
    deployerPassword = `${server.password}5ec2e7`;
    await query("CREATE DATABASE foreign_db; CREATE TABLE foreign_db.notes (id INT PRIMARY KEY, note VARCHAR(20))");
    await query("INSERT INTO foreign_db.notes VALUES (1, 'a note')");
    await query(
      "CREATE USER 'foreign'@'%' IDENTIFIED BY 'foreign-password'; GRANT ALL ON foreign_db.* TO 'foreign'@'%'",
    );
    await query(`CREATE USER 'deployer'@'%' IDENTIFIED BY '${deployerPassword}'`);
    stack.set({
      databaseHost: host,
      databaseServerPort: server.port,
      databaseAdminUser: "deployer",
      poolMaxActive: 20,
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
  /** Asserts that `up` fails before it creates anything in Docker or MySQL. @returns its output */
  async function assertUpRefused(): Promise<string> {
    const started = Date.now();
    const up = await run("up");
    assert.equal(up.status, 1, up.output);
    assert.ok(Date.now() - started < 30 * seconds, `it took ${Date.now() - started} ms`);
    assert.deepEqual(await stack.leftovers(), []);
    assert.deepEqual([await users(), (await schemas()).includes("userdb")], [[], false]);
    return up.output;
  }
  /** Asserts that another database on the server still has its rows, and another account its password. */
  async function assertOthersUnchanged(): Promise<void> {
    const { host, port } = server;
    const login = { host, port, user: "foreign", password: "foreign-password", database: "foreign_db" };
    const connection: Connection = await createConnection(login);
    try {
      const [rows] = await connection.query<RowDataPacket[]>("SELECT note FROM notes");
      assert.deepEqual(
        rows.map(({ note }) => note),
        ["a note"],
      );
    } finally {
      await connection.end();
    }
  }

  it("up fails before any change if the administrator's password is missing or wrong, or nothing listens", async () => {
    assert.match(
      await assertUpRefused(),
      /databaseAdminPassword: expected a password.*config -- set --secret database/,
    );
    await stack.setSecret("databaseAdminPassword", "another-password");
    assert.match(await assertUpRefused(), /refuses the user "deployer" or its password: Access denied/);
    await stack.setSecret("databaseAdminPassword", deployerPassword);
    await run("config", "set", "databaseServerPort", "9");
    assert.match(await assertUpRefused(), /nothing listens there, retried for 10 s.*Start the server/);
    await run("config", "set", "databaseServerPort", String(server.port));
  });

  it("up fails before any change if the server is read-only, requires primary keys, or limits the administrator", async () => {
    await query("SET GLOBAL sql_require_primary_key = ON");
    await query("SET GLOBAL super_read_only = ON");
    const modes = await assertUpRefused();
    await query("SET GLOBAL super_read_only = OFF");
    await query("SET GLOBAL read_only = OFF");
    await query("SET GLOBAL sql_require_primary_key = OFF");
    assert.match(modes, /- super_read_only: expected OFF, found ON/);
    assert.match(modes, /- sql_require_primary_key: expected OFF, found ON/);
    await query("ALTER USER deployer WITH MAX_USER_CONNECTIONS 2");
    assert.match(await assertUpRefused(), /- MAX_USER_CONNECTIONS: expected 0 or at least 16 .* found 2; run/);
    await query("ALTER USER deployer WITH MAX_USER_CONNECTIONS 0");
    await query("ALTER USER deployer REQUIRE SSL");
    assert.match(await assertUpRefused(), /accepts the user "deployer" over TLS only \(REQUIRE SSL\)/);
    await query("ALTER USER deployer REQUIRE NONE");
  });

  it("up fails if the administrator has too few rights, and prints the GRANT statements", async () => {
    const output = await assertUpRefused();
    const [, statements = ""] = /run as an administrator: (.*)$/m.exec(output) ?? [];
    assert.match(statements, /^GRANT CREATE USER .*; GRANT SELECT .*`regdb`.* WITH GRANT OPTION$/, output);
    await query(statements);
  });

  it("up succeeds with exactly those rights and MySQL's default sql_mode", async () => {
    const up = await run("up");
    assert.equal(up.status, 0, up.output);
    assert.match(up.output, /All \d+ links are up/);
    assert.match(up.output, /mysql\s+-\s+external\s+healthy\s+0\s+\S+:\d+/);
    adminPassword = (await run("output", "adminPassword", "--show-secrets")).stdout.trim();
    assert.match(adminPassword, /^\S{20,}$/);
    assert.deepEqual([...(await stack.containers()).keys()].sort(), [
      "gateway-1",
      "keymanager-1",
      "loadbalancer",
      "loadbalancer-files",
      "publisher-1",
      "store-1",
    ]);
    const modes = await query(
      `SELECT DISTINCT PROCESSLIST_USER AS user, VARIABLE_VALUE AS mode FROM performance_schema.variables_by_thread
       JOIN performance_schema.threads USING (THREAD_ID)
       WHERE VARIABLE_NAME = 'sql_mode' AND PROCESSLIST_USER LIKE 'apim%'`,
    );
    const connected = modes.map(({ user }) => String(user));
    for (const user of ["apim_keymanager", "apim_publisher", "apim_store"]) assert.ok(connected.includes(user), user);
    for (const { user, mode } of modes) assert.equal(mode, "NO_ENGINE_SUBSTITUTION", user);
    const sets = await query("SELECT DISTINCT DEFAULT_CHARACTER_SET_NAME AS name FROM information_schema.SCHEMATA");
    assert.ok(sets.some(({ name }) => name === "latin1"));
    await assertOthersUnchanged();
  });

  it("destroy keeps databases and accounts", async () => {
    const destroy = await run("destroy", "--yes");
    assert.equal(destroy.status, 0, destroy.output);
    assert.deepEqual(await stack.leftovers(), []);
    assert.deepEqual(await users(), accounts);
    assert.deepEqual(
      (await query("SELECT UM_USER_NAME AS name FROM userdb.UM_USER")).map(({ name }) => name),
      ["admin"],
    );
    await assertOthersUnchanged();
  });

  it("a second up continues with the existing databases after the steps that its error lists", async () => {
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
    await stack.setSecret("adminPassword", adminPassword);
    const up = await run("up");
    assert.equal(up.status, 0, up.output);
    assert.match(up.output, /All \d+ links are up/);
    assert.deepEqual(await users(), accounts);
    assert.equal((await run("preview", "--expect-no-changes")).status, 0);
  });

  it("the administrator's password does not appear in output, state or docker inspect", async () => {
    const inspected = await Promise.all(
      [...(await stack.containers()).values()].map((id) => docker.getContainer(id).inspect()),
    );
    const places = { output: outputs.join("\n"), state: stack.state(), "docker inspect": JSON.stringify(inspected) };
    for (const [place, text] of Object.entries(places)) assert.ok(!text.includes(deployerPassword), place);
  });

  it("other databases and accounts on the server are unchanged after the last destroy", async () => {
    const destroy = await run("destroy", "--yes");
    assert.equal(destroy.status, 0, destroy.output);
    assert.deepEqual(await users(), accounts);
    assert.ok((await schemas()).includes("apimgtdb"));
    await assertOthersUnchanged();
  });
});
