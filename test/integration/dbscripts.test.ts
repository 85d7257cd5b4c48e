import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { RowDataPacket } from "mysql2/promise";
import { applyScript, type ScriptRequest, type ScriptResult } from "../../databases/applyScript";
import { runAsClosure } from "../cli/setup/closure";
import { type Cut, openCuttingProxy } from "./cuttingProxy";
import { type MySqlServer, startMySql } from "./mysqlServer";
import { named } from "./place";
import { skip } from "./skip";

const script = `
-- All kinds of statements in the product's scripts.
CREATE TABLE IF NOT EXISTS PARENT (ID INTEGER AUTO_INCREMENT, NAME VARCHAR(255), SEEN TIMESTAMP DEFAULT 0, PRIMARY KEY (ID)) ENGINE INNODB;
CREATE TABLE CHILD (ID INTEGER, PARENT_ID INTEGER NOT NULL, NOTE VARCHAR(20)) ENGINE INNODB;
INSERT INTO PARENT (NAME) VALUES ('one; two');
CREATE INDEX IDX_CHILD ON CHILD (NOTE);
ALTER TABLE CHILD ADD COLUMN EXTRA INT;
ALTER TABLE CHILD ADD CONSTRAINT FK_CHILD FOREIGN KEY (PARENT_ID) REFERENCES PARENT (ID);
INSERT INTO CHILD VALUES (1, 1, 'x', 2);
ALTER TABLE CHILD ADD PRIMARY KEY (ID);
CREATE UNIQUE INDEX UNQ_PARENT ON PARENT (NAME);
`;

