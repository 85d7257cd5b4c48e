import assert from "node:assert/strict";
import { append, forStandInAnd190, renderEdited, replace } from "./formerSupport";
import { value, values } from "./reader";
import { distributionOf } from "./versionFiles";

const roles = ["keyManager", "gateway", "publisher", "store"] as const;

describe("configs: addresses of a former deployment", () => {
  forStandInAnd190((stock) => {
    it("api-manager.xml: an address that a node does not use is the product's own again", () => {
      const { text } = renderEdited(stock, {
        "api-manager.xml": (xml) =>
          xml
            // biome-ignore lint/suspicious/noTemplateCurlyInString: the product's own notation
            .replaceAll("https://${carbon.local.ip}:${mgt.transport.https.port}", "https://old.example.com:9443")
            .replaceAll(/https?:\/\/\$\{carbon\.local\.ip\}:\$\{https?\.nio\.port\}/g, "https://old.example.com:8243"),
      });
      for (const role of roles)
        assert.doesNotMatch(text(role, "api-manager.xml").replace(/<!--[\s\S]*?-->/g, ""), /old\.example\.com/, role);
      const gateway = text("gateway", "api-manager.xml");
      assert.match(value(gateway, "AuthManager/ServerURL"), /^https:\/\/\$\{carbon\.local\.ip\}:/);
      assert.match(
        value(gateway, "APIGateway/Environments/Environment/ServerURL"),
        /^https:\/\/\$\{carbon\.local\.ip\}:/,
      );
      assert.match(value(gateway, "APIKeyValidator/RevokeAPIURL"), /^https:\/\/\$\{carbon\.local\.ip\}:.*\/revoke$/);
      assert.match(value(text("keyManager", "api-manager.xml"), "APIStore/URL"), /\$\{carbon\.local\.ip\}:.*\/store$/);
    });

    const client = (implementation: string) =>
      append(`<APIKeyManager>
        <KeyManagerClientImpl>${implementation}</KeyManagerClientImpl>
        <Configuration>
            <ServerURL>https://old.example.com:9443/services/</ServerURL>
            <Username>former</Username><Password>hidden</Password>
            <TokenURL>https://old.example.com:8243/token</TokenURL>
            <RevokeURL>https://old.example.com:8243/revoke</RevokeURL>
        </Configuration>
    </APIKeyManager>`);

    it("api-manager.xml: the product's own client of the Key Manager is that of this deployment", () => {
      const { text } = renderEdited(stock, {
        "api-manager.xml": client("org.wso2.carbon.apimgt.keymgt.AMDefaultKeyManagerImpl"),
      });
      const read = (role: (typeof roles)[number], child: string) =>
        value(text(role, "api-manager.xml"), `APIKeyManager/Configuration/${child}`);
      assert.equal(read("store", "ServerURL"), "https://keymanager.apim-wso2.com:9443/services/");
      assert.equal(read("store", "TokenURL"), "https://gateway.apim-wso2.com:8244/token");
      assert.equal(read("publisher", "RevokeURL"), "https://gateway.apim-wso2.com:8244/revoke");
      assert.equal(read("gateway", "ServerURL"), "https://keymanager.apim-wso2.com:9443/services/");
      assert.match(read("keyManager", "ServerURL"), /^https:\/\/\$\{carbon\.local\.ip\}:/);
      for (const role of roles) {
        assert.equal(read(role, "Username"), "admin");
        assert.doesNotMatch(text(role, "api-manager.xml"), /old\.example\.com|hidden/);
      }
    });

    it("api-manager.xml: the client of another vendor's key manager stays", () => {
      const { text } = renderEdited(stock, { "api-manager.xml": client("org.example.OtherKeyManager") });
      assert.equal(
        value(text("store", "api-manager.xml"), "APIKeyManager/Configuration/ServerURL"),
        "https://old.example.com:9443/services/",
      );
    });

    it("api-manager.xml: the file of a version before 1.9 is refused", () => {
      assert.throws(
        () => renderEdited(stock, { "api-manager.xml": replace(/APIKeyValidator>/g, "APIKeyManager>") }),
        /api-manager\.xml \(1\.9\.0\): APIManager\/APIKeyManager\/KeyValidatorClientType: this is the api-manager\.xml of a version before 1\.9, which 1\.9\.0 does not read; expected APIManager\/APIKeyValidator\/.*take the file from the pack of 1\.9\.0/,
      );
    });

    it("carbon.xml: paths that become a part of every URL are refused", () => {
      const root = () => renderEdited(stock, { "carbon.xml": replace("<WebContextRoot>/<", "<WebContextRoot>/apim<") });
      assert.throws(
        root,
        /carbon\.xml \(1\.9\.0\): Server\/WebContextRoot: expected "\/", .*found "\/apim"; put "\/" there/,
      );
      const proxy = () =>
        renderEdited(stock, { "carbon.xml": append("    <ProxyContextPath>/apim</ProxyContextPath>") });
      assert.throws(proxy, /Server\/ProxyContextPath: expected "\/"/);
    });

    it("carbon.xml: host names and an offset of somebody's own are replaced, and reported", () => {
      const { text, warnings } = renderEdited(stock, {
        "carbon.xml": (xml) =>
          xml
            .replace(/<!--HostName>[^<]*<\/HostName-->/, "<HostName>old.example.com</HostName>")
            .replace("<Offset>0<", "<Offset>7<")
            .replace(/<ServerURL>local:[^<]*</, "<ServerURL>https://old.example.com:9443/services/<"),
      });
      assert.equal(value(text("store", "carbon.xml"), "HostName"), "store.apim-wso2.com");
      assert.match(value(text("store", "carbon.xml"), "ServerURL"), /^local:/);
      assert.match(warnings, /Server\/HostName: "old\.example\.com" is replaced; wso2-apim:keyManagerHost/);
      assert.match(warnings, /Server\/Ports\/Offset: "7" is replaced; wso2-apim:portOffsets/);
      assert.match(warnings, /Server\/ServerURL: "https:\/\/old\.example\.com:9443\/services\/" is replaced/);
    });

    it("catalina-server.xml: ports are the product's, and names and addresses of a former machine are removed", () => {
      const { text, warnings } = renderEdited(stock, {
        "catalina-server.xml": (xml) =>
          xml
            .replace('port="9443"', 'port="443" proxyName="old.example.com" address="10.0.0.7"')
            .replace('port="9763"', 'port="80" proxyPort="80" proxyName="old.example.com"'),
      });
      const catalina = text("store", "catalina-server.xml");
      assert.deepEqual(values(catalina, "Service/Connector/@port"), ["9763", "9443"]);
      assert.deepEqual(values(catalina, "Service/Connector[SSLEnabled=true]/@proxyPort"), ["8443"]);
      assert.doesNotMatch(catalina.replace(/<!--[\s\S]*?-->/g, ""), /proxyName|address=|proxyPort="80"/);
      assert.match(warnings, /Connector of the HTTPS port: proxyName "old\.example\.com" is removed/);
      assert.match(warnings, /Connector of the HTTPS port: port "443" is replaced by 9443/);
    });

    it("axis2.xml: ports are the product's, and addresses of a former front are removed", () => {
      const front =
        '<parameter name="bind-address" locked="false">10.0.0.7</parameter><parameter name="WSDLEPRPrefix" locked="false">https://old.example.com:8243</parameter>';
      const { text, warnings } = renderEdited(stock, {
        "axis2.xml": (xml) =>
          xml.replace(
            /<parameter name="port" locked="false">8243</,
            `${front}<parameter name="port" locked="false">443<`,
          ),
      });
      const https = "transportReceiver[name=https]/parameter";
      for (const role of roles) {
        const axis2 = text(role, "axis2.xml");
        assert.equal(value(axis2, `${https}[name=port]`), "8243");
        assert.deepEqual(values(axis2, `${https}[name=bind-address]`), []);
        assert.deepEqual(values(axis2, `${https}[name=WSDLEPRPrefix]`), []);
      }
      assert.match(warnings, /parameter\[@name="WSDLEPRPrefix"\]: "https:\/\/old\.example\.com:8243" is removed/);
      assert.match(warnings, /parameter\[@name="port"\]: "443" is replaced by 8243/);
    });

    it("axis2.xml: proxyPort stays on gateways only, and bind addresses of a former cluster are removed", () => {
      const { text } = renderEdited(stock, {
        "axis2.xml": (xml) =>
          xml
            .replace(
              /(<parameter name="port" locked="false">8243<\/parameter>)/,
              '$1<parameter name="proxyPort">443</parameter>',
            )
            .replace(
              /(<parameter name="localMemberHost">)/,
              '<parameter name="localMemberBindAddress">10.0.0.7</parameter>$1',
            ),
      });
      const proxy = "transportReceiver[name=https]/parameter[name=proxyPort]";
      assert.equal(value(text("gateway", "axis2.xml"), proxy), "8243");
      assert.deepEqual(values(text("store", "axis2.xml"), proxy), []);
      assert.deepEqual(values(text("store", "axis2.xml"), "clustering/parameter[name=localMemberBindAddress]"), []);
    });

    it("axis2.xml: <members/>, and a gateway without an HTTP receiver, are legitimate", () => {
      const { text } = renderEdited(stock, {
        "axis2.xml": (xml) =>
          xml
            .replace(/<members>[\s\S]*?<\/members>/, "<members/>")
            .replace(/<transportReceiver name="http"[\s\S]*?<\/transportReceiver>/, ""),
      });
      assert.deepEqual(values(text("store", "axis2.xml"), "clustering/members/member/hostName"), ["172.28.0.61"]);
      assert.deepEqual(values(text("gateway", "axis2.xml"), "transportReceiver[name=http]"), []);
      assert.equal(
        value(text("publisher", "api-manager.xml"), "APIGateway/Environments/Environment/GatewayEndpoint"),
        "https://gateway.apim-wso2.com:8243",
      );
    });

    it("axis2.xml: a clustering without members, as for multicast, gets them", () => {
      const { text } = renderEdited(stock, { "axis2.xml": replace(/<members>[\s\S]*?<\/members>/, "") });
      assert.deepEqual(values(text("store", "axis2.xml"), "clustering/members/member/hostName"), ["172.28.0.61"]);
    });

    it("identity.xml: URLs of a former host or port become those of the Key Manager, and local on other nodes", () => {
      const issuer =
        "<OAuth><OpenIDConnect><IDTokenIssuerID>https://old.example.com:9444/oauth2/token</IDTokenIssuerID></OpenIDConnect></OAuth>";
      const server = "<OpenIDServerUrl>https://localhost:9444/openidserver</OpenIDServerUrl>";
      const { text } = renderEdited(stock, {
        "identity.xml": () => `<Server>${server}${issuer}</Server>`,
      });
      const read = (role: "keyManager" | "store") => {
        const identity = text(role, "identity.xml");
        return [value(identity, "OpenIDServerUrl"), value(identity, "OAuth/OpenIDConnect/IDTokenIssuerID")];
      };
      const known = "https://keymanager.apim-wso2.com:8443";
      assert.deepEqual(read("keyManager"), [`${known}/openidserver`, `${known}/oauth2/token`]);
      assert.deepEqual(read("store"), ["https://localhost:9444/openidserver", "https://localhost:9443/oauth2/token"]);
    });

    it("identity.xml: an issuer without a path is replaced; one that is no URL stays, and is reported", () => {
      const issuer = (text: string) => ({
        "identity.xml": () =>
          `<Server><OAuth><OpenIDConnect><IDTokenIssuerID>${text}</IDTokenIssuerID></OpenIDConnect></OAuth></Server>`,
      });
      const { text } = renderEdited(stock, issuer("HTTPS://old.example.com"));
      assert.equal(
        value(text("keyManager", "identity.xml"), "OAuth/OpenIDConnect/IDTokenIssuerID"),
        "https://keymanager.apim-wso2.com:8443",
      );
      assert.match(renderEdited(stock, issuer("acme")).warnings, /IDTokenIssuerID: "acme" stays/);
    });

    it("a host that only begins with localhost is another host", () => {
      const { text } = renderEdited(stock, {
        "api-manager.xml": replace(
          /(<AuthManager>\s*(?:<!--[\s\S]*?-->\s*)*<ServerURL>)[^<]*/,
          "$1https://localhost.old.example.com:9443/services/",
        ),
      });
      assert.doesNotMatch(text("gateway", "api-manager.xml"), /localhost\.old/);
    });

    it("carbon.xml: a synchronizer that is off keeps no former address and account; another axis2.xml is refused", () => {
      const { text } = renderEdited(stock, {
        "carbon.xml": append(
          "<DeploymentSynchronizer><Enabled>true</Enabled><SvnUrl>http://oldsvn/apis</SvnUrl><SvnPassword>hidden</SvnPassword></DeploymentSynchronizer>",
        ),
      });
      assert.doesNotMatch(text("store", "carbon.xml"), /oldsvn|hidden/);
      assert.throws(
        () =>
          renderEdited(stock, {
            "carbon.xml": replace("axis2/axis2.xml</ConfigurationFile>", "axis2/old.xml</ConfigurationFile>"),
          }),
        /Axis2Config\/ConfigurationFile: expected \$\{carbon\.home\}\/repository\/conf\/axis2\/axis2\.xml, found/,
      );
    });

    it("catalina-server.xml: an AJP connector is legitimate, and booleans are read in any case", () => {
      const { text } = renderEdited(stock, {
        "catalina-server.xml": (xml) =>
          xml
            .replace('SSLEnabled="true"', 'SSLEnabled="TRUE"')
            .replace(/(?=<Engine )/, '<Connector protocol="AJP/1.3" port="8009"/>'),
      });
      assert.match(text("store", "catalina-server.xml"), /<Connector protocol="AJP\/1\.3" port="8009"\/>/);
    });
  });

  it("api-manager.xml: the file of a version from 1.9 on is refused in an older pack", () => {
    const stock = distributionOf("1.7.0");
    assert.throws(
      () => renderEdited(stock, { "api-manager.xml": replace(/APIKeyManager>/g, "APIKeyValidator>") }),
      /api-manager\.xml \(1\.7\.0\): APIManager\/APIKeyValidator\/.*of a version from 1\.9 on, which 1\.7\.0 does not read/,
    );
  });

  it("1.10.0: the Publisher logs in to the Store, the others to themselves", () => {
    const { text } = renderEdited(distributionOf("1.10.0"), {
      "api-manager.xml": replace(/(<APIStore>[\s\S]*?<ServerURL>)[^<]*/, "$1https://old.example.com:9443/services/"),
    });
    const read = (role: (typeof roles)[number], child: string) =>
      value(text(role, "api-manager.xml"), `APIStore/${child}`);
    assert.equal(read("publisher", "ServerURL"), "https://store.apim-wso2.com:9446/services/");
    assert.equal(read("publisher", "Password"), "{{secret:admin-password}}");
    for (const role of ["keyManager", "gateway", "store"] as const)
      assert.match(read(role, "ServerURL"), /^https:\/\/\$\{carbon\.local\.ip\}:/);
  });

  it("1.10.0: a file without the Store's services is refused; the file of 1.10 is refused in 1.9.0", () => {
    assert.throws(
      () =>
        renderEdited(distributionOf("1.10.0"), {
          "api-manager.xml": replace(/(<APIStore>[\s\S]*?)<ServerURL>[^<]*<\/ServerURL>/, "$1"),
        }),
      /found no APIManager\/APIStore\/ServerURL/,
    );
    const later = distributionOf("1.10.0");
    assert.throws(
      () => renderEdited({ ...later, version: "1.9.0" }, {}),
      /api-manager\.xml \(1\.9\.0\): APIManager\/APIUsageTracking\/DASServerURL: this is the api-manager\.xml of 1\.10/,
    );
  });

  it("CORS up to 1.8: addresses of this machine become the Store's, the user's own stay", () => {
    const { text } = renderEdited(distributionOf("1.8.0"), {
      "api-manager.xml": replace(
        "https://localhost:9443,http://localhost:9763<",
        "https://localhost:9443, http://localhost:9763,https://portal.example.com<",
      ),
    });
    assert.equal(
      value(text("gateway", "api-manager.xml"), "CORSConfiguration/Access-Control-Allow-Origin"),
      "https://store.apim-wso2.com:8443,https://portal.example.com",
    );
  });
});
