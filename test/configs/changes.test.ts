import assert from "node:assert/strict";
import * as path from "node:path";
import { diffLines } from "diff";
import type { z } from "zod";
import { renderNode } from "../../configs";
import type { Distribution } from "../../distribution";
import { type ConfigurationFile, configurationFiles } from "../../product/files";
import { type RawSettings, settingsSchema } from "../../settings";
import { settingInfo } from "../../settings/schema/describe";
import { deploymentOf, realDistribution, standInDistribution } from "./stock";

/** A change of settings, and its effect on the nodes that exist before and after it. */
interface Change {
  readonly from?: RawSettings;
  readonly to: RawSettings;
  /** Matches every added line. */
  readonly lines: RegExp;
  /** `<node> <file>` -> lines added and removed. */
  readonly files: Readonly<Record<string, string>>;
  /** The same as `files` for the files of the product 1.9.0, where they differ from the stand-in's. */
  readonly product?: Readonly<Record<string, string>>;
  /** Only the product's files have a place for the setting. */
  readonly productOnly?: true;
}

const [keyManager, gateway, publisher, store] = ["keymanager-1", "gateway-1", "publisher-1", "store-1"] as const;
const custom: RawSettings = { portOffsets: "custom" };
const swarm: RawSettings = { platform: "swarm", imageRegistry: "registry.example.com:5000" };
const dataSources = "master-datasources.xml";
const apiManager = "api-manager.xml";
const synapse = ["_TokenAPI_.xml", "_AuthorizeAPI_.xml", "_RevokeAPI_.xml"];

/** The same count for one file of several nodes. */
function each(count: string, file: string, ...nodes: readonly string[]): Record<string, string> {
  return Object.fromEntries(nodes.map((node) => [`${node} ${file}`, count]));
}

const environments = each("+1 -1", apiManager, keyManager, publisher, store);
const jwtNodes = [keyManager, publisher];
const identity = each("+7 -7", "identity.xml", keyManager);
const proxyPorts = {
  ...each("+1 -1", "catalina-server.xml", keyManager, gateway, publisher, store),
  ...each("+2 -2", apiManager, publisher),
};
const keyManagerHost = {
  ...each("+2 -2", "carbon.xml", keyManager),
  ...each("+1 -1", apiManager, keyManager),
  ...each("+2 -2", apiManager, gateway),
  ...each("+3 -3", apiManager, publisher, store),
  ...Object.assign({}, ...synapse.map((file) => each("+1 -1", file, gateway))),
};

