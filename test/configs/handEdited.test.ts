import assert from "node:assert/strict";
import { stockText } from "../../configs";
import type { Role } from "../../product/roles";
import { value } from "./reader";
import { changed, renderedText, standInDistribution } from "./stock";

describe("configs: hand-edited files", () => {
  const stock = standInDistribution();
  const edited = (path: string, change: (text: string) => string) =>
    changed(stock, (text, name) => {
      if (!name.endsWith(path)) return text;
      const result = change(text);
      assert.notEqual(result, text, "the edit changes nothing");
      return result;
    });

  it("a correct value keeps its exact notation", () => {
    const distribution = edited("carbon.xml", (text) =>
      text
        .replace("<Offset>0</Offset>", "<Offset  >&#50;<!-- two --></Offset >")
        .replace(
          "<!--HostName>www.example.org</HostName-->",
          "<HostName><![CDATA[publisher.apim-wso2.com]]></HostName>",
        )
        .replace(
          "<!--MgtHostName>mgt.example.org</MgtHostName-->",
          "<MgtHostName>publisher.apim-wso2.com</MgtHostName>",
        ),
    );
    assert.equal(
      renderedText("publisher", "carbon.xml", distribution),
      stockText("repository/conf/carbon.xml", distribution),
    );
  });

  it("a comment inside a value is kept after the new value", () => {
    const distribution = edited("carbon.xml", (text) => text.replace("<Offset>0<", "<Offset><!-- table -->0<"));
    assert.match(renderedText("store", "carbon.xml", distribution), /<Offset>3<!-- table --><\/Offset>/);
  });

  it("empty elements are filled", () => {
    const distribution = edited("user-mgt.xml", (text) =>
      text.replace("<UserName>admin</UserName>", "<UserName/>").replace("<Password>admin</Password>", "<Password />"),
    );
    const text = renderedText("store", "user-mgt.xml", distribution);
    assert.equal(value(text, "Realm/Configuration/AdminUser/UserName"), "admin");
    assert.equal(value(text, "Realm/Configuration/AdminUser/Password"), "{{secret:admin-password}}");
  });

  it("a secure vault alias is replaced by the password", () => {
    const distribution = edited("user-mgt.xml", (text) =>
      text.replace(
        "<Password>admin</Password>",
        '<Password xmlns:svns="urn:x" svns:secretAlias="UserManager.AdminUser.Password">password</Password>',
      ),
    );
    assert.match(
      renderedText("store", "user-mgt.xml", distribution),
      /<Password xmlns:svns="urn:x">\{\{secret:admin-password\}\}<\/Password>/,
    );
  });

  it("single quotes, spaces around = and attributes in any order are kept", () => {
    const distribution = edited("axis2.xml", (text) =>
      text.replace(/<clustering [^>]*>/, "<clustering enable = 'false' class='a &gt; b'>"),
    );
    assert.match(renderedText("store", "axis2.xml", distribution), /<clustering enable = 'true' class='a &gt; b'>/);
  });

  it("namespace prefixes are kept, and added elements get them", () => {
    const distribution = edited("registry.xml", (text) =>
      text
        .replace(/<(\/?)([a-zA-Z])/g, "<$1r:$2")
        .replace("<r:wso2registry>", '<r:wso2registry xmlns:r="urn:registry">'),
    );
    const text = renderedText("store", "registry.xml", distribution);
    assert.match(
      text,
      /<r:dbConfig name="govregistry">\s*<r:dataSource>jdbc\/WSO2REG_DB<\/r:dataSource>\s*<\/r:dbConfig>/,
    );
  });

  it("a file on one line stays on one line", () => {
    const distribution = edited("registry.xml", (text) => text.replace(/\s*\n\s*/g, " "));
    const text = renderedText("store", "registry.xml", distribution);
    assert.ok(!text.includes("\n"));
    assert.equal(value(text, "mount[path=/_system/config]/instanceId"), "gov");
  });

  it("an APIKeyManager element for another vendor's key manager is not changed", () => {
    const distribution = edited("api-manager.xml", (text) =>
      text.replace("<!--APIKeyManager>", "<APIKeyManager>").replace("</APIKeyManager-->", "</APIKeyManager>"),
    );
    const before = stockText("repository/conf/api-manager.xml", distribution);
    const block = /<APIKeyManager>[\s\S]*<\/APIKeyManager>/;
    const text = renderedText("store", "api-manager.xml", distribution);
    assert.equal(block.exec(text)?.[0], block.exec(before)?.[0]);
    assert.equal(value(text, "APIKeyValidator/ServerURL"), "https://keymanager.apim-wso2.com:9443/services/");
  });

  it("data sources are also found by their JNDI name, and missing elements are added in the WSO2 guide's order", () => {
    const distribution = edited("master-datasources.xml", (text) =>
      text
        .replace("<name>WSO2AM_DB</name>", "<name>OUR_AM_DB</name>")
        .replace(/\s*<maxActive>50<\/maxActive>/g, "")
        .replace(/\s*<defaultAutoCommit>false<\/defaultAutoCommit>/g, ""),
    );
    const text = renderedText("store", "master-datasources.xml", distribution);
    const configuration = "datasources/datasource[name=OUR_AM_DB]/definition/configuration";
    assert.equal(value(text, `${configuration}/maxActive`), "50");
    assert.match(text, /<\/password>\n {20}<defaultAutoCommit>false<\/defaultAutoCommit>\n {20}<driverClassName>/);
    assert.match(text, /<\/driverClassName>\n {20}<maxActive>50<\/maxActive>\n {20}<maxWait>/);
  });

  it("a missing DataSourceName is added as the first child", () => {
    const distribution = edited("api-manager.xml", (text) =>
      text.replace(/\s*<DataSourceName>.*<\/DataSourceName>/, ""),
    );
    const text = renderedText("store", "api-manager.xml", distribution);
    assert.match(text, /^<APIManager>\n {4}<DataSourceName>jdbc\/WSO2AM_DB<\/DataSourceName>\n/);
  });

  it("an incomplete shared registry is completed in the WSO2 guide's order", () => {
    const mount = `<mount path="/_system/config" overwrite="virtual">
        <instanceId>other</instanceId>
        <targetPath>/_system/config</targetPath>
    </mount>`;
    const database = '<dbConfig name="govregistry"><dataSource>jdbc/OTHER</dataSource></dbConfig>';
    const orders: [added: string, order: readonly string[]][] = [
      [mount, ["govregistry", "remoteInstance", "/_system/governance", "/_system/config"]],
      [database, ["govregistry", "remoteInstance", "/_system/governance", "/_system/config"]],
    ];
    for (const [added, order] of orders) {
      const distribution = edited("registry.xml", (text) =>
        text.replace("</wso2registry>", `    ${added}\n</wso2registry>`),
      );
      const text = renderedText("store", "registry.xml", distribution);
      assert.equal(value(text, "dbConfig[name=govregistry]/dataSource"), "jdbc/WSO2REG_DB");
      assert.equal(value(text, "mount[path=/_system/config]/@overwrite"), "true");
      assert.equal(value(text, "mount[path=/_system/config]/instanceId"), "gov");
      assert.equal(value(text, "mount[path=/_system/governance]/instanceId"), "gov");
      const found = [
        ...text.matchAll(/<(?:dbConfig name="(govregistry)"|(remoteInstance) |mount path="([^"]*)" overwrite="true")/g),
      ];
      assert.deepEqual(
        found.filter(([, ...names]) => names.some(Boolean)).map(([, ...names]) => names.find(Boolean)),
        order,
      );
    }
  });

  it("characters outside the Basic Multilingual Plane do not shift edits", () => {
    const distribution = changed(stock, (text, path) =>
      path.endsWith("api-manager.xml")
        ? Buffer.from(text.replace(/\s*<DataSourceName>.*\s*/, "<!-- \u{1f511} -->").trimEnd(), "utf8").toString(
            "latin1",
          )
        : text,
    );
    const before = stockText("repository/conf/api-manager.xml", distribution);
    assert.ok(before.endsWith("</APIManager>"));
    const text = renderedText("store", "api-manager.xml", distribution);
    assert.equal(value(text, "DataSourceName"), "jdbc/WSO2AM_DB");
    assert.equal(value(text, "APIKeyValidator/ServerURL"), "https://keymanager.apim-wso2.com:9443/services/");
    assert.ok(text.includes("<!-- \u{1f511} -->") && text.endsWith("</APIManager>"));
  });

  it("clustering that was enabled by hand is disabled on a node without a cluster", () => {
    const distribution = edited("axis2.xml", (text) => text.replace('enable="false">', 'enable="true">'));
    assert.equal(value(renderedText("keyManager", "axis2.xml", distribution), "clustering/@enable"), "false");
  });

  it("EnableTokenGeneration that was enabled by hand follows the setting", () => {
    const distribution = edited("api-manager.xml", (text) =>
      text.replace(
        "<!--EnableTokenGeneration>false</EnableTokenGeneration-->",
        "<EnableTokenGeneration>true</EnableTokenGeneration>",
      ),
    );
    const path = "APIConsumerAuthentication/EnableTokenGeneration";
    assert.equal(value(renderedText("publisher", "api-manager.xml", distribution), path), "false");
  });

  const needed: readonly [role: Role, path: string, what: RegExp, message: RegExp][] = [
    ["store", "carbon.xml", /<Offset>0<\/Offset>/, /Server\/Ports\/Offset/],
    ["store", "carbon.xml", /<Ports>[\s\S]*<\/Ports>/, /Server\/Ports/],
    ["store", "api-manager.xml", /<AuthManager>[\s\S]*<\/AuthManager>/, /APIManager\/AuthManager/],
    ["store", "api-manager.xml", /<APIKeyValidator>[\s\S]*<\/APIKeyValidator>/, /found no APIManager\/APIKeyValidator/],
    ["store", "api-manager.xml", /<RevokeAPIURL>.*<\/RevokeAPIURL>/, /APIManager\/APIKeyValidator\/RevokeAPIURL/],
    [
      "store",
      "api-manager.xml",
      /<Environment [\s\S]*<\/Environment>/,
      /APIManager\/APIGateway\/Environments\/Environment/,
    ],
    ["publisher", "api-manager.xml", /<URL>.*\/store<\/URL>/, /APIManager\/APIStore\/URL/],
    ["store", "user-mgt.xml", /<AdminUser>[\s\S]*<\/AdminUser>/, /UserManager\/Realm\/Configuration\/AdminUser/],
    ["store", "registry.xml", /<dbConfig [\s\S]*?<\/dbConfig>/, /wso2registry\/dbConfig\[@name="wso2registry"\]/],
    ["store", "axis2.xml", /<clustering [\s\S]*<\/clustering>/, /axisconfig\/clustering/],
    [
      "gateway",
      "axis2.xml",
      /<transportReceiver name="https"[\s\S]*?<\/transportReceiver>/,
      /transportReceiver\[@name="https"\]/,
    ],
    ["store", "catalina-server.xml", /scheme="https"[\s\S]*SSLEnabled="true"/, /Server\/Service\/Connector/],
    ["store", "master-datasources.xml", /(?<=<name>.*)WSO2AM_DB(?=<\/name>)/g, /datasource WSO2AM_DB/],
    [
      "store",
      "master-datasources.xml",
      /<url>jdbc:h2:repository\/database\/WSO2AM_DB.*<\/url>/,
      /definition\/configuration\/url/,
    ],
    ["gateway", "_TokenAPI_.xml", /<http [\s\S]*<\/http>/, /@uri-template that ends in "\/oauth2\/token"/],
  ];
  for (const [role, path, what, message] of needed)
    it(`${path} without ${what.source.slice(0, 40)} is an error that names file, place and version`, () => {
      const distribution = edited(path, (text) => text.replace(what, ""));
      assert.throws(
        () => renderedText(role, path, distribution),
        (error: Error) =>
          error.message.includes(path) && error.message.includes("(1.9.0)") && message.test(error.message),
      );
    });

  it("a file that is not well-formed is an error with the line number", () => {
    const distribution = edited("registry.xml", (text) => text.replace("</dbConfig>", ""));
    assert.throws(
      () => renderedText("store", "registry.xml", distribution),
      /registry\.xml \(1\.9\.0\): is not well-formed XML: line \d+/,
    );
  });
});
