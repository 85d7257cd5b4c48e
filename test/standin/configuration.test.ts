import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readConfiguration } from "../../standin/configuration";
import { configuredLinks } from "../../standin/links";
import { addresses, Deployment, type Edits, files, wiring } from "./homes";

const none = { certificate: "", keyStore: Buffer.alloc(0), trustStore: Buffer.alloc(0) };

describe("stand-in: configuration", () => {
  let deployment: Deployment;
  beforeEach(() => {
    deployment = new Deployment(none);
  });
  afterEach(() => deployment.stop());

  const read = (edits: Edits, profile = "api-publisher") =>
    readConfiguration(deployment.home("node-1", edits), profile, "10.1.2.3");

  it("replaces properties (carbon.local.ip, ports) with the values that the product has", () => {
    const { apiManager, ports } = read({ [files.carbon]: [["<Offset>0", "<Offset>2"]] });
    assert.equal(apiManager.authManager.url, "https://10.1.2.3:9445/services/");
    assert.equal(apiManager.authManager.user, "admin");
    assert.equal(apiManager.keyValidation.revokeUrl, "https://10.1.2.3:8245/revoke");
    assert.deepEqual(apiManager.environments[0]?.endpoints, ["http://10.1.2.3:8282", "https://10.1.2.3:8245"]);
    assert.deepEqual(ports, { managementHttps: 9445, managementHttp: 9765, apiHttps: 8245, apiHttp: 8282 });
  });

  it("replaces the properties admin.username and admin.password with the administrator of user-mgt.xml", () => {
    const { apiManager } = read({
      [files.userManagement]: [
        ["<UserName>admin", "<UserName>root"],
        ["<Password>admin", "<Password>se&amp;cret"],
      ],
    });
    assert.deepEqual([apiManager.keyValidation.user, apiManager.keyValidation.password], ["root", "se&cret"]);
  });

  it("reads the userinfo API where the pack has its file, as since 1.10", () => {
    const home = deployment.home("node-1");
    const userInfo = () =>
      readConfiguration(home, "gateway-manager", "10.1.2.3").passThroughApis.find(
        ({ context }) => context === "/userinfo",
      );
    assert.equal(userInfo(), undefined);
    const text = readFileSync(join(home, files.token), "utf8")
      .replace('context="/token"', 'context="/userinfo"')
      .replace('methods="POST"', 'methods="GET"')
      .replace("/oauth2/token", "/oauth2/userinfo");
    writeFileSync(join(home, files.token.replace("Token", "UserInfo")), text);
    assert.deepEqual(
      [userInfo()?.name, userInfo()?.methods, userInfo()?.target],
      ["_UserInfoAPI_", ["GET"], "https://10.1.2.3:9443/oauth2/userinfo"],
    );
  });

  it("reads the target of the token API from variables, a plain template or a plain address", () => {
    const target = (edits: Edits) => {
      const apis = read(edits, "gateway-manager").passThroughApis;
      return apis.find(({ context }) => context === "/token")?.target;
    };
    assert.equal(target({}), "https://10.1.2.3:9443/oauth2/token");
    const variable: Edits = {
      [files.token]: [[/expression="get-property\('keyManager.hostname'\)"/, 'value="km.test"']],
    };
    assert.equal(target(variable), "https://km.test:9443/oauth2/token");
    const address: Edits = {
      [files.token]: [[/<http uri-template[\s\S]*<\/http>/, '<address uri="https://km.test:9444/oauth2/token"/>']],
    };
    assert.equal(target(address), "https://km.test:9444/oauth2/token");
  });

  it("ignores a host name in a comment, and redirects browsers to the load balancer's port", () => {
    assert.equal(read({}).publicUrl, "https://10.1.2.3:9443");
    const named: Edits = {
      [files.carbon]: [
        ["<!--MgtHostName>mgt.example.org</MgtHostName-->", "<MgtHostName>publisher.test</MgtHostName>"],
      ],
      [files.catalina]: [['port="9443"', 'port="9443" proxyPort="443"']],
    };
    assert.equal(read(named).publicUrl, "https://publisher.test:443");
  });

  it("reads the session variables in the JDBC URL of a data source", () => {
    const url = (options: string) => `jdbc:mysql://db.test:3307/prod-apimgtdb${options}`;
    const serverOf = (options: string) =>
      read({ [files.dataSources]: [[/jdbc:h2:[^<]*/, url(options)]] }).dataSources[0]?.server;
    assert.deepEqual(
      [serverOf("")?.database, serverOf("?autoReconnect=true")?.sessionVariables],
      ["prod-apimgtdb", undefined],
    );
    const variables = serverOf("?useSSL=false&amp;sessionVariables=sql_mode='A,B',x=1&amp;y=z")?.sessionVariables;
    assert.equal(variables, "sql_mode='A,B',x=1");
  });

  it("redirects browsers to the proxy name of the connector, if it has one", () => {
    const edits: Edits = { [files.catalina]: [['port="9443"', 'port="9443" proxyName="old.test" proxyPort="443"']] };
    assert.equal(read(edits).publicUrl, "https://old.test:443");
  });

  it("reads every file of data sources, and takes the last definition of a name", () => {
    const home = deployment.home("node-1");
    const file = join(home, "repository/conf/datasources/am-datasources.xml");
    const master = readFileSync(join(home, files.dataSources), "utf8");
    writeFileSync(file, master.replace(/jdbc:h2:[^<]*WSO2AM_DB[^<]*/, "jdbc:mysql://olddb:3306/apimgtdb"));
    const { dataSources } = readConfiguration(home, "api-publisher", "10.1.2.3");
    const found = dataSources.filter(({ name }) => name === "WSO2AM_DB").map(({ server }) => server?.host);
    assert.deepEqual(found, ["olddb"]);
  });

  it("takes users from a data source of the user store's own before that of the realm", () => {
    const own = '<UserStoreManager class="org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager">';
    const { userManagement } = read({
      [files.userManagement]: [[own, `${own}<Property name="dataSource">jdbc/OLD</Property>`]],
    });
    assert.equal(userManagement.dataSource, "jdbc/OLD");
  });

  it("has no HTTP port for API calls without the receiver", () => {
    const edits: Edits = { [files.axis2]: [[/<transportReceiver name="http"[\s\S]*?<\/transportReceiver>/, ""]] };
    assert.equal(read(edits).ports.apiHttp, undefined);
  });

  it("opens the databases that its files name, and no other data source", () => {
    const links = (edits: Edits) =>
      configuredLinks(read(edits, "gateway-manager")).flatMap(({ kind, host }) => (kind === "database" ? [host] : []));
    const other =
      "<datasource><name>OUR_DB</name><jndiConfig><name>jdbc/OUR_DB</name></jndiConfig><definition><configuration><url>jdbc:mysql://stats:3306/x</url><username>u</username></configuration></definition></datasource>";
    assert.deepEqual(links({ [files.dataSources]: [["</datasources>", `${other}</datasources>`]] }), []);
    const carbon: Edits = {
      [files.dataSources]: [[/jdbc:h2:[^<]*WSO2CARBON_DB[^<]*/, "jdbc:mysql://olddb:3306/carbon"]],
    };
    assert.deepEqual(links(carbon), ["olddb"]);
  });

  const isRefused = (what: string, edits: Edits, message: RegExp, profile?: string) =>
    it(`refuses ${what}`, () => {
      assert.throws(() => read(edits, profile), message);
    });
  isRefused("an unknown profile", {}, /-Dprofile=worker: expected one of default, api-key-manager/, "worker");
  isRefused(
    "an offset that is not a number",
    { [files.carbon]: [["<Offset>0", "<Offset>two"]] },
    /Ports\/Offset.*found "two"/,
  );
  isRefused(
    "a JDBC URL of another database product",
    { [files.dataSources]: [[/jdbc:h2:[^<]*/, "jdbc:oracle:thin:@x"]] },
    /WSO2_CARBON_DB: expected jdbc:mysql.*found jdbc:oracle/,
  );
  isRefused(
    "a mount of a missing remoteInstance",
    {
      [files.registry]: [
        ["<indexingConfiguration>", '<mount path="/x"><instanceId>gone</instanceId></mount><indexingConfiguration>'],
      ],
    },
    /mount of \/x names remoteInstance "gone"/,
  );
  isRefused(
    "a cluster without a domain",
    {
      [files.axis2]: [
        [/<parameter name="domain">[^<]*<\/parameter>/, ""],
        ['enable="false"', 'enable="true"'],
      ],
    },
    /axis2.xml: parameter "domain" is missing/,
  );

  it("names a missing file", () => {
    const home = deployment.home("node-1");
    rmSync(join(home, files.registry));
    assert.throws(() => readConfiguration(home, "default", "10.1.2.3"), /repository\/conf\/registry.xml is missing/);
  });

  it("reads cluster members with membershipScheme wka only", () => {
    const edits = wiring.store();
    assert.deepEqual(read(edits).axis2.clustering?.members, [{ host: addresses["publisher.test"], port: 4000 }]);
    const multicast = { ...edits, [files.axis2]: (edits[files.axis2] ?? []).filter(([, to]) => to !== ">wka<") };
    assert.deepEqual(read(multicast).axis2.clustering?.members, []);
  });

  it("has links only for the sections of api-manager.xml that the role acts on", () => {
    const kinds = (profile: string) => [...new Set(configuredLinks(read({}, profile)).map(({ kind }) => kind))];
    assert.deepEqual(kinds("api-key-manager"), ["environment", "revocation"]);
    assert.deepEqual(kinds("gateway-worker"), ["keyValidation", "thrift", "passThrough"]);
  });

  it("reads the product's stock files of 1.9.0", function () {
    const stock = resolve(__dirname, "../../../shared/data/wso2am-1.9.0");
    if (!existsSync(stock)) {
      console.log("      skipped: the product's stock files are missing");
      this.skip();
    }
    const home = mkdtempSync(join(tmpdir(), "standin-stock-"));
    try {
      cpSync(join(stock, "repository"), join(home, "repository"), { recursive: true });
      const { carbon, passThroughApis, errorSequences, dataSources } = readConfiguration(home, "default", "10.1.2.3");
      assert.equal(carbon.version, "1.9.0");
      assert.deepEqual(
        passThroughApis.map(({ context }) => context),
        ["/authorize", "/revoke", "/token"],
      );
      assert.deepEqual(
        errorSequences.map(({ name, status, code }) => [name, status, code]),
        [
          ["_production_key_error_", 403, 900901],
          ["_sandbox_key_error_", 403, 900901],
        ],
      );
      assert.deepEqual(
        dataSources.map(({ jndiName, server }) => [jndiName, server]),
        [
          ["jdbc/WSO2CarbonDB", undefined],
          ["jdbc/WSO2AM_DB", undefined],
        ],
      );
    } finally {
      rmSync(home, { recursive: true });
    }
  });
});
