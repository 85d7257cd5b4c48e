import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { Deployment, RenderedFile } from "../../configs";
import { fillSecrets, placeholdersIn, renderNode, stockText } from "../../configs";
import type { Distribution } from "../../distribution";
import type { SecretName } from "../../product/databases";
import { hostsOf, type Node } from "../../topology";
import { encode } from "../../xml/encoding";
import { parseFile } from "../../xml/parse";
import { value } from "./reader";
import { anySettings, awkwardText } from "./settings";
import { changed, deploymentOf, nodeOf, realDistribution, realVersions, renderedText, withRendered } from "./stock";
import { lost, tokens } from "./tokens";
import { distributionOf, versions } from "./versionFiles";

/** The stand-in's files in the structure of each version, and the product's files if this machine has them. */
const distributions: readonly Distribution[] = [
  ...versions.map(distributionOf).map(withSynchronizer),
  ...realVersions.flatMap((version) => realDistribution(version) ?? []),
];
/** A failing property prints the source and version of the distribution, not its bytes. */
const anyDistribution = fc.nat(distributions.length - 1).map((index) => {
  const distribution = distributions[index] ?? distributionOf("1.9.0");
  return { ...distribution, [fc.toStringMethod]: () => `${distribution.source} ${distribution.version}` };
});
/** Selects a node of a topology, also a second one, a worker or one of another environment. */
const anyNode = fc.nat(1000);