describe("dbscripts on a MySQL server", function () {
  this.timeout(120_000);
  let server: MySqlServer;
  let schemas = 0;

  before(async () => {
    server = await startMySql(named("apim-dbscript-tests"));
  });
  after(async () => {
    await server?.remove();
  });

  async function newSchema(): Promise<string> {
    schemas += 1;
    const name = `s${schemas}`;
    await server.admin.query(`CREATE DATABASE ${name} CHARACTER SET latin1`);
    return name;
  }

  function request(database: string, text = script, change: Partial<ScriptRequest> = {}): ScriptRequest {
    const { host, port, user, password } = server;
    const checksum = createHash("sha256").update(text).digest("hex");
    return { host, port, user, password, database, script: text, version: "1.9.0", checksum, ...change };
  }

  async function rows(sql: string): Promise<unknown[]> {
    const [found] = await server.admin.query<RowDataPacket[]>(sql);
    return found;
  }

  async function tables(database: string): Promise<string[]> {
    const found = (await rows(`SHOW TABLES FROM ${database}`)) as Record<string, string>[];
    return found.flatMap((row) => Object.values(row)).filter((name) => name !== "APIM_DBSCRIPT");
  }

  /** The definitions and rows of all tables. */
  async function content(database: string): Promise<unknown> {
    const result: unknown[] = [];
    for (const table of (await tables(database)).sort()) {
      const [definition] = (await rows(`SHOW CREATE TABLE ${database}.\`${table}\``)) as Record<string, string>[];
      result.push(definition?.["Create Table"], await rows(`SELECT * FROM ${database}.\`${table}\``));
    }
    return result;
  }

  /** The row in which applyScript records its progress. */
  async function progress(database: string): Promise<unknown> {
    const [row] = (await rows(
      `SELECT VERSION, DONE, STATEMENTS, STATE FROM ${database}.APIM_DBSCRIPT`,
    )) as RowDataPacket[];
    return { ...row };
  }

  /** Runs the script over a connection that is cut, then runs it again. */
  async function runCut(text: string, cut: Cut): Promise<{ database: string; threw: boolean; second: ScriptResult }> {
    const database = await newSchema();
    const proxy = await openCuttingProxy(server, cut);
    let threw = false;
    try {
      await applyScript(request(database, text, { host: "127.0.0.1", port: proxy.port })).catch(() => {
        threw = true;
      });
    } finally {
      await proxy.close();
    }
    return { database, threw, second: await applyScript(request(database, text)) };
  }

  it("a script is executed once; a second run executes nothing", async () => {
    const database = await newSchema();
    const lines: string[] = [];
    assert.deepEqual(await applyScript(request(database), (line) => lines.push(line)), {
      statements: 9,
      adopted: false,
      executed: 9,
    });
    assert.deepEqual((await tables(database)).sort(), ["CHILD", "PARENT"]);
    assert.deepEqual(await progress(database), { VERSION: "1.9.0", DONE: 9, STATEMENTS: 9, STATE: "finished" });
    const before = await content(database);
    assert.deepEqual(await applyScript(request(database)), { statements: 9, adopted: false, executed: 0 });
    assert.deepEqual(await content(database), before);
  });

  it("a second run completes the script after a cut at any query, whether the query was executed or not", async () => {
    const whole = await newSchema();
    const proxy = await openCuttingProxy(server, { query: 0, when: "before" });
    await applyScript(request(whole, script, { host: "127.0.0.1", port: proxy.port }));
    const queries = proxy.queries();
    await proxy.close();
    const expected = await content(whole);
    assert.ok(queries > 9 * 3, `only ${queries} queries; each statement needs its own transaction`);

    let cuts = 0;
    let resumed = 0;
    for (const when of ["before", "after"] as const) {
      for (let query = 1; query <= queries; query += 1) {
        const { database, threw, second } = await runCut(script, { query, when });
        cuts += threw ? 1 : 0;
        resumed += second.executed > 0 && second.executed < 9 ? 1 : 0;
        assert.deepEqual(await content(database), expected, `cut ${when} query ${query}`);
        assert.deepEqual(await progress(database), { VERSION: "1.9.0", DONE: 9, STATEMENTS: 9, STATE: "finished" });
        await server.admin.query(`DROP DATABASE ${database}`);
      }
    }
    // The first query belongs to the connection, which applyScript retries by itself.
    assert.equal(cuts, 2 * (queries - 1));
    // Most cuts are between the first statement and the last one.
    assert.ok(resumed > cuts / 2, `only ${resumed} of ${cuts} second runs continued in the middle of the script`);
  });

  it("a failing statement is reported with its line; the next run continues there once the cause is removed", async () => {
    const database = await newSchema();
    const text = "CREATE TABLE A (B INT);\n\nCREATE TABLE C\n  LIKE MISSING;\nCREATE TABLE D (E INT);";
    for (let run = 0; run < 2; run += 1) {
      await assert.rejects(
        applyScript(request(database, text)),
        /statement 2 of 3, line 3, failed: `CREATE TABLE C`: Table 's\d+\.missing' doesn't exist.*The 1 before it are kept/i,
      );
      assert.deepEqual(await progress(database), { VERSION: "1.9.0", DONE: 1, STATEMENTS: 3, STATE: "failed" });
    }
    await server.admin.query(`CREATE TABLE ${database}.MISSING (X INT)`);
    assert.equal((await applyScript(request(database, text))).executed, 2);
    assert.deepEqual((await tables(database)).sort(), ["A", "C", "D", "MISSING"]);
  });

  it("a statement that fails because its table exists is not taken for done", async () => {
    const database = await newSchema();
    const text = "CREATE TABLE A (B INT);\nCREATE TABLE A (B INT);\n";
    for (let run = 0; run < 2; run += 1) {
      await assert.rejects(applyScript(request(database, text)), /statement 2 of 2, line 2.*already exists/);
    }
  });

  it("a schema that already has the product's tables is adopted and not changed", async () => {
    const database = await newSchema();
    await server.admin.query(`CREATE TABLE ${database}.PARENT (Z INT); CREATE TABLE ${database}.CHILD (Z INT)`);
    const before = await content(database);
    assert.deepEqual(await applyScript(request(database)), { statements: 9, adopted: true, executed: 0 });
    assert.deepEqual(await applyScript(request(database)), { statements: 9, adopted: true, executed: 0 });
    assert.deepEqual(await content(database), before);
    assert.deepEqual(await progress(database), { VERSION: "1.9.0", DONE: 0, STATEMENTS: 9, STATE: "adopted" });
  });

  it("a schema with only some of the tables, or with other tables, is refused and not changed", async () => {
    for (const [table, message] of [
      ["PARENT", /has some tables of version 1\.9\.0, but not CHILD/],
      ["STRANGER", /expected it to be empty .*found STRANGER/],
    ] as const) {
      const database = await newSchema();
      await server.admin.query(`CREATE TABLE ${database}.${table} (Z INT)`);
      await assert.rejects(applyScript(request(database)), message);
      assert.deepEqual(await rows(`SHOW TABLES FROM ${database}`), [{ [`Tables_in_${database}`]: table }]);
    }
  });

  it("a changed script is refused with both versions; the same script of another version is accepted", async () => {
    const database = await newSchema();
    await applyScript(request(database));
    const before = await content(database);
    await assert.rejects(
      applyScript(request(database, `${script}CREATE TABLE NEW (A INT);`, { version: "1.10.0" })),
      /created by the script of version 1\.9\.0 .* the script is now that of version 1\.10\.0 .*Nothing was changed: .*UPDATE APIM_DBSCRIPT/,
    );
    assert.deepEqual(await content(database), before);
    assert.equal((await applyScript(request(database, script, { version: "1.9.1" }))).executed, 0);
    assert.equal(((await progress(database)) as RowDataPacket).VERSION, "1.9.1");
  });

  it("a changed script is refused in a schema that is only partly created", async () => {
    const { host } = server;
    const database = await newSchema();
    const proxy = await openCuttingProxy(server, { query: 20, when: "before" });
    await assert.rejects(applyScript(request(database, script, { host, port: proxy.port })));
    await proxy.close();
    await assert.rejects(
      applyScript(request(database, `${script};SELECT 1`, { version: "1.8.0" })),
      /partly created by the script of version 1\.9\.0 .* version 1\.8\.0 .*set the distribution back to 1\.9\.0/,
    );
    assert.ok((await applyScript(request(database))).executed > 0);
  });

  it("statements that use another schema are refused", async () => {
    const database = await newSchema();
    for (const text of ["USE mysql;", "DROP DATABASE x;", "create schema y"]) {
      await assert.rejects(applyScript(request(database, `CREATE TABLE A (B INT);\n${text}`)), /line 2: .*remove it/);
    }
    assert.deepEqual(await rows(`SHOW TABLES FROM ${database}`), []);
  });

  it("a script is executed once when two runs start at the same time", async () => {
    const database = await newSchema();
    const results = await Promise.all([applyScript(request(database)), applyScript(request(database))]);
    assert.deepEqual(results.map(({ executed }) => executed).sort(), [0, 9]);
  });

  it("a run waits for a server that does not listen yet", async () => {
    const database = await newSchema();
    const reserved = await openCuttingProxy(server, { query: 0, when: "before" });
    await reserved.close();
    const applying = applyScript(request(database, script, { host: "127.0.0.1", port: reserved.port }));
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const { createServer, connect } = await import("node:net");
    const listener = createServer((client) => {
      const upstream = connect(server);
      client
        .on("error", () => upstream.destroy())
        .pipe(upstream)
        .on("error", () => client.destroy())
        .pipe(client);
    });
    listener.listen(reserved.port, "127.0.0.1");
    try {
      assert.equal((await applying).executed, 9);
    } finally {
      listener.close();
    }
  });

  it("applyScript runs as the serialized function of a dynamic resource", async () => {
    const database = await newSchema();
    const wanted = request(database);
    assert.equal((await runAsClosure(() => applyScript(wanted))).executed, 9);
    assert.deepEqual((await tables(database)).sort(), ["CHILD", "PARENT"]);
  });

  it("a wrong password or schema is reported at once, without the password", async () => {
    const database = await newSchema();
    const wrong = "not-the-password";
    await assert.rejects(applyScript(request(database, script, { password: wrong })), (error: Error) => {
      assert.match(error.message, /cannot use the schema s\d+ as dbtest: Access denied/);
      assert.ok(!error.message.includes(wrong));
      return true;
    });
    await assert.rejects(applyScript(request("nowhere")), /cannot use the schema nowhere as dbtest: Unknown database/);
  });

  const data = resolve(__dirname, "../../../shared/data");
  const standin = join(__dirname, "../../standin/distribution");
  for (const [directory, name] of [
    [standin, "dbscripts/mysql.sql"],
    [standin, "dbscripts/apimgt/mysql.sql"],
    [join(data, "wso2am-1.9.0"), "dbscripts/mysql.sql"],
    [join(data, "wso2am-1.9.0"), "dbscripts/apimgt/mysql.sql"],
    [join(data, "wso2am-1.7.0"), "dbscripts/apimgt/mysql.sql"],
  ] as const) {
    it(`${name} of ${directory === standin ? "the stand-in" : directory.slice(data.length + 1)}: all tables are created, also after a cut`, async function () {
      const file = join(directory, name);
      if (!existsSync(file)) skip(this, `no ${file}`);
      const text = readFileSync(file, "utf8");
      const database = await newSchema();
      const { statements } = await applyScript(request(database, text));
      const expected = text.match(/^\s*CREATE TABLE\b/gim)?.length;
      assert.equal((await tables(database)).length, expected);
      const whole = await content(database);
      // Each statement takes four queries (BEGIN, statement, progress, COMMIT). The cuts hit all four kinds.
      for (const share of [0.1, 0.35, 0.6, 0.85]) {
        const query = Math.round(share * statements) * 4 + Math.round(share * 10);
        const cut = await runCut(text, { query, when: "after" });
        assert.ok(cut.threw && cut.second.executed > 0 && cut.second.executed < statements);
        assert.deepEqual(await content(cut.database), whole, `cut after query ${query}`);
      }
    });
  }
});
