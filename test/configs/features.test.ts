import assert from "node:assert/strict";
import type { Deployment } from "../../configs";
import { fillSecrets, keepsSignUpInRegistry, renderNode, renderNodes } from "../../configs";
import type { RawSettings } from "../../settings";
import { value, values } from "./reader";
import { changed, deploymentOf, nodeOf, realDistribution, renderedText, standInDistribution } from "./stock";
import { distributionOf, type versions } from "./versionFiles";

const stock = standInDistribution();

function fileOf(deployment: Deployment, name: string, path: string, distribution = stock) {
  const node = deployment.topology.nodes.find((candidate) => candidate.name === name);
  assert.ok(node, `no ${name}`);
  const file = renderNode(node, deployment, distribution).find((candidate) => candidate.path.endsWith(path));
  assert.ok(file, `no ${path}`);
  return file;
}

describe("configs: jwt settings", () => {
  const details: RawSettings = {
    jwt: true,
    jwtHeader: "X-Caller",
    jwtClaimsRetriever: "org.example.Claims",
    jwtDialect: "http://example.org/claims?a&b",
    jwtSignature: "NONE",
  };
  for (const version of ["1.5.0", "1.9.0", "1.10.0"] as const)
    it(`${version}: claims, dialect and signature on Key Managers and Publishers, the header on gateways too`, () => {
      const deployment = deploymentOf(details);
      const read = (role: "keyManager" | "gateway" | "publisher" | "store", element: string) =>
        values(
          renderedText(role, "api-manager.xml", distributionOf(version), deployment),
          `APIConsumerAuthentication/${element}`,
        );
      for (const role of ["keyManager", "publisher"] as const) {
        assert.deepEqual(read(role, "EnableTokenGeneration"), ["true"]);
        assert.deepEqual(read(role, "ClaimsRetrieverImplClass"), ["org.example.Claims"]);
        assert.deepEqual(read(role, "ConsumerDialectURI"), ["http://example.org/claims?a&b"]);
        assert.deepEqual(read(role, "SignatureAlgorithm"), ["NONE"]);
        assert.deepEqual(read(role, "SecurityContextHeader"), ["X-Caller"]);
      }
      assert.deepEqual(read("gateway", "SecurityContextHeader"), ["X-Caller"]);
      assert.deepEqual(read("store", "SecurityContextHeader"), ["X-JWT-Assertion"]);
      for (const role of ["gateway", "store"] as const) assert.deepEqual(read(role, "SignatureAlgorithm"), []);
    });

  it("the elements replace the product's comments", function () {
    const real = realDistribution("1.9.0");
    if (!real) return this.skip();
    const text = renderedText("publisher", "api-manager.xml", real, deploymentOf(details));
    assert.match(text, /\n\t<ClaimsRetrieverImplClass>org\.example\.Claims<\/ClaimsRetrieverImplClass>\r?\n/);
    assert.doesNotMatch(text, /<!--(ClaimsRetrieverImplClass|ConsumerDialectURI|SignatureAlgorithm)/);
  });

  it("a value that was edited by hand is replaced, also by a setting's default", () => {
    const edited = changed(stock, (text) =>
      text.replace(
        "<!--EnableTokenGeneration",
        "<SignatureAlgorithm>NONE</SignatureAlgorithm><!--EnableTokenGeneration",
      ),
    );
    const text = renderedText("publisher", "api-manager.xml", edited, deploymentOf({ jwt: true }));
    assert.equal(value(text, "APIConsumerAuthentication/SignatureAlgorithm"), "SHA256withRSA");
  });
});

