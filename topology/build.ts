import type { Settings } from "../settings";
import { buildLinks } from "./links";
import {
  type Balancer,
  type Database,
  type DatabaseName,
  type DatabaseUser,
  type GatewayEnvironment,
  type Node,
  type Role,
  roles,
  type Topology,
} from "./model";

/** Document table "Port Offset": the standard ports before their offset. */
const basePorts = { managementHttps: 9443, managementHttp: 9763, apiHttps: 8243, apiHttp: 8280 } as const;
/** Not shifted by Ports/Offset. */
const thriftPort = 10397;
const clusterPort = 4000;
const mysqlPort = 3306;

const profiles: Readonly<Record<Role, string>> = {
  keyManager: "api-key-manager",
  gateway: "gateway-manager",
  publisher: "api-publisher",
  store: "api-store",
};

/** Document table "The API Manager components use the databases as follows". */
const databasesOf: Readonly<Record<Role, readonly DatabaseName[]>> = {
  keyManager: ["apimgtdb", "userdb"],
  gateway: [],
  publisher: ["apimgtdb", "userdb", "regdb"],
  store: ["apimgtdb", "userdb", "regdb"],
};
const databasesInMultiTenancy: Readonly<Record<Role, readonly DatabaseName[]>> = {
  ...databasesOf,
  keyManager: ["apimgtdb", "userdb", "regdb"],
  gateway: ["userdb", "regdb"],
};

/** Where each role's addresses begin in the network; room for 20 nodes each. */
const firstAddress: Readonly<Record<Role, number>> = { keyManager: 21, gateway: 41, publisher: 61, store: 81 };
const databaseAddress = 10;
const balancerAddress = 11;

/** Decides every name, address, port and link of the deployment. Pure. */
export function buildTopology(settings: Settings): Topology {
  const databases = buildDatabases(settings);
  const databaseUsers = buildDatabaseUsers(settings);
  const nodes = withStartOrder(
    withCluster(
      settings,
      roles.map((role) => buildNode(settings, role, databaseUsers)),
    ),
  );
  const environments = buildEnvironments(settings, nodes);
  const balancer = buildBalancer(settings, nodes);
  return {
    prefix: `apim-${settings.stack}`,
    network: {
      name: `apim-${settings.stack}`,
      subnet: settings.networkSubnet,
      gateway: hostAddress(settings.networkSubnet, 1),
    },
    nodes,
    databases,
    databaseUsers,
    databaseServer: {
      name: "mysql",
      address: hostAddress(settings.networkSubnet, databaseAddress),
      port: mysqlPort,
      publishedPort: settings.databasePort,
    },
    environments,
    balancer,
    links: buildLinks({
      nodes,
      databases,
      databasePort: mysqlPort,
      environments,
      keyValidatorClient: settings.keyValidatorClient,
    }),
    hosts: [
      ...databases.map(({ hostName }) => ({
        host: hostName,
        ip: hostAddress(settings.networkSubnet, databaseAddress),
      })),
      ...nodes.map(({ hostName, address }) => ({ host: hostName, ip: address })),
      ...nodes.map(({ nodeHostName, address }) => ({ host: nodeHostName, ip: address })),
    ],
    certificateNames: [...new Set(nodes.flatMap((node) => [node.hostName, node.nodeHostName])), "localhost"],
    publishAddress: settings.publishAddress,
    features: {
      multiTenancy: settings.multiTenancy,
      jwt: settings.jwt,
      keyValidatorClient: settings.keyValidatorClient,
      adminUser: settings.adminUser,
      dataSourcePool: { maxActive: settings.poolMaxActive, maxWait: settings.poolMaxWait },
    },
  };
}

