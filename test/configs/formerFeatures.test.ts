import assert from "node:assert/strict";
import { append, forStandInAnd190, renderEdited, replace } from "./formerSupport";
import { value, values } from "./reader";
import { distributionOf } from "./versionFiles";

describe("configs: what somebody switched on or wrote twice", () => {
  forStandInAnd190((stock) => {
    it("what a setting overrules is reported once, with the setting", () => {
      const { warnings } = renderEdited(stock, {
        "api-manager.xml": (xml) =>
          xml
            .replace(
              /<!--EnableTokenGeneration>false<\/EnableTokenGeneration-->/,
              "<EnableTokenGeneration>true</EnableTokenGeneration>",
            )
            .replace("<KeyValidatorClientType>ThriftClient<", "<KeyValidatorClientType>WSClient<")
            .replace(
              /(<Environment [\s\S]*<\/Environment>)/,
              (one) => `${one}${one.replace("Production and Sandbox", "Second")}`,
            ),
        "axis2.xml": replace(/(<clustering [^>]*)enable="false"/, '$1enable="true"'),
        "user-mgt.xml": replace("<UserName>admin<", "<UserName>root<"),
        "master-datasources.xml": replace("<maxActive>50<", "<maxActive>250<"),
        "carbon.xml": append("<DeploymentSynchronizer><Enabled>true</Enabled></DeploymentSynchronizer>"),
      });
      const lines = warnings.split("\n");
      for (const [element, setting] of [
        ["EnableTokenGeneration", "jwt"],
        ["KeyValidatorClientType", "keyValidatorClient"],
        ["Environments/Environment", "gatewayEnvironments"],
        ["clustering", "gatewayReplicas"],
        ["AdminUser/UserName", "adminUser"],
        ["maxActive", "poolMaxActive"],
        ["DeploymentSynchronizer/Enabled", "deploymentSynchronizer"],
      ] as const) {
        const found = lines.filter((line) => line.includes(`wso2-apim:${setting}`));
        assert.equal(found.length, 1, `${setting}: ${warnings}`);
        assert.ok(found[0]?.includes(element), found[0]);
      }
    });

    it("clustering is switched off on a node that is alone in any notation", () => {
      for (const enable of ['enable="TRUE"', 'enable=" true "', ""]) {
        const { text } = renderEdited(stock, {
          "axis2.xml": replace(/(<clustering [^>]*)enable="false"/, `$1${enable}`),
        });
        assert.equal(value(text("gateway", "axis2.xml"), "clustering/@enable"), "false", enable);
      }
    });

    it("keystores: that of the registry is the one of carbon.xml too", () => {
      const { text } = renderEdited(stock, {
        "carbon.xml": replace(/(<RegistryKeyStore>[\s\S]*?<Password>)wso2carbon/, "$1hidden"),
      });
      assert.doesNotMatch(text("store", "carbon.xml"), /hidden/);
    });

    it("with jwt, a header, dialect or signature of somebody's own is reported with its setting", () => {
      const { warnings } = renderEdited(
        stock,
        {
          "api-manager.xml": (xml) =>
            xml
              .replace("<SecurityContextHeader>X-JWT-Assertion<", "<SecurityContextHeader>X-Mine<")
              .replace(/(?=<TokenGeneratorImpl>)/, "<SignatureAlgorithm>NONE</SignatureAlgorithm>"),
        },
        { jwt: true },
      );
      assert.match(warnings, /"X-Mine" is replaced by "X-JWT-Assertion"; wso2-apim:jwtHeader/);
      assert.match(warnings, /"NONE" is replaced by "SHA256withRSA"; wso2-apim:jwtSignature/);
    });

    it("an environment of another name is reported when it becomes that of the setting", () => {
      const { warnings } = renderEdited(stock, {
        "api-manager.xml": replace(/<Name>Production and Sandbox</, "<Name>Europe<"),
      });
      assert.match(warnings, /"Europe" becomes "Production and Sandbox", hybrid; wso2-apim:gatewayEnvironments/);
    });

    const twice: readonly [path: string, edit: (xml: string) => string, message: RegExp][] = [
      [
        "master-datasources.xml",
        (xml) => xml.replace(/(<datasource>\s*<name>WSO2AM_DB<[\s\S]*?<\/datasource>)/, "$1$1"),
        /datasources-configuration\/datasources\/datasource: is there 2 times, in lines \d+ and \d+; keep one of them/,
      ],
      [
        "registry.xml",
        append('<mount path="/_system/config"/><mount path="/_system/config"/>'),
        /wso2registry\/mount\[@path="\/_system\/config"\]: is there 2 times/,
      ],
      ["carbon.xml", append("<HostName>a</HostName><HostName>b</HostName>"), /Server\/HostName: is there 2 times/],
      ["carbon.xml", (xml) => xml.replace(/(<Ports>[\s\S]*<\/Ports>)/, "$1$1"), /Server\/Ports: is there 2 times/],
      [
        "api-manager.xml",
        (xml) => xml.replace(/(<AuthManager>[\s\S]*<\/AuthManager>)/, "$1$1"),
        /APIManager\/AuthManager: is there 2 times/,
      ],
      [
        "user-mgt.xml",
        (xml) => xml.replace(/(<Property name="dataSource">.*)/, "$1$1"),
        /Property\[@name="dataSource"\]: is there 2 times/,
      ],
      [
        "axis2.xml",
        (xml) => xml.replace(/(<transportReceiver name="https"[\s\S]*?<\/transportReceiver>)/, "$1$1"),
        /transportReceiver\[@name="https"\]: is there 2 times/,
      ],
      [
        "catalina-server.xml",
        (xml) => xml.replace(/(<Connector [^>]*SSLEnabled="true"[^>]*\/>)/, "$1$1"),
        /Server\/Service\/Connector: is there 2 times/,
      ],
    ];
    for (const [path, edit, message] of twice)
      it(`${path}: an element that is there twice is refused: ${message.source.slice(0, 50)}`, () => {
        assert.throws(
          () => renderEdited(stock, { [path]: edit }),
          (error: Error) => error.message.includes(`${path} (1.9.0)`) && message.test(error.message),
        );
      });

    it("all values that cannot be used are reported at once, each once", () => {
      assert.throws(
        () =>
          renderEdited(stock, {
            "carbon.xml": replace("<WebContextRoot>/<", "<WebContextRoot>/apim<"),
            "axis2.xml": replace(/<clustering [\s\S]*<\/clustering>/, ""),
          }),
        (error: Error) => error.message.split("\n").length === 2,
      );
    });

    it("keystores: a connector, receiver or sender with another store gets that of carbon.xml", () => {
      const { text, warnings } = renderEdited(stock, {
        "axis2.xml": (xml) =>
          xml.replace(
            /<Location>repository\/resources\/security\/wso2carbon\.jks<\/Location>\s*<Type>JKS<\/Type>\s*<Password>wso2carbon</,
            "<Location>repository/resources/security/tls.jks</Location><Type>PKCS12</Type><Password>hidden<",
          ),
        "catalina-server.xml": replace(
          'SSLEnabled="true"',
          'SSLEnabled="true" keystoreFile="/etc/ssl/tls.jks" keystorePass="hidden" keyAlias="tls"',
        ),
      });
      const store = "transportReceiver[name=https]/parameter[name=keystore]/KeyStore";
      for (const role of ["gateway", "store"] as const) {
        const axis2 = text(role, "axis2.xml");
        assert.equal(value(axis2, `${store}/Location`), "repository/resources/security/wso2carbon.jks");
        assert.equal(value(axis2, `${store}/Password`), "wso2carbon");
        assert.equal(value(axis2, `${store}/Type`), "JKS");
        const catalina = text(role, "catalina-server.xml");
        const connector = "Service/Connector[SSLEnabled=true]";
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the product's own notation
        const location = "${carbon.home}/repository/resources/security/wso2carbon.jks";
        assert.equal(value(catalina, `${connector}/@keystoreFile`), location);
        assert.equal(value(catalina, `${connector}/@keystorePass`), "wso2carbon");
        assert.equal(value(catalina, `${connector}/@keyAlias`), "wso2carbon");
      }
      assert.match(warnings, /parameter\[@name="keystore"\]\/KeyStore: Location, Type, Password: replaced/);
      assert.match(warnings, /Connector of the HTTPS port: keystoreFile, keystorePass, keyAlias: replaced/);
      assert.doesNotMatch(warnings, /hidden/);
    });

    it("keystores: a connector that names a file gets the password too, since Tomcat's default is another", () => {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the product's own notation
      const file = 'keystoreFile="${carbon.home}/repository/resources/security/wso2carbon.jks"';
      const { text } = renderEdited(stock, {
        "catalina-server.xml": replace('SSLEnabled="true"', `SSLEnabled="true" ${file}`),
      });
      const catalina = text("store", "catalina-server.xml");
      assert.equal(value(catalina, "Service/Connector[SSLEnabled=true]/@keystorePass"), "wso2carbon");
      assert.ok(catalina.includes(file));
    });

    it("secure vault: an alias on an element that is not set is refused, on one that is set it goes", () => {
      const aliased = (text: string, element: string) =>
        text.replace(element, `${element.slice(0, -1)} svns:secretAlias="some.alias">`);
      assert.throws(
        () => renderEdited(stock, { "carbon.xml": (xml) => aliased(xml, "<KeyPassword>") }),
        /^Error: repository\/conf\/carbon\.xml \(1\.9\.0\): Server\/Security\/KeyStore\/KeyPassword: takes its value from the product's vault \(secretAlias\).*write the value itself there/,
      );
      const { text } = renderEdited(stock, {
        "user-mgt.xml": (xml) => aliased(xml, "<Password>"),
      });
      assert.doesNotMatch(text("gateway", "user-mgt.xml"), /secretAlias/);
    });

    it("adminUser with @: refused, unless carbon.xml permits e-mail addresses as user names", () => {
      const settings = { adminUser: "boss@example.com" };
      assert.throws(
        () => renderEdited(stock, {}, settings),
        /carbon\.xml \(1\.9\.0\): Server\/EnableEmailUserName: expected true, since wso2-apim:adminUser is "boss@example\.com"/,
      );
      const { text } = renderEdited(
        stock,
        { "carbon.xml": append("<EnableEmailUserName>true</EnableEmailUserName>") },
        settings,
      );
      assert.equal(value(text("store", "user-mgt.xml"), "Realm/Configuration/AdminUser/UserName"), "boss@example.com");
    });

    it("an entity that no DTD declares is refused with line and column; a declared one stays", () => {
      const entity = (xml: string) => xml.replace("<Offset>", "<Note>a&nbsp;b</Note><Offset>");
      assert.throws(
        () => renderEdited(stock, { "carbon.xml": entity }),
        /carbon\.xml \(1\.9\.0\): is not well-formed XML: line \d+, column \d+: Named entity isn't defined: &nbsp;/,
      );
      const declared = (xml: string) => entity(xml).replace(/(?=<Server )/, '<!DOCTYPE Server [<!ENTITY nbsp "x">]>');
      assert.match(renderEdited(stock, { "carbon.xml": declared }).text("store", "carbon.xml"), /a&nbsp;b/);
    });
  });

  it("analytics up to 1.8: a tracker that was on, in any case, is switched off and reported, with no former address", () => {
    const { text, warnings } = renderEdited(distributionOf("1.8.0"), {
      "api-manager.xml": (xml) =>
        xml
          .replace(/(<APIUsageTracking>\s*)<Enabled>false/, "$1<Enabled>True")
          .replace("tcp://localhost:7612/", "tcp://oldbam:7612/"),
    });
    const tracking = (element: string) => values(text("gateway", "api-manager.xml"), `APIUsageTracking/${element}`);
    assert.deepEqual(tracking("Enabled"), ["false"]);
    assert.deepEqual(tracking("BAMServerURL"), ["tcp://localhost:7612/"]);
    assert.match(warnings, /APIUsageTracking\/Enabled: true is replaced by false; wso2-apim:analytics switches it on/);
  });
});
