import assert from "node:assert/strict";
import { databaseScripts, jdbcDriver, jdbcUrl, parseJdbcUrl } from "../../product/mysql";

describe("MySQL's JDBC URLs", () => {
  const database = { host: "regdb.example.org", port: 3307, schema: "apim_regdb" };

  it("are read back as they were built", () => {
    assert.deepEqual(parseJdbcUrl(jdbcUrl({ ...database, hasSqlMode: true })), database);
  });

  it("set the product's sql_mode on a server with another default", () => {
    const { sessionVariables } = parseJdbcUrl(jdbcUrl({ ...database, hasSqlMode: false })) ?? {};
    assert.equal(sessionVariables, "sql_mode=NO_ENGINE_SUBSTITUTION");
  });

  it("have MySQL's own port when they name none", () => {
    assert.equal(parseJdbcUrl("jdbc:mysql://db/regdb")?.port, 3306);
  });

  it("are told from the URLs of other databases", () => {
    assert.equal(parseJdbcUrl("jdbc:h2:repository/database/WSO2CARBON_DB"), undefined);
  });
});

describe("MySQL's scripts", () => {
  it("are listed once each, though userdb and regdb share one", () => {
    assert.equal(new Set(databaseScripts).size, databaseScripts.length);
  });
});

describe("the JDBC driver's jar", () => {
  it("is recognised by its name", () => {
    for (const name of ["mysql-connector-java-5.1.49.jar", "mysql-connector-j-8.4.0.jar"])
      assert.match(name, jdbcDriver.jarName);
    for (const name of ["mysql-connector-java.txt", "h2-database-engine.jar"])
      assert.doesNotMatch(name, jdbcDriver.jarName);
  });
});
