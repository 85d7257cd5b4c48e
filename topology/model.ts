import type { DatabaseName, SecretName } from "../product/databases";
import type { Role } from "../product/roles";
import type { Settings } from "../settings";
import type { EnvironmentType } from "../settings/environments";

/** One schema on the MySQL server. */
export interface Database {
  readonly name: DatabaseName;
  /** Its name on the server: the setting `databasePrefix`, then `name`. */
  readonly schema: string;
  /** Host name under which the nodes reach it: an alias, e.g. `apimgtdb.mysql-wso2.com`, or the server's own. */
  readonly hostName: string;
  /** Path of its script below APIM_HOME, e.g. `dbscripts/apimgt/mysql.sql`. */
  readonly script: string;
  readonly characterSet: string;
  readonly collation: string;
}

/** A MySQL account with grants for exactly `databases`: one per role, and one for each database with a shared account. */
export interface DatabaseUser {
  readonly name: string;
  readonly databases: readonly DatabaseName[];
  readonly secret: SecretName;
}

/** Ports that a node listens on, with its offset added. */
export interface NodePorts {
  /** 9443 + offset: management console, web applications, admin services; the port of the health check. */
  readonly managementHttps: number;
  /** 9763 + offset. */
  readonly managementHttp: number;
  /** 8243 + offset: the gateway's API traffic. */
  readonly apiHttps: number;
  /** 8280 + offset. */
  readonly apiHttp: number;
  /** 10397, never shifted: Thrift key validation, served by Key Managers. */
  readonly thrift: number;
}

/** Membership of a Hazelcast cluster by well-known addresses (axis2.xml `clustering`). */
export interface ClusterMembership {
  readonly domain: string;
  /** This node's own address and port as advertised to the others. */
  readonly localHost: string;
  readonly localPort: number;
  /** The other members: never this node itself. */
  readonly members: readonly { readonly host: string; readonly port: number }[];
}

/** How a server is reached on the deployment's network: an IPv4 address on one Docker engine, a host name on a swarm. */
export type NetworkAddress = string;

/** A host name, and the address that it stands for. */
export interface NamedAddress {
  readonly host: string;
  readonly address: NetworkAddress;
}

/** What the program must know of the machines of a swarm. The addresses are those at which a client reaches them. */
export interface Machines {
  /** That for which the images are built, as Docker calls it, e.g. `amd64`. */
  readonly architecture: string;
  /** The machines that may have a load balancer. */
  readonly balancers: readonly string[];
  /** That of the deployment's own MySQL. */
  readonly database: string;
  /** The names of all machines. */
  readonly names: readonly string[];
}

/** One product server. */
export interface Node {
  /** Stable, e.g. `keymanager-1`: the name of the component, of the container (behind the prefix) and of its host. */
  readonly name: string;
  readonly role: Role;
  /** From 1, within the role; for gateways within their environment, where workers follow their manager. */
  readonly index: number;
  /** Name of its gateway environment (setting `gatewayEnvironments`); gateways only. */
  readonly environment?: string;
  /** Host name of the role or environment in every URL, in browsers too, e.g. `keymanager.apim-wso2.com`. */
  readonly hostName: string;
  /** This node's own name, e.g. `keymanager-1.apim-wso2.com`. */
  readonly nodeHostName: string;
  readonly address: NetworkAddress;
  /** Names by which the network's name server knows it besides `address`; none when `address` is an IPv4 address. */
  readonly aliases: readonly string[];
  /** The machines of a swarm that it may run on, as constraints of Swarm; none: any machine. */
  readonly constraints: readonly string[];
  readonly offset: number;
  readonly ports: NodePorts;
  /** Where the host publishes `ports.managementHttps` (on `Topology.managementAddress`). On a swarm, no host does. */
  readonly publishedPort?: number;
  readonly databases: readonly DatabaseName[];
  /** The accounts in `Topology.databaseUsers` that this node uses: together they cover `databases`, each once. */
  readonly databaseUsers: readonly DatabaseUser[];
  readonly cluster?: ClusterMembership;
  /** The value of `-Dprofile`. */
  readonly profile: string;
  /** CARBON_HOME, different on each node, e.g. `/mnt/keymanager-1/wso2am`. */
  readonly carbonHome: string;
  /** Directories that outlive its container; `path` is below APIM_HOME. Nodes that name the same volume share it. */
  readonly volumes: readonly { readonly name: string; readonly path: string }[];
  /** Names of the nodes, or `loadbalancer`, that must be healthy before this one starts. */
  readonly startsAfter: readonly string[];
}