describe("configs: analytics settings", () => {
  const deployment = deploymentOf({
    analytics: true,
    analyticsHost: "bam.example.org",
    analyticsPort: 7613,
    analyticsRestPort: 9445,
    analyticsUser: "o'brien",
    analyticsPassword: "x",
  });

  const read = (name: string, version: (typeof versions)[number], shown = deployment) => {
    const { text } = fileOf(shown, name, "api-manager.xml", distributionOf(version));
    return (element: string) => value(text, `APIUsageTracking/${element}`);
  };

  for (const version of ["1.5.0", "1.6.0", "1.7.0", "1.8.0", "1.9.1"] as const)
    it(`${version}: gateways, Publishers and Stores know the BAM server, Key Managers do not`, () => {
      for (const name of ["gateway-1", "publisher-1", "store-1"]) {
        const found = read(name, version);
        assert.equal(found("Enabled"), "true");
        assert.equal(found("ThriftPort"), "7613");
        assert.equal(found("BAMServerURL"), "tcp://bam.example.org:7613/");
        assert.equal(found("BAMUsername"), "o'brien");
        assert.equal(found("BAMPassword"), "{{secret:analytics-password}}");
      }
      const off = read("keymanager-1", version);
      assert.equal(off("BAMServerURL"), "tcp://localhost:7612/");
      assert.equal(off("BAMPassword"), "{{secret:admin-password}}");
    });

  it("1.10.0: both services of the DAS server have their address and account", () => {
    for (const name of ["gateway-1", "publisher-1", "store-1"]) {
      const found = read(name, "1.10.0");
      assert.equal(found("Enabled"), "true");
      assert.equal(found("DASServerURL"), "{tcp://bam.example.org:7613/}");
      assert.equal(found("DASRestApiURL"), "https://bam.example.org:9445");
      for (const account of ["DAS", "DASRestApi"]) {
        assert.equal(found(`${account}Username`), "o'brien");
        assert.equal(found(`${account}Password`), "{{secret:analytics-password}}");
      }
    }
    const off = read("store-1", "1.10.0", deploymentOf());
    assert.equal(off("DASRestApiURL"), "https://localhost:9444");
    assert.equal(off("DASRestApiPassword"), "{{secret:admin-password}}");
  });

  it("the password is escaped", () => {
    const file = fileOf(deployment, "gateway-1", "api-manager.xml", distributionOf("1.8.0"));
    const filled = fillSecrets(file, { "admin-password": "adm", "analytics-password": "a<b" }).toString();
    assert.equal(value(filled, "APIUsageTracking/BAMPassword"), "a<b");
  });

  it("1.9.0: only the switch is set, since the address is entered in the admin dashboard", function () {
    const real = realDistribution("1.9.0");
    if (!real) return this.skip();
    const off = changed(real, (text) => text.replace("Connection>false<", "Connection>true<"));
    const skip = (role: "gateway" | "keyManager", shown: Deployment) =>
      value(renderedText(role, "api-manager.xml", off, shown), "APIUsageTracking/SkipEventReceiverConnection");
    assert.equal(skip("gateway", deployment), "false");
    assert.equal(skip("keyManager", deployment), "true");
    assert.equal(skip("gateway", deploymentOf()), "true");
  });

  for (const version of ["1.8.0", "1.9.1", "1.10.0"] as const)
    it(`${version}: a file without APIUsageTracking is an error that names the element`, () => {
      const broken = changed(distributionOf(version), (text) =>
        text.replace(/<APIUsageTracking>[\s\S]*<\/APIUsageTracking>/, ""),
      );
      assert.throws(
        () => fileOf(deployment, "gateway-1", "api-manager.xml", broken),
        /api-manager\.xml .*found no APIManager\/APIUsageTracking/,
      );
    });
});

describe("configs: deploymentSynchronizer svn", () => {
  const commented =
    "\n    <!--<DeploymentSynchronizer>\n        <Enabled>true</Enabled>\n    </DeploymentSynchronizer>-->\n</Server>";
  const product = changed(stock, (text) => text.replace(/\n<\/Server>/, commented));
  const svn = deploymentOf({
    gatewayWorkers: 1,
    deploymentSynchronizer: "svn",
    svnUrl: "https://svn.example.org/a?b&c",
    svnUser: "apis",
    svnPassword: "x",
  });
  const read = (name: string, child: string) =>
    value(fileOf(svn, name, "carbon.xml", product).text, `DeploymentSynchronizer/${child}`);

  it("the gateway manager commits, workers only check out", () => {
    for (const name of ["gateway-1", "gateway-worker-1"]) {
      assert.equal(read(name, "Enabled"), "true");
      assert.equal(read(name, "AutoCheckout"), "true");
      assert.equal(read(name, "SvnUrl"), "https://svn.example.org/a?b&c");
      assert.equal(read(name, "SvnPassword"), "{{secret:svn-password}}");
    }
    assert.equal(read("gateway-1", "AutoCommit"), "true");
    assert.equal(read("gateway-worker-1", "AutoCommit"), "false");
  });

  it("the element replaces the product's comment, on lines of its own", () => {
    const { text } = fileOf(svn, "gateway-1", "carbon.xml", product);
    assert.match(text, /\n {4}<DeploymentSynchronizer>\n {8}<Enabled>true<\/Enabled>\n {8}<AutoCommit>true</);
    assert.doesNotMatch(fileOf(svn, "store-1", "carbon.xml", product).text, /\n {4}<DeploymentSynchronizer>/);
  });

  it("a synchronizer that was enabled by hand is disabled without the setting", () => {
    const edited = changed(stock, (text) =>
      text.replace("</Server>", "<DeploymentSynchronizer><Enabled>true</Enabled></DeploymentSynchronizer></Server>"),
    );
    const deployment = deploymentOf({ gatewayWorkers: 1 });
    const text = fileOf(deployment, "gateway-1", "carbon.xml", edited).text;
    assert.equal(value(text, "DeploymentSynchronizer/Enabled"), "false");
  });

  it("a carbon.xml without the element or its comment is an error that names the place", () => {
    assert.throws(
      () => fileOf(svn, "gateway-1", "carbon.xml", stock),
      /carbon\.xml .*1\.9\.0.*Server\/DeploymentSynchronizer, commented out or not/,
    );
  });
});

