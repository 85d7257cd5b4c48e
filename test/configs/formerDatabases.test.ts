import assert from "node:assert/strict";
import { append, forStandInAnd190, renderEdited, replace } from "./formerSupport";
import { value, values } from "./reader";
import { deploymentOf, nodeOf } from "./stock";

const url = (name: string) => `jdbc:mysql://olddb:3306/${name}?user=root&amp;password=hidden`;

/** A data source as the WSO2 guide has it, on another server. */
const dataSource = (name: string, jndiName = `jdbc/${name}`) => `
        <datasource>
            <name>${name}</name>
            <jndiConfig><name>${jndiName}</name></jndiConfig>
            <definition type="RDBMS"><configuration>
                <url>${url(name)}</url><username>root</username><password>secret</password>
                <driverClassName>com.mysql.jdbc.Driver</driverClassName>
            </configuration></definition>
        </datasource>`;

/** Moves a stock data source to a MySQL server. */
const onMySql = (file: string) =>
  replace(new RegExp(`<url>jdbc:h2:repository/database/${file};[^<]*</url>`), `<url>${url(file)}</url>`);
const withDataSources = (...names: string[]) =>
  replace(/(?=\s*<\/datasources>)/, names.map((name) => dataSource(name)).join(""));

const formerRegistry = `
    <dbConfig name="govregistry"><dataSource>jdbc/WSO2REG_DB</dataSource></dbConfig>
    <remoteInstance url="https://old.example.com:9443/registry">
        <id>gov</id><cacheId>root@jdbc:mysql://olddb:3306/regdb</cacheId><dbConfig>govregistry</dbConfig>
        <readOnly>false</readOnly><enableCache>true</enableCache><registryRoot>/</registryRoot>
    </remoteInstance>
    <mount path="/_system/governance" overwrite="true"><instanceId>gov</instanceId><targetPath>/_system/governance</targetPath></mount>
    <mount path="/_system/config" overwrite="true"><instanceId>gov</instanceId><targetPath>/_system/config</targetPath></mount>`;