export type LinkProtocol = "jdbc" | "https" | "http" | "thrift" | "hazelcast";

/** A connection that a file of the node `from` configures. */
export interface Link {
  /** Unique and stable, e.g. `publisher-1 -> regdb (registry)`. */
  readonly id: string;
  /** A node's name, or `loadbalancer`. */
  readonly from: string;
  /** Name of a node or of a database, or `loadbalancer` if the load balancer answers to the host name. */
  readonly to: string;
  readonly protocol: LinkProtocol;
  readonly host: string;
  readonly port: number;
  /** The file that configures it, below APIM_HOME. */
  readonly file: string;
  /** The element in that file, e.g. `APIKeyValidator/ServerURL`. */
  readonly element: string;
  /** What stops working without it, in one line. */
  readonly why: string;
  /** The first version of the product that has the link. @default all versions */
  readonly since?: string;
}

/** A gateway that APIs are published to (api-manager.xml `Environments`). */
export interface GatewayEnvironment {
  readonly name: string;
  readonly type: EnvironmentType;
  /** Host and port of the gateway's management services. */
  readonly managementHost: string;
  readonly managementPort: number;
  /** Where API consumers call: host name and the balancer's published ports. */
  readonly apiHost: string;
  readonly apiHttpPort: number;
  readonly apiHttpsPort: number;
}

/** A port of the load balancer that the host publishes: for browsers, and for API calls with and without TLS. */
export type Entrance = "https" | "gatewayHttps" | "gatewayHttp";

/** A front of the load balancer: requests for `host` on `listenPort` go to `targets`. */
export interface BalancerRoute {
  readonly name: string;
  /** `calls`: API traffic of consumers. `management`: consoles, web applications, services between the nodes. */
  readonly traffic: "calls" | "management";
  readonly role: Role;
  readonly host: string;
  /** The host name that the node gets in the request. @default the request's own */
  readonly forwardedHost?: string;
  /** Port inside the balancer's container. */
  readonly listenPort: number;
  /** Where the host publishes `listenPort`; undefined: only the nodes call it. */
  readonly published?: { readonly entrance: Entrance; readonly port: number };
  readonly tls: boolean;
  /**
   * The cookie that keeps a session on its node. `balancer cookie`: the load balancer sets one. `server cookie`: it uses
   * the server's JSESSIONID, for clients that return only that cookie. @default requests go to any node
   */
  readonly sticky?: "balancer cookie" | "server cookie";
  /**
   * Which requests may be sent to another node when the first one did not answer: all, or those with a safe method. `unsent`:
   * only those that did not reach the node.
   */
  readonly repeats: "all" | "safe" | "unsent";
  /** True: the first target takes all requests as long as it is up. False: each target takes its share. */
  readonly firstOnly: boolean;
  readonly targets: readonly { readonly node: string; readonly address: string; readonly port: number }[];
}

