import assert from "node:assert/strict";
import { renderNode, stockText } from "../../configs";
import { countChangedLines } from "../../configs/compare";
import type { Distribution } from "../../distribution";
import { type Role, roles } from "../../product/roles";
import { encode } from "../../xml/encoding";
import { parseFile } from "../../xml/parse";
import { value, values } from "./reader";
import { deploymentOf, forEachDistribution, nodeOf, renderedText, withRendered } from "./stock";

const keyManagerServices = "https://keymanager.apim-wso2.com:9443/services/";
const gatewayServices = "https://gateway.apim-wso2.com:9444/services/";
const apimgtUrl =
  "jdbc:mysql://apimgtdb.mysql-wso2.com:3306/apimgtdb?autoReconnect=true&useSSL=false&allowPublicKeyRetrieval=true";
const userUrl =
  "jdbc:mysql://userdb.mysql-wso2.com:3306/userdb?autoReconnect=true&useSSL=false&allowPublicKeyRetrieval=true";
const registryUrl =
  "jdbc:mysql://regdb.mysql-wso2.com:3306/regdb?autoReconnect=true&useSSL=false&allowPublicKeyRetrieval=true";

describe("configs: values of the WSO2 guide in each role's files", () => {
  forEachDistribution((load) => {
    let distribution: Distribution;
    let keyValidation: string;
    before(function () {
      distribution = load(this);
      keyValidation = distribution.version === "1.7.0" ? "APIKeyManager" : "APIKeyValidator";
    });
    const file = (role: Role, path: string, settings = {}) =>
      renderedText(role, path, distribution, deploymentOf(settings));

    it("carbon.xml: port offset of the WSO2 guide's table, host name of the role", () => {
      const found = roles.map((role) => {
        const text = file(role, "carbon.xml");
        return [value(text, "Ports/Offset"), value(text, "HostName"), value(text, "MgtHostName")];
      });
      assert.deepEqual(found, [
        ["0", "keymanager.apim-wso2.com", "keymanager.apim-wso2.com"],
        ["1", "gateway.apim-wso2.com", "gateway.apim-wso2.com"],
        ["2", "publisher.apim-wso2.com", "publisher.apim-wso2.com"],
        ["3", "store.apim-wso2.com", "store.apim-wso2.com"],
      ]);
    });

    it("master-datasources.xml: the databases of the WSO2 guide's table; WSO2_CARBON_DB is in the node's own directory", () => {
      for (const [role, names] of [
        ["keyManager", ["WSO2AM_DB", "WSO2UM_DB"]],
        ["publisher", ["WSO2AM_DB", "WSO2UM_DB", "WSO2REG_DB"]],
        ["store", ["WSO2AM_DB", "WSO2UM_DB", "WSO2REG_DB"]],
      ] as const) {
        const text = file(role, "master-datasources.xml");
        const urls = { WSO2AM_DB: apimgtUrl, WSO2UM_DB: userUrl, WSO2REG_DB: registryUrl };
        for (const name of names) {
          const source = `datasources/datasource[name=${name}]`;
          const settings = `${source}/definition/configuration`;
          assert.equal(value(text, `${source}/jndiConfig/name`), `jdbc/${name}`);
          assert.equal(value(text, `${source}/definition/@type`), "RDBMS");
          assert.equal(value(text, `${settings}/url`), urls[name]);
          const owner = name === "WSO2REG_DB" ? "registry" : role.toLowerCase();
          assert.equal(value(text, `${settings}/username`), `apim_${owner}`);
          assert.equal(value(text, `${settings}/password`), `{{secret:database-${owner}}}`);
          assert.equal(value(text, `${settings}/driverClassName`), "com.mysql.jdbc.Driver");
          assert.equal(value(text, `${settings}/maxActive`), "50");
          assert.equal(value(text, `${settings}/maxWait`), "60000");
          assert.equal(value(text, `${settings}/testOnBorrow`), "true");
          assert.equal(value(text, `${settings}/validationQuery`), "SELECT 1");
          assert.equal(value(text, `${settings}/validationInterval`), "30000");
          assert.deepEqual(values(text, `${settings}/defaultAutoCommit`), name === "WSO2AM_DB" ? ["false"] : []);
        }
        const carbon = "datasources/datasource[name=WSO2_CARBON_DB]/definition/configuration/url";
        const home = nodeOf(deploymentOf(), role).carbonHome;
        assert.ok(value(text, carbon).startsWith(`jdbc:h2:${home}/repository/database/WSO2CARBON_DB;`));
      }
      const gateway = file("gateway", "master-datasources.xml");
      assert.equal(
        gateway.replace("jdbc:h2:/mnt/gateway-1/wso2am/", "jdbc:h2:"),
        stockText("repository/conf/datasources/master-datasources.xml", distribution),
      );
    });

    it("master-datasources.xml, registry.xml and user-mgt.xml: user store and mounts on all roles with multiTenancy", () => {
      for (const role of roles) {
        const text = file(role, "master-datasources.xml", { multiTenancy: true });
        const names = values(text, "datasources/datasource/name");
        for (const name of ["WSO2UM_DB", "WSO2REG_DB"]) assert.ok(names.includes(name), `${role} ${name}`);
        const registry = file(role, "registry.xml", { multiTenancy: true });
        assert.equal(value(registry, "mount[path=/_system/governance]/instanceId"), "gov");
        const users = file(role, "user-mgt.xml", { multiTenancy: true });
        assert.equal(value(users, "Realm/Configuration/Property[name=dataSource]"), "jdbc/WSO2UM_DB");
      }
    });

    it("api-manager.xml: URLs and credentials of the servers that each role calls", () => {
      const expected: Record<Role, Record<string, string>> = {
        keyManager: {
          "APIGateway/Environments/Environment/ServerURL": gatewayServices,
          RevokeAPIURL: "https://gateway.apim-wso2.com:8244/revoke",
          EnableThriftServer: "true",
        },
        gateway: { ServerURL: keyManagerServices, EnableThriftServer: "false" },
        publisher: {
          "AuthManager/ServerURL": keyManagerServices,
          "APIGateway/Environments/Environment/ServerURL": gatewayServices,
          ServerURL: keyManagerServices,
          "APIStore/URL": "https://store.apim-wso2.com:8443/store",
          "APIPublisher/URL": "https://publisher.apim-wso2.com:8443/publisher",
          EnableThriftServer: "false",
        },
        store: {
          "AuthManager/ServerURL": keyManagerServices,
          "APIGateway/Environments/Environment/ServerURL": gatewayServices,
          ServerURL: keyManagerServices,
          RevokeAPIURL: "https://gateway.apim-wso2.com:8244/revoke",
          EnableThriftServer: "false",
        },
      };
      for (const role of roles) {
        const text = file(role, "api-manager.xml");
        assert.equal(value(text, "DataSourceName"), "jdbc/WSO2AM_DB");
        for (const [path, wanted] of Object.entries(expected[role]))
          assert.equal(value(text, path.includes("/") ? path : `${keyValidation}/${path}`), wanted, `${role} ${path}`);
        assert.equal(value(text, `${keyValidation}/KeyValidatorClientType`), "ThriftClient");
        assert.equal(value(text, `${keyValidation}/ThriftClientPort`), "10397");
        assert.equal(value(text, `${keyValidation}/ThriftServerPort`), "10397");
        // The server listens on its own name; the others call the role's.
        const thriftHost = role === "keyManager" ? "keymanager-1.apim-wso2.com" : "keymanager.apim-wso2.com";
        assert.equal(value(text, `${keyValidation}/ThriftServerHost`), thriftHost);
        assert.equal(value(text, `${keyValidation}/TokenEndPointName`), "/oauth2/token");
        for (const place of ["AuthManager", "APIGateway/Environments/Environment", keyValidation]) {
          assert.equal(value(text, `${place}/Username`), "admin");
          assert.equal(value(text, `${place}/Password`), "{{secret:admin-password}}");
        }
      }
      const endpoint = "APIGateway/Environments/Environment/GatewayEndpoint";
      assert.equal(
        value(file("publisher", "api-manager.xml"), endpoint),
        "http://gateway.apim-wso2.com:8280,https://gateway.apim-wso2.com:8243",
      );
    });

    it("api-manager.xml: EnableTokenGeneration only with jwt, and only on Key Managers and Publishers", () => {
      const path = "APIConsumerAuthentication/EnableTokenGeneration";
      const found = roles.map((role) => values(file(role, "api-manager.xml", { jwt: true }), path));
      assert.deepEqual(found, [["true"], [], ["true"], []]);
      for (const role of roles) assert.deepEqual(values(file(role, "api-manager.xml"), path), []);
    });

    it("api-manager.xml: no Thrift server with keyValidatorClient WSClient", () => {
      for (const role of roles) {
        const text = file(role, "api-manager.xml", { keyValidatorClient: "WSClient" });
        assert.equal(value(text, `${keyValidation}/KeyValidatorClientType`), "WSClient");
        assert.equal(value(text, `${keyValidation}/EnableThriftServer`), "false");
      }
    });

    it("user-mgt.xml: administrator and shared user store; regular expressions are not changed", () => {
      for (const role of roles) {
        const text = file(role, "user-mgt.xml", { adminUser: "boss" });
        assert.equal(value(text, "Realm/Configuration/AdminUser/UserName"), "boss");
        assert.equal(value(text, "Realm/Configuration/AdminUser/Password"), "{{secret:admin-password}}");
        assert.equal(
          value(text, "Realm/Configuration/Property[name=dataSource]"),
          role === "gateway" ? "jdbc/WSO2CarbonDB" : "jdbc/WSO2UM_DB",
        );
        const stock = stockText("repository/conf/user-mgt.xml", distribution);
        const expressions = (shown: string) => shown.match(/<Property name="\w*RegEx">.*/g);
        assert.deepEqual(expressions(text), expressions(stock));
      }
    });

    it("registry.xml: Publisher and Store mount the shared registry and keep the local one", () => {
      for (const role of ["publisher", "store"] as const) {
        const text = file(role, "registry.xml");
        assert.equal(value(text, "currentDBConfig"), "wso2registry");
        assert.equal(value(text, "dbConfig[name=wso2registry]/dataSource"), "jdbc/WSO2CarbonDB");
        assert.equal(value(text, "dbConfig[name=govregistry]/dataSource"), "jdbc/WSO2REG_DB");
        assert.equal(value(text, "remoteInstance/@url"), `https://${role}.apim-wso2.com`);
        assert.equal(value(text, "remoteInstance/id"), "gov");
        assert.equal(value(text, "remoteInstance/cacheId"), `apim_registry@${registryUrl}`);
        assert.equal(value(text, "remoteInstance/dbConfig"), "govregistry");
        assert.equal(value(text, "remoteInstance/readOnly"), "false");
        assert.equal(value(text, "remoteInstance/enableCache"), "true");
        assert.equal(value(text, "remoteInstance/registryRoot"), "/");
        for (const path of ["/_system/governance", "/_system/config"]) {
          assert.equal(value(text, `mount[path=${path}]/@overwrite`), "true");
          assert.equal(value(text, `mount[path=${path}]/instanceId`), "gov");
          assert.equal(value(text, `mount[path=${path}]/targetPath`), path);
        }
      }
      for (const role of ["keyManager", "gateway"] as const)
        assert.equal(file(role, "registry.xml"), stockText("repository/conf/registry.xml", distribution));
    });

    it("axis2.xml: Publisher and Store list each other as members; the others are not clustered", () => {
      const parameters = (role: Role) => {
        const text = file(role, "axis2.xml");
        const parameter = (name: string) => value(text, `clustering/parameter[name=${name}]`);
        return [
          value(text, "clustering/@enable"),
          parameter("membershipScheme"),
          parameter("domain"),
          parameter("localMemberHost"),
          parameter("localMemberPort"),
          ...values(text, "clustering/members/member/hostName"),
          ...values(text, "clustering/members/member/port"),
        ];
      };
      const cluster = ["true", "wka", "wso2.pub.store.domain"];
      assert.deepEqual(parameters("publisher"), [...cluster, "172.28.0.61", "4000", "172.28.0.81", "4000"]);
      assert.deepEqual(parameters("store"), [...cluster, "172.28.0.81", "4000", "172.28.0.61", "4000"]);
      assert.equal(file("keyManager", "axis2.xml"), stockText("repository/conf/axis2/axis2.xml", distribution));
      assert.equal(value(file("gateway", "axis2.xml"), "clustering/@enable"), "false");
    });

    it("axis2.xml and catalina-server.xml: the published ports as proxy ports", () => {
      const settings = { httpsPort: 443, gatewayHttpsPort: 8543, gatewayHttpPort: 8580 };
      const gateway = file("gateway", "axis2.xml", settings);
      assert.equal(value(gateway, "transportReceiver[name=https]/parameter[name=proxyPort]"), "8543");
      assert.equal(value(gateway, "transportReceiver[name=http]/parameter[name=proxyPort]"), "8580");
      for (const role of roles) {
        const text = file(role, "catalina-server.xml", settings);
        assert.deepEqual(values(text, "Service/Connector/@proxyPort"), ["", "443"]);
        assert.match(text, / port="9443" proxyPort="443"\n/);
      }
      const publisher = file("publisher", "api-manager.xml", settings);
      assert.equal(value(publisher, "APIStore/URL"), "https://store.apim-wso2.com/store");
    });

    it("synapse APIs: only on the gateway, with the Key Manager's URL", () => {
      for (const [name, path] of [
        ["_TokenAPI_", "token"],
        ["_AuthorizeAPI_", "authorize"],
        ["_RevokeAPI_", "revoke"],
      ] as const) {
        const endpoint = "resource/inSequence/send/endpoint";
        const text = file("gateway", `${name}.xml`);
        assert.deepEqual(
          [...values(text, `${endpoint}/http/@uri-template`), ...values(text, `${endpoint}/address/@uri`)],
          [`https://keymanager.apim-wso2.com:9443/oauth2/${path}`],
        );
        assert.deepEqual(countChangedLines(stockText(synapsePath(name), distribution), text), { added: 1, removed: 1 });
        assert.throws(() => file("store", `${name}.xml`), /no _/);
      }
    });

    it("all files are well-formed in their encoding, and rendering them again changes nothing", () => {
      const deployment = deploymentOf({ jwt: true, multiTenancy: true });
      for (const role of roles) {
        const node = nodeOf(deployment, role);
        const files = renderNode(node, deployment, distribution);
        for (const { path, text, encoding } of files.filter((file) => file.path.endsWith(".xml")))
          assert.equal(parseFile(path, encode(path, text, encoding), "").text, text);
        assert.deepEqual(renderNode(node, deployment, withRendered(distribution, files)), files);
      }
    });

    it("no file has an active URL of localhost", () => {
      for (const role of roles)
        for (const { path, text } of renderNode(nodeOf(deploymentOf(), role), deploymentOf(), distribution)) {
          // Only Key Managers serve identity services.
          if (path.endsWith("/identity.xml") && role !== "keyManager") continue;
          const active = text.replace(/<!--[\s\S]*?-->/g, "");
          const urls = [...active.matchAll(/\b(?:https?|tcp|jdbc:mysql):\/\/(?:localhost|127\.0\.0\.1)[^<"}]*/g)];
          // The analytics server is not part of the deployment, and is switched off.
          const expected = active.includes("<BAMServerURL>") ? ["tcp://localhost:7612/"] : [];
          if (active.includes("<DASServerURL>")) expected.push("tcp://localhost:7612/", "https://localhost:9444");
          assert.deepEqual(
            urls.map(([url]) => url),
            expected,
            path,
          );
        }
    });
  });
});

function synapsePath(name: string): string {
  return `repository/deployment/server/synapse-configs/default/api/${name}.xml`;
}