const changes: readonly Change[] = [
  {
    to: { multiTenancy: true },
    lines:
      /WSO2UM_DB|WSO2REG_DB|govregistry|gov<|mount|datasource|jndiConfig|definition|configuration>|jdbc:|apim_|secret:|Driver|max|testOnBorrow|validation|description|remoteInstance|readOnly|enableCache|registryRoot|targetPath|dbConfig|^\s*$/,
    files: {
      ...each("+21 -0", dataSources, keyManager),
      ...each("+42 -0", dataSources, gateway),
      ...each("+1 -1", "user-mgt.xml", gateway),
      ...each("+23 -0", "registry.xml", keyManager, gateway),
    },
  },
  { to: { jwt: true }, lines: /<EnableTokenGeneration>true/, files: each("+1 -1", apiManager, ...jwtNodes) },
  {
    from: { jwt: true },
    to: { jwtHeader: "X-Caller" },
    lines: /<SecurityContextHeader>X-Caller/,
    files: each("+1 -1", apiManager, keyManager, gateway, publisher),
  },
  {
    from: { jwt: true },
    to: { jwtClaimsRetriever: "org.example.Claims" },
    lines: /<ClaimsRetrieverImplClass>org\.example\.Claims/,
    files: each("+1 -0", apiManager, ...jwtNodes),
    product: each("+1 -1", apiManager, ...jwtNodes),
  },
  {
    from: { jwt: true },
    to: { jwtDialect: "urn:x" },
    lines: /<ConsumerDialectURI>urn:x/,
    files: each("+1 -0", apiManager, ...jwtNodes),
    product: each("+1 -1", apiManager, ...jwtNodes),
  },
  {
    from: { jwt: true },
    to: { jwtSignature: "NONE" },
    lines: /<SignatureAlgorithm>NONE/,
    files: each("+1 -0", apiManager, ...jwtNodes),
    product: each("+1 -1", apiManager, ...jwtNodes),
  },
  {
    to: { keyValidatorClient: "WSClient" },
    lines: /KeyValidatorClientType|Thrift/,
    files: { ...each("+3 -3", apiManager, keyManager), ...each("+2 -2", apiManager, gateway, publisher, store) },
  },
  {
    to: { keyManagerReplicas: 2 },
    lines: /KeyValidatorClientType|Thrift|enable="true"|wka|wso2\.km\.domain|172\.28\.0\.2[12]|port>|"localMember/,
    files: {
      ...each("+3 -3", apiManager, keyManager),
      ...each("+2 -2", apiManager, gateway, publisher, store),
      ...each("+5 -5", "axis2.xml", keyManager),
    },
  },
  {
    from: { keyManagerReplicas: 2 },
    to: { keyManagerReplicas: 3 },
    lines: /member>|172\.28\.0\.23|<port>4000</,
    files: each("+4 -0", "axis2.xml", keyManager, "keymanager-2"),
  },
  {
    from: { keyManagerReplicas: 2 },
    to: { keyManagerClusterDomain: "other" },
    lines: /"domain">other</,
    files: each("+1 -1", "axis2.xml", keyManager, "keymanager-2"),
  },
  {
    to: { adminUser: "boss" },
    lines: /<User[nN]ame>boss</,
    files: {
      ...each("+3 -3", apiManager, keyManager, gateway, publisher, store),
      ...each("+1 -1", "user-mgt.xml", keyManager, gateway, publisher, store),
    },
  },
  {
    to: { portOffsets: "none" },
    lines: /<Offset>0<|:9443\/|:8243\/revoke/,
    files: {
      ...each("+1 -1", "carbon.xml", gateway, publisher, store),
      ...each("+2 -2", apiManager, keyManager, store),
      ...each("+1 -1", apiManager, publisher),
    },
  },
  {
    from: custom,
    to: { keyManagerOffset: 9 },
    lines: /<Offset>9<|:9452\//,
    files: {
      ...each("+1 -1", "carbon.xml", keyManager),
      ...each("+1 -1", apiManager, gateway),
      ...each("+2 -2", apiManager, publisher, store),
      ...Object.assign({}, ...synapse.map((file) => each("+1 -1", file, gateway))),
    },
  },
  {
    from: custom,
    to: { gatewayOffset: 9 },
    lines: /<Offset>9<|:9452\/|:8252\/revoke/,
    files: {
      ...each("+1 -1", "carbon.xml", gateway),
      ...each("+2 -2", apiManager, keyManager, store),
      ...each("+1 -1", apiManager, publisher),
    },
  },
  { from: custom, to: { publisherOffset: 9 }, lines: /<Offset>9</, files: each("+1 -1", "carbon.xml", publisher) },
  { from: custom, to: { storeOffset: 9 }, lines: /<Offset>9</, files: each("+1 -1", "carbon.xml", store) },
  {
    to: { networkSubnet: "10.0.0.0/24" },
    lines: />10\.0\.0\.(61|81)</,
    files: each("+2 -2", "axis2.xml", publisher, store),
  },
  {
    to: { keyManagerHost: "a.example.org" },
    lines: /a(-1)?\.example\.org/,
    files: keyManagerHost,
    product: { ...keyManagerHost, ...identity },
  },
  {
    to: { gatewayHost: "a.example.org" },
    lines: /a\.example\.org/,
    files: {
      ...each("+2 -2", "carbon.xml", gateway),
      ...each("+3 -3", apiManager, keyManager, store),
      ...each("+2 -2", apiManager, publisher),
    },
  },
  {
    to: { publisherHost: "a.example.org" },
    lines: /a\.example\.org/,
    files: {
      ...each("+2 -2", "carbon.xml", publisher),
      ...each("+1 -1", apiManager, publisher),
      ...each("+1 -1", "registry.xml", publisher),
    },
  },
  {
    to: { storeHost: "a.example.org" },
    lines: /a\.example\.org/,
    files: {
      ...each("+2 -2", "carbon.xml", store),
      ...each("+1 -1", apiManager, publisher),
      ...each("+1 -1", "registry.xml", store),
    },
  },
  ...(["apimgtdbHost", "userdbHost"] as const).map((name) => ({
    to: { [name]: "a.example.org" },
    lines: /<url>jdbc:mysql:\/\/a\.example\.org:3306\//,
    files: each("+1 -1", dataSources, keyManager, publisher, store),
  })),
  {
    to: { regdbHost: "a.example.org" },
    lines: /jdbc:mysql:\/\/a\.example\.org:3306\/regdb/,
    files: { ...each("+1 -1", dataSources, publisher, store), ...each("+1 -1", "registry.xml", publisher, store) },
  },
  {
    to: { databaseServerPort: 3307 },
    lines: /jdbc:mysql:\/\/[^:]*:3307\//,
    files: {
      ...each("+2 -2", dataSources, keyManager),
      ...each("+3 -3", dataSources, publisher, store),
      ...each("+1 -1", "registry.xml", publisher, store),
    },
  },
  {
    to: { databaseHost: "db.example.org", databaseAdminPassword: "x" },
    lines: /jdbc:mysql:\/\/db\.example\.org:3306\/.*&amp;sessionVariables=sql_mode=NO_ENGINE_SUBSTITUTION</,
    files: {
      ...each("+2 -2", dataSources, keyManager),
      ...each("+3 -3", dataSources, publisher, store),
      ...each("+1 -1", "registry.xml", publisher, store),
    },
  },
  {
    from: { databaseHost: "192.0.2.7", databaseAdminPassword: "x" },
    to: { databaseHost: "192.0.2.8", databaseAdminUser: "boss", databasesExist: true },
    lines: /^$/,
    files: {},
  },
  {
    to: { databasePrefix: "prod-" },
    lines: /:3306\/prod-(apimgtdb|userdb|regdb)\?/,
    files: {
      ...each("+2 -2", dataSources, keyManager),
      ...each("+3 -3", dataSources, publisher, store),
      ...each("+1 -1", "registry.xml", publisher, store),
    },
  },
  {
    to: { databaseUserPrefix: "team_" },
    lines: />team_(keymanager|publisher|store|registry)[<@]/,
    files: {
      ...each("+2 -2", dataSources, keyManager),
      ...each("+3 -3", dataSources, publisher, store),
      ...each("+1 -1", "registry.xml", publisher, store),
    },
  },
  ...(["poolMaxActive", "poolMaxWait"] as const).map((name) => ({
    to: { [name]: 9 },
    lines: /<max(Active|Wait)>9</,
    files: { ...each("+2 -2", dataSources, keyManager), ...each("+3 -3", dataSources, publisher, store) },
  })),
  { to: { clusterDomain: "other" }, lines: /"domain">other</, files: each("+1 -1", "axis2.xml", publisher, store) },
  {
    to: { httpsPort: 7443 },
    lines: /proxyPort="7443"|:7443\//,
    files: proxyPorts,
    product: { ...proxyPorts, ...identity },
  },
  ...(["gatewayHttpsPort", "gatewayHttpPort"] as const).map((name) => ({
    to: { [name]: 7443 },
    lines: /:7443|"proxyPort">7443</,
    files: { ...environments, ...each("+1 -1", "axis2.xml", gateway) },
  })),
  {
    to: { gatewayReplicas: 2 },
    lines: /enable="true"|wka|wso2\.gateway\.domain|172\.28\.0\.4[12]|subDomain|port>|"localMember/,
    files: each("+6 -6", "axis2.xml", gateway),
  },
  {
    from: { gatewayReplicas: 2 },
    to: { gatewayReplicas: 3 },
    lines: /member>|172\.28\.0\.43|<port>4000</,
    files: each("+4 -0", "axis2.xml", gateway, "gateway-2"),
  },
  ...(["publisherReplicas", "storeReplicas"] as const).map((name) => ({
    to: { [name]: 2 },
    lines: /<\/?member>|<hostName>172\.28\.0\.(62|82)<|<port>4000</,
    files: each("+4 -0", "axis2.xml", publisher, store),
  })),
  {
    to: { gatewayEnvironments: "production" },
    lines: /type="production"|<Name>Production</,
    files: each("+2 -2", apiManager, keyManager, publisher, store),
  },
  {
    to: { gatewayWorkers: 1 },
    lines: /enable="true"|wka|wso2\.gateway\.domain|172\.28\.0\.4[12]|subDomain|port>|"localMember/,
    files: each("+6 -8", "axis2.xml", gateway),
  },
  {
    from: { gatewayWorkers: 1 },
    to: { gatewayWorkers: 2 },
    lines: /member>|172\.28\.0\.43|<port>4000</,
    files: each("+4 -0", "axis2.xml", gateway, "gateway-worker-1"),
  },
  {
    from: { gatewayWorkers: 1 },
    to: { gatewayClusterDomain: "other" },
    lines: /"domain">other</,
    files: each("+1 -1", "axis2.xml", gateway, "gateway-worker-1"),
  },
  {
    from: { gatewayWorkers: 1 },
    to: { deploymentSynchronizer: "svn", svnUrl: "http://svn.example.org/", svnUser: "apis", svnPassword: "x" },
    lines: /DeploymentSynchronizer|Auto(Commit|Checkout)|Svn/,
    files: { ...each("+6 -6", "carbon.xml", gateway), ...each("+5 -5", "carbon.xml", "gateway-worker-1") },
    productOnly: true,
  },
  {
    to: { memberTimeout: 30 },
    lines: /^hazelcast\..*=(30|10|60)$/,
    files: { "publisher-1 hazelcast.properties": "+5 -5", "store-1 hazelcast.properties": "+5 -5" },
  },
  // 1.9.0 has self sign-up in the registry; features.test.ts tests the files of earlier versions.
  { to: { selfSignUp: "off" }, lines: /^$/, files: {} },
  // 1.9.0 has no address of the analytics server; features.test.ts tests the files of the other versions.
  {
    to: {
      analytics: true,
      analyticsHost: "bam.example.org",
      analyticsPort: 7613,
      analyticsRestPort: 9445,
      analyticsUser: "x",
      analyticsPassword: "x",
    },
    lines: /^$/,
    files: {},
  },
  {
    to: swarm,
    lines: />(publisher|store)-1\.apim-wso2\.com</,
    files: each("+2 -2", "axis2.xml", publisher, store),
  },
  // These settings affect servers and databases, not files.
  {
    from: swarm,
    to: {
      imageRegistry: "registry.example.com/apim",
      imageRegistryUser: "pusher",
      imageRegistryPassword: "x",
      databasePlacement: "node.hostname == a",
      balancerPlacement: "node.hostname == a",
      gatewayPlacement: "node.hostname == a",
      nodeSpread: "node.labels.zone == a, b",
      nodePlacement: "node.hostname == a",
      balancerReplicas: 2,
      sharedDirectory: "/mnt/apim",
    },
    lines: /^$/,
    files: {},
  },
  { to: { namePrefix: "apim-former" }, lines: /^$/, files: {} },
  { to: { publishAddress: "0.0.0.0", managementAddress: "127.0.0.2" }, lines: /^$/, files: {} },
  { to: { managementPort: 7443 }, lines: /^$/, files: {} },
  { to: { databasePort: 7443 }, lines: /^$/, files: {} },
  { to: { databaseCharacterSet: "utf8mb3" }, lines: /^$/, files: {} },
  { to: { nodeMemory: 999, databaseMemory: 999, balancerMemory: 999, startTimeout: 99 }, lines: /^$/, files: {} },
  {
    to: { distribution: "elsewhere", image: "mine:1", apimHome: "/opt/other", nodeHeap: 1024 },
    lines: /^$/,
    files: {},
  },
  { to: { certificateRenewal: "1", certificateDays: 99, authorityRenewal: "1" }, lines: /^$/, files: {} },
  { to: { distribution: "elsewhere", jdbcDriver: "5.1.40" }, lines: /^$/, files: {} },
  {
    to: {
      keystore: "k.jks",
      keystoreAlias: "x",
      keystorePassword: "x",
      keyPassword: "x",
      truststore: "t.jks",
      truststorePassword: "x",
    },
    lines: /^$/,
    files: {},
  },
  { to: { adminPassword: "secret" }, lines: /^$/, files: {} },
];