export interface Balancer {
  readonly name: "loadbalancer";
  readonly address: NetworkAddress;
  /** As {@link Node.aliases}. */
  readonly aliases: readonly string[];
  /** As {@link Node.constraints}. */
  readonly constraints: readonly string[];
  /** How many there are, each on a machine of its own. */
  readonly replicas: number;
  /** Fronts that the host publishes. */
  readonly routes: readonly BalancerRoute[];
  /**
   * Fronts inside the network, on the ports that a single node would have; not published. Gateway environments have them,
   * and roles with several nodes.
   */
  readonly internalRoutes: readonly BalancerRoute[];
  /** How many connections of clients it accepts at once; further ones wait. */
  readonly maxConnections: number;
  /** The container that brings the load balancer's files, so that it can load others without being replaced. */
  readonly files: { readonly name: "loadbalancer-files"; readonly address: string };
  /** Port inside the container at which it tells the revision of the files that it has loaded. */
  readonly revisionPort: number;
  /** Names of the nodes that must be healthy before it starts. */
  readonly startsAfter: readonly string[];
  /** Ports inside the container and where the host publishes them. */
  readonly ports: readonly { readonly name: Entrance; readonly internal: number; readonly published: number }[];
}

interface DatabaseServer {
  readonly name: "mysql";
  /** Port at which the nodes reach it. */
  readonly port: number;
  /** Where the program reaches it. */
  readonly endpoint: { readonly host: string; readonly port: number };
}

/** A container of the deployment. */
export interface OwnDatabaseServer extends DatabaseServer {
  readonly external: false;
  readonly address: NetworkAddress;
  /** As {@link Node.aliases}. */
  readonly aliases: readonly string[];
  /** As {@link Node.constraints}. */
  readonly constraints: readonly string[];
  /** Where the host publishes `port`. */
  readonly publishedPort: number;
  /** How many connections it takes at once. */
  readonly maxConnections: number;
}

/** A server that the user runs. */
export interface ExternalDatabaseServer extends DatabaseServer {
  readonly external: true;
  readonly adminUser: string;
  /** True: somebody else creates the databases. */
  readonly databasesExist: boolean;
}

/** Plain data: everything that has a name, an address or a port. */
export interface Topology {
  /** Prefix of every Docker object's name, e.g. `apim-dev`. */
  readonly prefix: string;
  /** What runs the servers: containers on one Docker engine, or services on a swarm. */
  readonly platform: Settings["platform"];
  readonly network: {
    readonly name: string;
    readonly driver: "bridge" | "overlay";
    readonly subnet: string;
    readonly gateway: string;
  };
  readonly nodes: readonly Node[];
  /** Names of all nodes and of the load balancer, each behind those that it starts after. */
  readonly startOrder: readonly string[];
  readonly databases: readonly Database[];
  readonly databaseUsers: readonly DatabaseUser[];
  readonly databaseServer: OwnDatabaseServer | ExternalDatabaseServer;
  /** How many connections the nodes open at most, all data sources together. */
  readonly databaseConnections: number;
  readonly environments: readonly GatewayEnvironment[];
  readonly balancer: Balancer;
  readonly links: readonly Link[];
  /**
   * Host names of the whole deployment that stand for an IPv4 address, in order; `hostsOf` says which of them a node needs.
   * The network's name server answers for the others (`aliases`).
   */
  readonly hosts: readonly { readonly host: string; readonly ip: string }[];
  /** The architecture of the machines: services run on others only if they have the same. */
  readonly architecture: string;
  /** Every DNS name and address that the nodes' certificate must carry. */
  readonly certificateNames: readonly string[];
  /** The host's address on which the load balancer's ports are published, e.g. `127.0.0.1`. On a swarm, all addresses. */
  readonly publishAddress: string;
  /** The same for the nodes' management ports and MySQL's. */
  readonly managementAddress: string;
  /** The address at which a client on the host reaches the load balancer. On a swarm, the first of several. */
  readonly reachableAddress: string;
  /** Further addresses of machines of a swarm that may have a load balancer. */
  readonly furtherAddresses: readonly string[];
  /**
   * The address at which a client on the host reaches the nodes' management ports: their own published ports, or those of the
   * load balancer on a swarm.
   */
  readonly reachableManagementAddress: string;
  /** How gateways validate keys. */
  readonly keyValidatorClient: "ThriftClient" | "WSClient";
}
