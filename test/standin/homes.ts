import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { generate } from "selfsigned";
import { writeJks } from "../../certificates/jks";
import { readDistributionDirectory } from "../../distribution";
import type { Lookup } from "../../standin/client";
import type { Health } from "../../standin/health";
import type { LinkState } from "../../standin/linkChecks";
import { type RunningNode, startNode } from "../../standin/node";
import { derOf, keyDerOf } from "../certificates/support";

/** All edits together, in this order. */
export function plus(...all: readonly Edits[]): Edits {
  const sum: Record<string, readonly Replacement[]> = {};
  for (const [path, replacements] of all.flatMap((edits) => Object.entries(edits))) {
    sum[path] = [...(sum[path] ?? []), ...replacements];
  }
  return sum;
}

/** A loopback network for this process, so that several test runs can go on at the same time. */
const network = `127.${1 + ((process.pid >> 8) % 254)}.${process.pid % 256}`;

/** The address of each host name, as if each were a machine. */
export const addresses = {
  "keymanager.test": `${network}.21`,
  "gateway.test": `${network}.41`,
  "publisher.test": `${network}.61`,
  "store.test": `${network}.81`,
} as const;
type HostName = keyof typeof addresses;

/** An address of the same network on which nothing listens. */
export const emptyAddress = `${network}.99`;

/** Replacements by file below CARBON_HOME. */
export type Edits = Readonly<Record<string, readonly Replacement[]>>;

/** Text that must be in the file, and its replacement. */
export type Replacement = readonly [string | RegExp, string];

export const files = {
  carbon: "repository/conf/carbon.xml",
  apiManager: "repository/conf/api-manager.xml",
  axis2: "repository/conf/axis2/axis2.xml",
  catalina: "repository/conf/tomcat/catalina-server.xml",
  identity: "repository/conf/identity.xml",
  dataSources: "repository/conf/datasources/master-datasources.xml",
  registry: "repository/conf/registry.xml",
  userManagement: "repository/conf/user-mgt.xml",
  token: "repository/deployment/server/synapse-configs/default/api/_TokenAPI_.xml",
} as const;

const stock = resolve(__dirname, "../../standin/distribution");

export interface Keys {
  /** PEM. */
  readonly certificate: string;
  readonly keyStore: Buffer;
  readonly trustStore: Buffer;
}

/** Generates a certificate for host names, in Java keystores with the stock passwords. */
export async function makeKeys(names: readonly string[]): Promise<Keys> {
  const made = await generate([{ name: "commonName", value: names[0] ?? "" }], {
    keySize: 2048,
    algorithm: "sha256",
    extensions: [{ name: "subjectAltName", altNames: names.map((value) => ({ type: 2 as const, value })) }],
  });
  const certificate = derOf(made.cert);
  return {
    certificate: made.cert,
    keyStore: writeJks(
      [{ kind: "key", alias: "wso2carbon", privateKey: keyDerOf(made.private), chain: [certificate] }],
      "wso2carbon",
    ),
    trustStore: writeJks([{ kind: "trusted", alias: "wso2carbon", certificate }], "wso2carbon"),
  };
}

/** The servers of one test, and their CARBON_HOME directories. */
export class Deployment {
  readonly lines: string[] = [];
  private readonly directory = mkdtempSync(join(tmpdir(), "standin-test-"));
  private readonly nodes: RunningNode[] = [];

  constructor(private readonly keys: Keys) {}

  /** Creates a CARBON_HOME with the edited stock files. */
  home(node: string, edits: Edits = {}, keys: Keys = this.keys): string {
    const home = join(this.directory, node, "wso2am");
    rmSync(home, { recursive: true, force: true });
    cpSync(stock, home, { recursive: true });
    const security = join(home, "repository/resources/security");
    mkdirSync(security, { recursive: true });
    writeFileSync(join(security, "wso2carbon.jks"), keys.keyStore);
    writeFileSync(join(security, "client-truststore.jks"), keys.trustStore);
    for (const { path, base64 } of [...readDistributionDirectory(stock).bundles.values()].flat()) {
      mkdirSync(dirname(join(home, path)), { recursive: true });
      writeFileSync(join(home, path), Buffer.from(base64, "base64"));
    }
    for (const [path, replacements] of Object.entries(edits)) {
      let text = readFileSync(join(home, path), "utf8");
      for (const [from, to] of replacements) {
        const next = text.replace(from, to);
        if (next === text) {
          throw new Error(`${path}: expected to find and change ${from}, found no such text`);
        }
        text = next;
      }
      writeFileSync(join(home, path), text);
    }
    return home;
  }