describe("configs: a changed setting changes only its own lines", () => {
  it("every setting has a case", () => {
    const tried = new Set(changes.flatMap(({ to }) => Object.keys(to)));
    assert.deepEqual(
      Object.keys(settingsSchema.shape).filter((name) => !tried.has(name)),
      [],
    );
  });

  it("docs/settings.md names the changed files for the setting", () => {
    const shape: Readonly<Record<string, z.ZodDefault>> = settingsSchema.shape;
    for (const { to, files, product = {} } of changes) {
      const settings = Object.keys(to).flatMap((name) => shape[name] ?? []);
      const kinds = settings.flatMap(
        (each) => Object.keys(settingInfo.get(each)?.changes ?? {}) as ConfigurationFile[],
      );
      const named = kinds.map((kind) => path.basename(configurationFiles[kind].path));
      for (const changed of Object.keys({ ...files, ...product }))
        assert.ok(named.includes(changed.split(" ")[1] ?? ""), `${Object.keys(to)} changes ${changed}`);
    }
  });

  for (const { from = {}, to, lines, files, product, productOnly } of changes) {
    const title = `${JSON.stringify(from)} -> ${JSON.stringify(to)}`;
    if (!productOnly)
      it(`${title}, stand-in`, () => {
        assertChanges(standInDistribution(), from, to, lines, files);
      });
    it(`${title}, product 1.9.0`, function () {
      const real = realDistribution("1.9.0");
      if (!real) return this.skip();
      assertChanges(real, from, to, lines, product ?? files);
    });
  }
});

function assertChanges(
  distribution: Distribution,
  from: RawSettings,
  to: RawSettings,
  lines: RegExp,
  files: Readonly<Record<string, string>>,
): void {
  const before = rendered(from, distribution);
  const found: Record<string, string> = {};
  for (const [name, text] of rendered({ ...from, ...to }, distribution)) {
    const old = before.get(name);
    if (old === undefined || old === text) continue;
    const parts = diffLines(old, text);
    const count = (kind: "added" | "removed") =>
      parts.filter((part) => part[kind]).reduce((sum, part) => sum + part.count, 0);
    found[name] = `+${count("added")} -${count("removed")}`;
    for (const { value } of parts.filter(({ added }) => added))
      for (const line of value.replace(/\n$/, "").split("\n")) assert.match(line, lines, name);
  }
  assert.deepEqual(found, files);
}

function rendered(settings: RawSettings, distribution: Distribution): Map<string, string> {
  const deployment = deploymentOf(settings);
  return new Map(
    deployment.topology.nodes.flatMap((node) =>
      renderNode(node, deployment, distribution).map(({ path, text }): [string, string] => [
        `${node.name} ${path.slice(path.lastIndexOf("/") + 1)}`,
        text,
      ]),
    ),
  );
}