describe("configs: databases of a former deployment", () => {
  forStandInAnd190((stock) => {
    it("registry.xml: without the shared database, no mount, instance or database of another one stays", () => {
      const { text, warnings } = renderEdited(stock, { "registry.xml": append(formerRegistry) });
      for (const role of ["gateway", "keyManager"] as const) {
        const registry = text(role, "registry.xml");
        assert.deepEqual(values(registry, "mount"), []);
        assert.deepEqual(values(registry, "remoteInstance"), []);
        assert.deepEqual(values(registry, "dbConfig/@name"), ["wso2registry"]);
      }
      assert.equal(value(text("store", "registry.xml"), "remoteInstance/@url"), "https://store.apim-wso2.com");
      assert.match(
        warnings,
        /registry\.xml \(1\.9\.0\): wso2registry\/mount\[@path="\/_system\/config"\]: removed \(instance gov\).* \(keymanager-1, gateway-1\)/,
      );
    });

    it("registry.xml: mounts and instances under other names and paths do not stay on any node", () => {
      const others = formerRegistry.replaceAll("gov", "shared").replaceAll("/_system/sharedernance", "/_system/nodes");
      const { text } = renderEdited(stock, { "registry.xml": append(others) });
      for (const role of ["gateway", "keyManager", "publisher", "store"] as const)
        assert.doesNotMatch(text(role, "registry.xml").replace(/<!--[\s\S]*?-->/g, ""), /shared|olddb|_system\/nodes/);
      assert.deepEqual(values(text("publisher", "registry.xml"), "mount/@path"), [
        "/_system/governance",
        "/_system/config",
      ]);
    });

    it("registry.xml: the node's own registry is local, also if it was moved to a shared database", () => {
      const { text } = renderEdited(stock, {
        "registry.xml": (xml) =>
          xml
            .replace("<dataSource>jdbc/WSO2CarbonDB<", "<dataSource>jdbc/WSO2REG_DB<")
            .replace("<readOnly>false", "<readOnly>true")
            .replace("<currentDBConfig>wso2registry", "<currentDBConfig>shared"),
      });
      for (const role of ["gateway", "store"] as const) {
        const registry = text(role, "registry.xml");
        assert.equal(value(registry, "dbConfig[name=wso2registry]/dataSource"), "jdbc/WSO2CarbonDB");
        assert.equal(value(registry, "currentDBConfig"), "wso2registry");
        assert.equal(value(registry, "readOnly"), "false");
      }
    });

    it("registry.xml: a database that is configured in place gets the data source", () => {
      const { text, warnings } = renderEdited(stock, {
        "registry.xml": replace(
          "<dataSource>jdbc/WSO2CarbonDB</dataSource>",
          "<url>jdbc:mysql://olddb:3306/regdb</url><userName>root</userName><password>secret</password>",
        ),
      });
      assert.equal(
        value(text("gateway", "registry.xml"), "dbConfig[name=wso2registry]/dataSource"),
        "jdbc/WSO2CarbonDB",
      );
      assert.deepEqual(values(text("gateway", "registry.xml"), "dbConfig/url"), []);
      assert.match(warnings, /wso2registry\/dbConfig\/userName: removed/);
    });

    it("user-mgt.xml: nodes that do not use the shared user database have their own", () => {
      const { text } = renderEdited(stock, {
        "user-mgt.xml": replace(
          '<Property name="dataSource">jdbc/WSO2CarbonDB<',
          '<Property name="dataSource">jdbc/WSO2UM_DB<',
        ),
      });
      const path = "Realm/Configuration/Property[name=dataSource]";
      assert.equal(value(text("gateway", "user-mgt.xml"), path), "jdbc/WSO2CarbonDB");
      assert.equal(value(text("store", "user-mgt.xml"), path), "jdbc/WSO2UM_DB");
    });

    it("user-mgt.xml: a database of the user store's own, or of the realm's own, does not stay", () => {
      const { text, warnings } = renderEdited(stock, {
        "user-mgt.xml": (xml) =>
          xml
            .replace(
              /(<UserStoreManager class="org\.wso2\.carbon\.user\.core\.jdbc\.JDBCUserStoreManager">)/,
              '$1<Property name="dataSource">jdbc/OLD</Property><Property name="url">jdbc:mysql://olddb/um</Property><Property name="password">hidden</Property>',
            )
            .replace(
              /(?=<Property name="dataSource">jdbc\/WSO2CarbonDB)/,
              '<Property name="url">jdbc:mysql://olddb/um</Property>',
            ),
      });
      for (const role of ["gateway", "store"] as const) {
        assert.deepEqual(values(text(role, "user-mgt.xml"), "Realm/UserStoreManager/Property[name=dataSource]"), []);
        assert.doesNotMatch(text(role, "user-mgt.xml"), /olddb|hidden/);
      }
      assert.match(warnings, /UserManager\/Realm\/UserStoreManager\/Property\[@name="dataSource"\]: removed/);
      assert.doesNotMatch(warnings, /hidden/);
    });

    it("user-mgt.xml: a user store of another kind stays, and is reported", () => {
      const { text, warnings } = renderEdited(stock, {
        "user-mgt.xml": replace("org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager", "org.example.LdapUserStore"),
      });
      assert.match(text("gateway", "user-mgt.xml"), /<UserStoreManager class="org\.example\.LdapUserStore">/);
      assert.match(warnings, /UserStoreManager: org\.example\.LdapUserStore stays; all nodes look up users there/);
    });

    it("user-mgt.xml: the administrator is created, also if somebody had switched that off", () => {
      const { text } = renderEdited(stock, { "user-mgt.xml": replace("<AddAdmin>true<", "<AddAdmin>false<") });
      assert.equal(value(text("store", "user-mgt.xml"), "Realm/Configuration/AddAdmin"), "true");
    });

    it("master-datasources.xml: databases that a node does not use are local again, or are gone", () => {
      const { text, warnings } = renderEdited(stock, {
        "master-datasources.xml": (xml) => withDataSources("WSO2UM_DB", "WSO2REG_DB")(onMySql("WSO2AM_DB")(xml)),
      });
      const gateway = text("gateway", "master-datasources.xml");
      assert.doesNotMatch(gateway, /olddb|WSO2UM_DB|WSO2REG_DB/);
      const configuration = "datasources/datasource[name=WSO2AM_DB]/definition/configuration";
      assert.equal(
        value(gateway, `${configuration}/url`),
        "jdbc:h2:repository/database/WSO2AM_DB;DB_CLOSE_ON_EXIT=FALSE",
      );
      assert.equal(value(gateway, `${configuration}/driverClassName`), "org.h2.Driver");
      assert.doesNotMatch(text("keyManager", "master-datasources.xml"), /olddb|WSO2REG_DB/);
      assert.doesNotMatch(text("store", "master-datasources.xml"), /olddb/);
      assert.match(warnings, /datasource WSO2AM_DB: jdbc:mysql:\/\/olddb:3306\/WSO2AM_DB is replaced .*\(gateway-1\)/);
      assert.match(warnings, /datasource WSO2REG_DB: removed .*\(keymanager-1, gateway-1\)/);
      assert.doesNotMatch(warnings, /hidden/);
    });

    it("master-datasources.xml: WSO2_CARBON_DB is local on every node", () => {
      const { text, warnings } = renderEdited(stock, { "master-datasources.xml": onMySql("WSO2CARBON_DB") });
      assert.match(
        warnings,
        /datasource WSO2_CARBON_DB: jdbc:mysql:\S+ is replaced by the product's own database, in the directory of the node/,
      );
      for (const role of ["keyManager", "gateway", "publisher", "store"] as const)
        assert.equal(
          value(
            text(role, "master-datasources.xml"),
            "datasources/datasource[name=WSO2_CARBON_DB]/definition/configuration/url",
          ),
          `jdbc:h2:${nodeOf(deploymentOf(), role).carbonHome}/repository/database/WSO2CARBON_DB;DB_CLOSE_ON_EXIT=FALSE`,
        );
    });

    it("master-datasources.xml: a local URL of the user's own keeps file and options, in the node's own directory", () => {
      const read = (url: string) =>
        value(
          renderEdited(stock, {
            "master-datasources.xml": replace(/jdbc:h2:repository\/database\/WSO2CARBON_DB[^<]*/, url),
          }).text("store", "master-datasources.xml"),
          "datasources/datasource[name=WSO2_CARBON_DB]/definition/configuration/url",
        );
      const home = "/mnt/store-1/wso2am";
      assert.equal(
        read("jdbc:h2:./repository/database/OURS;LOCK_TIMEOUT=9"),
        `jdbc:h2:${home}/repository/database/OURS;LOCK_TIMEOUT=9`,
      );
      assert.equal(
        read("jdbc:h2:/mnt/gateway-1/wso2am/x"),
        `jdbc:h2:${home}/repository/database/WSO2CARBON_DB;DB_CLOSE_ON_EXIT=FALSE`,
      );
    });

    it("master-datasources.xml: elements that choose another database than url does are removed", () => {
      const { text, warnings } = renderEdited(stock, {
        "master-datasources.xml": replace(
          /(?=<defaultAutoCommit>false<)/,
          "<defaultCatalog>old</defaultCatalog><dataSourceClassName>com.mysql.jdbc.jdbc2.optional.MysqlXADataSource</dataSourceClassName>",
        ),
      });
      assert.doesNotMatch(
        text("store", "master-datasources.xml").replace(/<!--[\s\S]*?-->/g, ""),
        /defaultCatalog|dataSourceClassName/,
      );
      assert.match(warnings, /datasource WSO2AM_DB\/definition\/configuration\/defaultCatalog: removed/);
    });

    it("master-datasources.xml: a path of a former machine, another driver and former credentials do not stay", () => {
      const { text, warnings } = renderEdited(stock, {
        "master-datasources.xml": (xml) =>
          xml
            .replace("jdbc:h2:repository/database/WSO2AM_DB", "jdbc:h2:/opt/old/WSO2AM_DB")
            .replace("org.h2.Driver", "com.mysql.jdbc.Driver")
            .replace(
              "<defaultAutoCommit>false<",
              "<connectionProperties>password=hidden</connectionProperties><defaultAutoCommit>false<",
            )
            .replace(
              "<name>jdbc/WSO2AM_DB</name>",
              "<name>jdbc/WSO2AM_DB</name><environment><property name='java.naming.provider.url'>rmi://old:1099</property></environment>",
            ),
      });
      const gateway = text("gateway", "master-datasources.xml").replace(/<!--[\s\S]*?-->/g, "");
      assert.doesNotMatch(gateway, /\/opt\/old|mysql|hidden|rmi:/);
      assert.match(warnings, /datasource WSO2AM_DB: jdbc:h2:\/opt\/old\/WSO2AM_DB is replaced/);
      assert.doesNotMatch(warnings, /hidden/);
    });

    it("master-datasources.xml: a definition that an entity hides is found", () => {
      const hidden = dataSource("WSO2AM_DB").replaceAll("WSO2AM_DB<", "&n;<");
      const edit = (declaration: string) => ({
        "master-datasources.xml": (xml: string) =>
          xml.replace(/^/, `<!DOCTYPE x [${declaration}]>`).replace(/(?=\s*<\/datasources>)/, hidden),
      });
      assert.throws(() => renderEdited(stock, edit('<!ENTITY n "WSO2AM_DB">')), /datasource: is there 2 times/);
      assert.throws(
        () => renderEdited(stock, edit('<!ENTITY n SYSTEM "old.xml">')),
        /the entity &n; is external or holds markup; write its content into the file/,
      );
    });

    it("master-datasources.xml: a data source has the name by which the other files call it", () => {
      const { text } = renderEdited(stock, {
        "master-datasources.xml": replace("<name>jdbc/WSO2AM_DB</name>", "<name>jdbc/OURS</name>"),
      });
      assert.equal(
        value(text("gateway", "master-datasources.xml"), "datasources/datasource[name=WSO2AM_DB]/jndiConfig/name"),
        "jdbc/WSO2AM_DB",
      );
    });

    it("master-datasources.xml: other data sources stay", () => {
      const { text, warnings } = renderEdited(stock, { "master-datasources.xml": withDataSources("OUR_STATS") });
      for (const role of ["gateway", "store"] as const)
        assert.match(text(role, "master-datasources.xml"), /olddb:3306\/OUR_STATS/);
      assert.equal(warnings, "");
    });

    it("identity.xml: tokens are in the deployment's database", () => {
      const name =
        "<JDBCPersistenceManager><DataSource><Name>jdbc/WSO2UM_DB</Name></DataSource></JDBCPersistenceManager>";
      const { text } = renderEdited(stock, {
        "identity.xml": (xml) =>
          xml.includes("<Name>jdbc/WSO2AM_DB<")
            ? xml.replace("<Name>jdbc/WSO2AM_DB<", "<Name>jdbc/WSO2UM_DB<")
            : append(name)(xml),
      });
      for (const role of ["keyManager", "gateway"] as const)
        assert.equal(value(text(role, "identity.xml"), "JDBCPersistenceManager/DataSource/Name"), "jdbc/WSO2AM_DB");
    });

    it("the stock files give no warning", () => {
      assert.equal(renderEdited(stock, {}).warnings, "");
    });
  });
});