describe("configs: gateway manager and workers, several Key Managers", () => {
  it("axis2.xml: a manager has sub-domain mgt, a worker has worker, and both list the other members", () => {
    const deployment = deploymentOf({ gatewayWorkers: 2 });
    const read = (name: string, path: string) =>
      values(fileOf(deployment, name, "axis2.xml").text, `clustering/${path}`);
    const subDomain = "parameter[name=properties]/property[name=subDomain]/@value";
    assert.deepEqual(read("gateway-1", subDomain), ["mgt"]);
    assert.deepEqual(read("gateway-worker-2", subDomain), ["worker"]);
    assert.deepEqual(read("gateway-1", "parameter[name=domain]"), ["wso2.gateway.domain"]);
    assert.deepEqual(read("gateway-worker-2", "members/member/hostName"), ["172.28.0.41", "172.28.0.42"]);
    assert.equal(fileOf(deployment, "store-1", "axis2.xml").text.includes("wso2.gateway.domain"), false);
  });

  it("axis2.xml: only gateways that serve calls have the published ports as proxy ports", () => {
    const deployment = deploymentOf({ gatewayWorkers: 1, gatewayHttpsPort: 8999 });
    const ports = (name: string) =>
      values(fileOf(deployment, name, "axis2.xml").text, "transportReceiver[name=https]/parameter[name=proxyPort]");
    assert.deepEqual(ports("gateway-worker-1"), ["8999"]);
    assert.deepEqual(ports("gateway-1"), []);
  });

  it("api-manager.xml: no Thrift server with several Key Managers", () => {
    const deployment = deploymentOf({ keyManagerReplicas: 2 });
    for (const name of ["keymanager-1", "keymanager-2", "gateway-1"]) {
      const { text } = fileOf(deployment, name, "api-manager.xml");
      assert.equal(value(text, "APIKeyValidator/KeyValidatorClientType"), "WSClient");
      assert.equal(value(text, "APIKeyValidator/EnableThriftServer"), "false");
    }
    const { text } = fileOf(deploymentOf(), nodeOf(deploymentOf(), "keyManager").name, "api-manager.xml");
    assert.equal(value(text, "APIKeyValidator/EnableThriftServer"), "true");
  });
});

describe("configs: identity.xml", () => {
  const identity = (text: string) => ({
    ...stock,
    files: new Map([...stock.files, ["repository/conf/identity.xml", Buffer.from(text)]]),
  });
  const text = `<Server xmlns="http://wso2.org/projects/carbon/carbon.xml">
    <OpenIDServerUrl>https://localhost:9443/openidserver</OpenIDServerUrl>
    <OAuth><OpenIDConnect><IDTokenIssuerID>https://localhost:9443/oauth2endpoints/token</IDTokenIssuerID>
        <IDTokenSubjectClaim>http://wso2.org/claims/givenname</IDTokenSubjectClaim></OpenIDConnect></OAuth>
</Server>`;

  it("the Key Manager's URLs have the host name and port for browsers; nothing else changes", () => {
    const deployment = deploymentOf({ httpsPort: 7443 });
    const rendered = fileOf(deployment, "keymanager-1", "identity.xml", identity(text)).text;
    assert.equal(rendered, text.replaceAll("https://localhost:9443/", "https://keymanager.apim-wso2.com:7443/"));
    assert.equal(fileOf(deployment, "store-1", "identity.xml", identity(text)).text, text);
  });
});

describe("configs: selfSignUp", () => {
  const roles = ["keyManager", "gateway", "publisher", "store"] as const;
  for (const version of ["1.5.0", "1.7.0", "1.8.0"] as const)
    it(`${version}: Enabled in api-manager.xml on all roles, and nothing in the registry`, () => {
      const distribution = distributionOf(version);
      assert.equal(keepsSignUpInRegistry(distribution), false);
      for (const role of roles)
        for (const [setting, expected] of [
          ["on", "true"],
          ["off", "false"],
        ] as const) {
          const text = renderedText(role, "api-manager.xml", distribution, deploymentOf({ selfSignUp: setting }));
          assert.deepEqual(values(text, "SelfSignUp/Enabled"), [expected]);
          assert.deepEqual(values(text, "SelfSignUp/SubscriberRoleName"), ["subscriber"]);
        }
    });

  for (const version of ["1.9.0", "1.9.1", "1.10.0"] as const)
    it(`${version}: nothing in api-manager.xml, and a resource in the registry`, () => {
      const distribution = distributionOf(version);
      assert.equal(keepsSignUpInRegistry(distribution), true);
      const text = renderedText("store", "api-manager.xml", distribution, deploymentOf({ selfSignUp: "off" }));
      assert.deepEqual(values(text, "SelfSignUp/Enabled"), []);
    });

  it("a value written by hand is overruled with a line that names the setting", () => {
    const distribution = changed(distributionOf("1.7.0"), (text) =>
      text.replace(/(<SelfSignUp>\s*<Enabled>)true/, "$1false"),
    );
    const deployment = deploymentOf({});
    const { warnings } = renderNodes(deployment.topology.nodes, deployment, distribution);
    assert.equal(warnings.length, 1, warnings.join("\n"));
    assert.match(
      warnings[0] ?? "",
      /SelfSignUp\/Enabled: "false" is replaced by "true"; wso2-apim:selfSignUp decides it/,
    );
  });
});