  /** Starts a server at the address of its host name. */
  async start(hostName: HostName, profile: string, edits: Edits = {}, startLimit = 5, keys = this.keys) {
    const write = (text: string): void => {
      this.lines.push(text);
    };
    const node = await startNode({
      carbonHome: this.home(hostName.replace(".test", "-1"), edits, keys),
      profile,
      startLimit,
      log: { info: write, warn: write, error: write },
      network: { address: addresses[hostName], lookup },
    });
    this.nodes.push(node);
    return node;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    rmSync(this.directory, { recursive: true });
  }
}

/** Resolves the names above and no others, as the hosts file of a server would. */
export const lookup: Lookup = (host, options, callback) => {
  const address = /^[\d.]+$/.test(host) ? host : addresses[host as HostName];
  if (address === undefined) {
    callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND" }), "");
  } else if (options.all) {
    callback(null, [{ address, family: 4 }]);
  } else {
    callback(null, address, 4);
  }
};

export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Sends an HTTPS request without checking the certificate. */
export function fetchFrom(
  hostName: string,
  port: number,
  path: string,
  options: { method?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<TestAnswer> {
  return new Promise((done, failed) => {
    const { body, ...rest } = options;
    const sent = request(
      { host: addresses[hostName as HostName], port, path, rejectUnauthorized: false, agent: false, ...rest },
      (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => done({ status: response.statusCode ?? 0, headers: response.headers, text }));
      },
    );
    sent.on("error", failed);
    sent.end(body);
  });
}

/** The health answer of a server. */
export async function healthOf(hostName: string, port: number): Promise<Health & { status: number }> {
  const { status, text } = await fetchFrom(hostName, port, "/standin/health");
  return { status, ...(JSON.parse(text) as Health) };
}

/** The link with this element. @throws when there is none */
export function linkOf(health: Health, element: string): LinkState {
  const found = health.links.find((link) => link.element === element && link.kind !== "hostAlias");
  if (found === undefined) {
    throw new Error(`no link "${element}" among ${health.links.map((link) => link.id).join(", ")}`);
  }
  return found;
}

/** Waits until a condition holds, at most five seconds. */
export async function eventually(condition: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 5000;
  while (!(await condition())) {
    if (Date.now() > end) {
      throw new Error("the condition did not hold within 5 s");
    }
    await new Promise((wait) => setTimeout(wait, 50));
  }
}

/** The four roles wired as in the WSO2 guide, with the host names above. */
export const wiring = {
  keyManager: (): Edits => ({
    [files.carbon]: hostName("keymanager.test"),
    [files.apiManager]: [...environment, ...thriftHost, ...revoke],
  }),
  gateway: (): Edits => ({
    [files.carbon]: [...hostName("gateway.test"), offset(1)],
    [files.apiManager]: [...keyValidation, ...thriftHost, noThriftServer],
    [files.token]: [...toKeyManager],
    [files.token.replace("Token", "Authorize")]: [...toKeyManager],
    [files.token.replace("Token", "Revoke")]: [...toKeyManager],
  }),
  publisher: (): Edits => ({
    [files.carbon]: [...hostName("publisher.test"), offset(2)],
    [files.apiManager]: [...login, ...environment, ...keyValidation, ...thriftHost, noThriftServer],
    [files.axis2]: cluster(addresses["publisher.test"], addresses["store.test"]),
    [files.dataSources]: [ownRegistry("publisher-1")],
  }),
  store: (): Edits => ({
    [files.carbon]: [...hostName("store.test"), offset(3)],
    [files.apiManager]: [...login, ...environment, ...keyValidation, ...thriftHost, ...revoke, noThriftServer],
    [files.axis2]: cluster(addresses["store.test"], addresses["publisher.test"]),
    [files.dataSources]: [ownRegistry("store-1")],
  }),
};

/** The reference to a property in a file. */
function reference(name: string): string {
  return `\${${name}}`;
}

/** RevokeAPIURL in the stock file. */
export const ownRevoke = `https://${reference("carbon.local.ip")}:${reference("https.nio.port")}/revoke`;

const own = `https://${reference("carbon.local.ip")}:${reference("mgt.transport.https.port")}${reference("carbon.context")}/services/`;
const toServer = (parent: string, host: string, port: number): Replacement => [
  new RegExp(`(<${parent}\\b[\\s\\S]*?)${own.replace(/[${}.]/g, "\\$&")}`),
  `$1https://${host}:${port}/services/`,
];
const hostName = (name: string): Replacement[] => [
  ["<!--HostName>www.example.org</HostName-->", `<HostName>${name}</HostName>`],
];
const offset = (value: number): Replacement => ["<Offset>0</Offset>", `<Offset>${value}</Offset>`];
const login = [toServer("AuthManager", "keymanager.test", 9443)];
const environment = [toServer("Environment ", "gateway.test", 9444)];
const keyValidation = [toServer("APIKeyValidator", "keymanager.test", 9443)];
const thriftHost: Replacement[] = [
  ["<!--ThriftServerHost>localhost</ThriftServerHost-->", "<ThriftServerHost>keymanager.test</ThriftServerHost>"],
];
const noThriftServer: Replacement = ["<EnableThriftServer>true<", "<EnableThriftServer>false<"];
const revoke: Replacement[] = [[ownRevoke, "https://gateway.test:8244/revoke"]];
const toKeyManager: Replacement[] = [["{uri.var.hostname}:{uri.var.portnum}", "keymanager.test:9443"]];
/** The members of a cluster must not share the cache of their local registries. */
const ownRegistry = (node: string): Replacement => [
  "jdbc:h2:repository/database/WSO2CARBON",
  `jdbc:h2:/mnt/${node}/wso2am/repository/database/WSO2CARBON`,
];
const cluster = (local: string, member: string): Replacement[] => [
  ['enable="false"', 'enable="true"'],
  [">multicast<", ">wka<"],
  ["wso2.carbon.domain", "wso2.pub.store.domain"],
  ['name="localMemberHost">127.0.0.1', `name="localMemberHost">${local}`],
  ["<hostName>127.0.0.1</hostName>", `<hostName>${member}</hostName>`],
];

/** Moves the data sources of a role to databases on a MySQL server. */
export function onDatabaseServer(
  server: { readonly host: string; readonly user: string; readonly password: string },
  databases: readonly ("apimgtdb" | "userdb" | "regdb")[],
): Edits {
  const url = (name: string) => `jdbc:mysql://${server.host}:3306/${name}?autoReconnect=true&amp;useSSL=false`;
  const source = (name: string, database: string): string => `<datasource>
      <name>${name}</name><jndiConfig><name>jdbc/${name}</name></jndiConfig>
      <definition type="RDBMS"><configuration>
        <url>${url(database)}</url><username>${server.user}</username><password>${server.password}</password>
      </configuration></definition></datasource>`;
  const mark = "<!-- A further data source";
  const add = (name: string, database: string): Replacement => [mark, `${source(name, database)}\n${mark}`];
  return {
    [files.dataSources]: databases.map((database) => {
      if (database === "apimgtdb") {
        return [
          /jdbc:h2:[^<]*WSO2AM_DB[^<]*(<\/url>\s*<username>)wso2carbon(<\/username>\s*<password>)wso2carbon/,
          `${url("apimgtdb")}$1${server.user}$2${server.password}`,
        ];
      }
      return database === "userdb" ? add("WSO2UM_DB", "userdb") : add("WSO2REG_DB", "regdb");
    }),
    ...(databases.includes("userdb") && { [files.userManagement]: [["jdbc/WSO2CarbonDB", "jdbc/WSO2UM_DB"]] }),
    ...(databases.includes("regdb") && {
      [files.registry]: [["<indexingConfiguration>", `${sharedRegistry}\n<indexingConfiguration>`]],
    }),
  };
}

const sharedRegistry = `<dbConfig name="govregistry"><dataSource>jdbc/WSO2REG_DB</dataSource></dbConfig>
  <remoteInstance url="https://publisher.test">
    <id>gov</id><dbConfig>govregistry</dbConfig><readOnly>false</readOnly><enableCache>true</enableCache>
    <registryRoot>/</registryRoot>
  </remoteInstance>
  <mount path="/_system/governance" overwrite="true">
    <instanceId>gov</instanceId><targetPath>/_system/governance</targetPath>
  </mount>
  <mount path="/_system/config" overwrite="true">
    <instanceId>gov</instanceId><targetPath>/_system/config</targetPath>
  </mount>`;