/** For each file, the pieces of the stock text that may be replaced. All others must stay, byte for byte. */
const replaceable: readonly [path: string, pieces: RegExp][] = [
  [
    "carbon.xml",
    /^(Offset|Enabled|AutoCommit|AutoCheckout|RepositoryType|Svn\w+): [^<]*$|^Server: <!--\s*(Mgt)?HostName>[^<]*<\/(Mgt)?HostName-->$|^Server: <!--\s*<?DeploymentSynchronizer>/,
  ],
  [
    "master-datasources.xml",
    /^(url|username|password|driverClassName|maxActive|maxWait|testOnBorrow|validationQuery|validationInterval): [^<]*$/,
  ],
  [
    "api-manager.xml",
    new RegExp(
      [
        "^(ServerURL|Username|Password|(BAM|DAS\\w*)(Username|Password)|GatewayEndpoint|Name|KeyValidatorClientType): [^<]*$",
        "^(ThriftClientPort|ThriftServerPort|EnableThriftServer|RevokeAPIURL|URL|Access-Control-Allow-Origin): [^<]*$",
        "^(SecurityContextHeader|Enabled|ThriftPort|BAMServerURL|DASServerURL|DASRestApiURL): [^<]*$",
        "^(Environments: <Environment |Environments: \\s*$)",
        "^\\w+: <!--(Enabled|ThriftServerHost|EnableTokenGeneration|ClaimsRetrieverImplClass|ConsumerDialectURI|SignatureAlgorithm)>[^<]*</\\w+-->$",
      ].join("|"),
    ),
  ],
  ["user-mgt.xml", /^(UserName|Password|Property): [^<]*$/],
  ["registry.xml", /^$/],
  ["axis2.xml", /^(parameter|hostName|port): [^<]*$|^axisconfig: <clustering |^parameter: <property name="subDomain" /],
  ["catalina-server.xml", /^Service: <Connector /],
  ["identity.xml", /^\w+: https:\/\/localhost:9443\//],
  ["API_.xml", /^endpoint: <(address|http) /],
];

describe("configs: properties over settings and stock files", function () {
  this.timeout(60_000);
  const renderedFiles = (settings: Record<string, unknown>, distribution: Distribution, choice: number) => {
    const deployment = deploymentOf(settings);
    return renderNode(chosen(deployment, choice), deployment, distribution);
  };

  it("tokens: joined, they are the text", () => {
    for (const distribution of distributions)
      for (const path of distribution.files.keys()) {
        const text = stockText(path, distribution);
        assert.equal(
          tokens(text)
            .map(({ raw }) => raw)
            .join(""),
          text,
        );
      }
  });

  it("rendered files are well-formed in their encoding, and rendering them again changes nothing", () =>
    fc.assert(
      fc.property(anySettings, anyDistribution, anyNode, (settings, distribution, choice) => {
        const files = renderedFiles(settings, distribution, choice);
        for (const { path, text, encoding } of files.filter(isXml))
          assert.equal(parseFile(path, encode(path, text, encoding), "").text, text);
        assert.deepEqual(renderedFiles(settings, withRendered(distribution, files), choice), files);
      }),
      { numRuns: 60 },
    ));

  it("text outside the edited elements is kept, byte for byte", () =>
    fc.assert(
      fc.property(anySettings, anyDistribution, anyNode, fc.nat(), (settings, distribution, choice, seed) => {
        const noisy = withNoise(distribution, seed);
        for (const { path, text } of renderedFiles(settings, noisy, choice).filter(isXml)) {
          const pieces = replaceable.find(([suffix]) => path.endsWith(suffix))?.[1];
          const gone = lost(stockText(path, noisy), text).filter((piece) => !pieces?.test(piece));
          assert.deepEqual(gone, [], path);
        }
      }),
      { numRuns: 40 },
    ));

  it("files with secrets contain no placeholder and no stock credential", () =>
    fc.assert(
      fc.property(anySettings, anyDistribution, anyNode, awkwardText, (settings, distribution, choice, password) => {
        const deployment = withAdmin(deploymentOf(settings), "boss");
        const secrets: Partial<Record<SecretName, string>> = {
          "admin-password": password,
          "analytics-password": `${password}-a`,
          "svn-password": `${password}-s`,
        };
        for (const user of deployment.topology.databaseUsers) secrets[user.secret] = `${password}-${user.name}`;
        for (const file of renderNode(chosen(deployment, choice), deployment, distribution)) {
          const text = new TextDecoder(file.encoding).decode(fillSecrets(file, secrets));
          assert.deepEqual(placeholdersIn(text), [], file.path);
          const active = text.replace(/<!--[\s\S]*?-->/g, "");
          if (/<(BAM|DAS\w*)Username>admin</.test(active)) assert.equal(deployment.settings.analyticsUser, "admin");
          assert.doesNotMatch(active, /<(Username|UserName|\w*Password)>\s*(admin|\$\{admin\.\w+\})\s*</);
          const { length } = placeholdersIn(file.text);
          if (length > 0) assert.equal(parseFile(file.path, fillSecrets(file, secrets), "").text, text);
        }
      }),
      { numRuns: 60 },
    ));

  it("all URLs have a host and port of the topology", () =>
    fc.assert(
      fc.property(anySettings, anyDistribution, anyNode, (settings, distribution, choice) => {
        const deployment = deploymentOf(settings);
        const known = addressesOf(deployment);
        for (const { path, text } of callingFiles(chosen(deployment, choice), deployment, distribution))
          for (const address of addressesIn(text)) assert.ok(known.has(address), `${path}: ${address}`);
      }),
      { numRuns: 60 },
    ));

  it("all host names in a node's files are among its host aliases", () =>
    fc.assert(
      fc.property(anySettings, anyDistribution, anyNode, (settings, distribution, choice) => {
        const deployment = deploymentOf(settings);
        const node = chosen(deployment, choice);
        const { analytics, analyticsHost, svnUrl } = deployment.settings;
        const known = new Set([
          ...hostsOf(deployment.topology, node).map(({ host }) => host),
          ...(deployment.topology.databaseServer.external ? [deployment.topology.databaseServer.endpoint.host] : []),
          ...(analytics ? [analyticsHost] : []),
          ...(svnUrl ? [new URL(svnUrl).hostname] : []),
        ]);
        for (const { path, text } of callingFiles(node, deployment, distribution)) {
          // An allowed origin is only compared; the node does not call it.
          const called = text.replace(/<Access-Control-Allow-Origin>[^<]*</, "<");
          for (const address of addressesIn(called)) {
            const host = address.replace(/:\d+$/, "");
            assert.ok(known.has(host), `${node.name} ${path}: ${host}`);
          }
        }
      }),
      { numRuns: 60 },
    ));

  it("values with markup or non-ASCII characters are escaped", () =>
    fc.assert(
      fc.property(
        awkwardText,
        anyDistribution,
        fc.constantFrom("UTF-8", "ISO-8859-1", "US-ASCII"),
        (name, stock, encoding) => {
          const distribution = changed(stock, (text) =>
            text.replace(/^(<\?xml[^>]*\?>)?/, `<?xml version="1.0" encoding="${encoding}"?>`),
          );
          const deployment = withAdmin(deploymentOf(), name);
          const text = renderedText("store", "user-mgt.xml", distribution, deployment);
          assert.equal(value(text, "Realm/Configuration/AdminUser/UserName"), name);
          const file = { path: "user-mgt.xml", text, encoding: encoding.toLowerCase() };
          assert.doesNotThrow(() => fillSecrets(file, { "admin-password": "x" }));
        },
      ),
    ));

  it("an adminUser that looks like a placeholder is not filled", () => {
    const deployment = withAdmin(deploymentOf(), "{{secret:admin-password}}");
    const files = renderNode(nodeOf(deployment, "store"), deployment, distributionOf("1.9.0"));
    const file = files.find(({ path }) => path.endsWith("user-mgt.xml"));
    assert.ok(file);
    const text = fillSecrets(file, { "admin-password": "hidden" }).toString();
    assert.equal(value(text, "Realm/Configuration/AdminUser/UserName"), "{{secret:admin-password}}");
    assert.equal(value(text, "Realm/Configuration/AdminUser/Password"), "hidden");
  });

  it("an adminUser with a character that XML can't contain is an error that names file and element", () => {
    const deployment = withAdmin(deploymentOf(), "bo\u0000ss");
    assert.throws(
      () => renderedText("store", "user-mgt.xml", distributionOf("1.9.0"), deployment),
      /api-manager\.xml: the value for APIManager\/AuthManager\/Username holds the character U\+0000/,
    );
  });
});

function isXml({ path }: RenderedFile): boolean {
  return path.endsWith(".xml");
}

/** The rendered files, without identity.xml of nodes that serve no identity services. */
function callingFiles(node: Node, deployment: Deployment, distribution: Distribution): readonly RenderedFile[] {
  const files = renderNode(node, deployment, distribution);
  return files.filter(({ path }) => node.role === "keyManager" || !path.endsWith("/identity.xml"));
}

/** Adds the commented-out synchronizer that the product's carbon.xml has. */
function withSynchronizer(distribution: Distribution): Distribution {
  const comment =
    "    <!--<DeploymentSynchronizer>\n        <Enabled>true</Enabled>\n    </DeploymentSynchronizer>-->\n";
  return changed(distribution, (text, path) =>
    path.endsWith("carbon.xml") ? text.replace(/<\/Server>\s*$/, `${comment}$&`) : text,
  );
}

function chosen({ topology: { nodes } }: Deployment, choice: number): Node {
  const node = nodes[choice % nodes.length];
  assert.ok(node);
  return node;
}

function withAdmin(deployment: Deployment, adminUser: string): Deployment {
  return { ...deployment, settings: { ...deployment.settings, adminUser } };
}

/** The same files with random comments, line breaks and tabs between their elements. */
function withNoise(distribution: Distribution, seed: number): Distribution {
  let state = seed;
  const next = (bound: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state % bound;
  };
  const noise = () => ["<!-- mind the gap -->", "\t", "\r\n", "\n\n", "<!--a>b</a-->", "<?pi x?>"][next(6)] ?? "";
  return changed(distribution, (text) => {
    const pieces = tokens(text);
    return pieces
      .map(({ raw }, index) => {
        const isGap = raw.trim() === "" && index > 0 && pieces[index + 1]?.raw.startsWith("<") === true;
        return isGap && next(8) === 0 ? raw + noise() : raw;
      })
      .join("");
  });
}

/** `host:port` of all servers, as nodes and browsers address them. */
function addressesOf(deployment: Deployment): Set<string> {
  const result = new Set<string>();
  for (const { hostName, nodeHostName, ports } of deployment.topology.nodes)
    for (const port of Object.values(ports)) for (const host of [hostName, nodeHostName]) result.add(`${host}:${port}`);
  const { analytics, analyticsHost, analyticsPort, analyticsRestPort, svnUrl } = deployment.settings;
  if (analytics) for (const port of [analyticsPort, analyticsRestPort]) result.add(`${analyticsHost}:${port}`);
  if (svnUrl) result.add(new URL(svnUrl).host);
  for (const { host, published } of deployment.topology.balancer.routes) result.add(`${host}:${published?.port}`);
  for (const { hostName } of deployment.topology.databases)
    result.add(`${hostName}:${deployment.topology.databaseServer.port}`);
  // remoteInstance/@url is written as in the WSO2 guide: a host name without a port.
  for (const { hostName } of deployment.topology.nodes) result.add(hostName);
  return result;
}

/** `host:port` of all URLs outside comments, except those that the product does not call. */
function addressesIn(text: string): string[] {
  const active = text
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/<APIUsageTracking>(?!\s*<Enabled>true)[\s\S]*?<\/APIUsageTracking>/, "")
    .replace(/<DeploymentSynchronizer>\s*<Enabled>false[\s\S]*?<\/DeploymentSynchronizer>/, "")
    .replace(/<FeatureRepository>[\s\S]*?<\/FeatureRepository>/, "")
    .replace(/<APIManagement>[\s\S]*?<\/APIManagement>/, "")
    .replace(/\b(xmlns(:\w+)?|mep)="[^"]*"/g, "");
  return (
    [...active.matchAll(/\b(?:https?|tcp|ssl|jdbc:mysql):\/\/([^/<"',\s]+)/g)]
      .map(([, address = ""]) => address)
      // Namespaces of claims are not addresses.
      .filter(
        (address) => !address.startsWith("${") && !/^(wso2|schemas\.xmlsoap|axschema|schema\.openid)\./.test(address),
      )
  );
}
