import assert from "node:assert/strict";
import { databaseScripts, jdbcDriver, jdbcUrl, parseJdbcUrl } from "../../product/mysql";

describe("MySQL: JDBC URLs", () => {
  const database = { host: "regdb.example.org", port: 3307, schema: "apim_regdb" };

  it("parseJdbcUrl reads what jdbcUrl builds", () => {
    assert.deepEqual(parseJdbcUrl(jdbcUrl({ ...database, hasSqlMode: true })), database);
  });

  it("jdbcUrl sets sql_mode for a server with another default", () => {
    const { sessionVariables } = parseJdbcUrl(jdbcUrl({ ...database, hasSqlMode: false })) ?? {};
    assert.equal(sessionVariables, "sql_mode=NO_ENGINE_SUBSTITUTION");
  });

  it("parseJdbcUrl: the default port is 3306", () => {
    assert.equal(parseJdbcUrl("jdbc:mysql://db/regdb")?.port, 3306);
  });

  it("parseJdbcUrl returns undefined for other kinds of database", () => {
    assert.equal(parseJdbcUrl("jdbc:h2:repository/database/WSO2CARBON_DB"), undefined);
  });
});

describe("MySQL: scripts", () => {
  it("userdb and regdb share a script, which is listed once", () => {
    assert.equal(new Set(databaseScripts).size, databaseScripts.length);
  });
});

describe("MySQL: JDBC driver", () => {
  it("its jar is recognised by the file name", () => {
    for (const name of ["mysql-connector-java-5.1.49.jar", "mysql-connector-j-8.4.0.jar"])
      assert.match(name, jdbcDriver.jarName);
    for (const name of ["mysql-connector-java.txt", "h2-database-engine.jar"])
      assert.doesNotMatch(name, jdbcDriver.jarName);
  });
});