/** The `host`-th IPv4 address of a network, e.g. (`172.28.0.0/24`, 10) -> `172.28.0.10`. */
export function hostAddress(subnet: string, host: number): string {
  const [network = ""] = subnet.split("/");
  const start = network.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const address = start + host;
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

/** The nodes of one role, in the order of their index. */
export function nodesOf(topology: Pick<Topology, "nodes">, role: Role): readonly Node[] {
  return topology.nodes.filter((node) => node.role === role);
}

function buildDatabases(settings: Settings): Database[] {
  const collation = settings.databaseCharacterSet === "latin1" ? "latin1_swedish_ci" : "utf8mb3_general_ci";
  const database = (name: DatabaseName, hostName: string, script: string): Database => ({
    name,
    hostName,
    script,
    characterSet: settings.databaseCharacterSet,
    collation,
  });
  return [
    database("apimgtdb", settings.apimgtdbHost, "dbscripts/apimgt/mysql.sql"),
    database("userdb", settings.userdbHost, "dbscripts/mysql.sql"),
    database("regdb", settings.regdbHost, "dbscripts/mysql.sql"),
  ];
}

function buildDatabaseUsers(settings: Settings): DatabaseUser[] {
  const own = roles.map((role) =>
    databaseUser(
      role.toLowerCase(),
      databasesFor(settings, role).filter((name) => name !== "regdb"),
    ),
  );
  return [...own, databaseUser("registry", ["regdb"])].filter(({ databases }) => databases.length > 0);
}

function databaseUser(owner: string, databases: readonly DatabaseName[]): DatabaseUser {
  return { name: `apim_${owner}`, databases, secret: `database-${owner}` };
}

function databasesFor({ multiTenancy }: Settings, role: Role): readonly DatabaseName[] {
  return (multiTenancy ? databasesInMultiTenancy : databasesOf)[role];
}

function buildNode(settings: Settings, role: Role, users: readonly DatabaseUser[]): Node {
  const index = 1;
  const name = `${role.toLowerCase()}-${index}`;
  const hostName = settings[`${role}Host`];
  const offset = offsetOf(settings, role);
  const own = databaseUser(role.toLowerCase(), []).name;
  const databases = databasesFor(settings, role);
  return {
    name,
    role,
    index,
    hostName,
    nodeHostName: hostName.replace(/^[^.]+/, (label) => `${label}-${index}`),
    address: hostAddress(settings.networkSubnet, firstAddress[role] + index - 1),
    offset,
    ports: {
      managementHttps: basePorts.managementHttps + offset,
      managementHttp: basePorts.managementHttp + offset,
      apiHttps: basePorts.apiHttps + offset,
      apiHttp: basePorts.apiHttp + offset,
      thrift: thriftPort,
    },
    publishedPort: settings.managementPort + roles.indexOf(role),
    databases,
    databaseUsers: users.filter(
      (user) => user.name === own || user.databases.some((name) => name === "regdb" && databases.includes(name)),
    ),
    profile: profiles[role],
    carbonHome: `/mnt/${name}/wso2am`,
    startsAfter: [],
  };
}

function offsetOf(settings: Settings, role: Role): number {
  switch (settings.portOffsets) {
    case "document":
      return roles.indexOf(role);
    case "none":
      return 0;
    case "custom":
      return settings[`${role}Offset`];
  }
}

/** Publisher and Store are one Hazelcast cluster, so that a published API clears the Store's registry cache. */
function withCluster(settings: Settings, nodes: readonly Node[]): Node[] {
  const isMember = (node: Node) => node.role === "publisher" || node.role === "store";
  return nodes.map((node) => {
    if (!isMember(node)) return node;
    const others = nodes.filter((other) => isMember(other) && other !== node);
    return {
      ...node,
      cluster: {
        domain: settings.clusterDomain,
        localHost: node.address,
        localPort: clusterPort,
        members: others.map((other) => ({ host: other.address, port: clusterPort })),
      },
    };
  });
}

/** Nodes that share userdb start one after another: starting together, they can break each other's first entries. */
function withStartOrder(nodes: readonly Node[]): Node[] {
  const row = nodes.filter((node) => node.databases.includes("userdb"));
  return nodes.map((node) => {
    const before = row[row.indexOf(node) - 1];
    return before ? { ...node, startsAfter: [before.name] } : node;
  });
}

function buildEnvironments(settings: Settings, nodes: readonly Node[]): GatewayEnvironment[] {
  return nodesOf({ nodes }, "gateway").map((gateway) => ({
    name: "Production and Sandbox",
    type: "hybrid",
    managementHost: gateway.hostName,
    managementPort: gateway.ports.managementHttps,
    apiHost: gateway.hostName,
    apiHttpPort: settings.gatewayHttpPort,
    apiHttpsPort: settings.gatewayHttpsPort,
  }));
}

function buildBalancer(settings: Settings, nodes: readonly Node[]): Balancer {
  const route = (name: string, role: Role, listenPort: number, tls: boolean, portOf: (node: Node) => number) => ({
    name,
    role,
    host: settings[`${role}Host`],
    listenPort,
    tls,
    sticky: role === "publisher" || role === "store",
    targets: nodesOf({ nodes }, role).map((node) => ({ node: node.name, address: node.address, port: portOf(node) })),
  });
  const internal = { https: 8443, gatewayHttps: 8243, gatewayHttp: 8280 };
  return {
    name: "loadbalancer",
    address: hostAddress(settings.networkSubnet, balancerAddress),
    routes: [
      ...roles.map((role) =>
        route(role.toLowerCase(), role, internal.https, true, (node) => node.ports.managementHttps),
      ),
      route("api-https", "gateway", internal.gatewayHttps, true, (node) => node.ports.apiHttps),
      route("api-http", "gateway", internal.gatewayHttp, false, (node) => node.ports.apiHttp),
    ],
    ports: [
      { name: "https", internal: internal.https, published: settings.httpsPort },
      { name: "gatewayHttps", internal: internal.gatewayHttps, published: settings.gatewayHttpsPort },
      { name: "gatewayHttp", internal: internal.gatewayHttp, published: settings.gatewayHttpPort },
    ],
  };
}
