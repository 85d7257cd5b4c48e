import type { DatabaseName } from "../databases";
import type { ConfigurationFile } from "../files";

/** A connection that a file of the role configures. */
export interface Call<R extends string = string> {
  /** The role that is called. */
  readonly to: R;
  /** True: one connection to each gateway environment, `{environment}` in `element` is its name. @default false */
  readonly eachEnvironment?: boolean;
  readonly port: "managementHttps" | "apiHttps" | "thrift";
  /** The file and the element in it that decide the connection. */
  readonly file: ConfigurationFile;
  readonly element: string;
  /** What does not work without it. */
  readonly why: string;
  /** True: APIs are deployed over it. @default false */
  readonly deploysApis?: boolean;
  /** The first version whose file has the element; before it, the connection does not exist. @default all versions */
  readonly since?: string;
  /** The connection exists only with this key validation client. @default with either */
  readonly onlyWith?: "ThriftClient" | "WSClient";
}

/** A Hazelcast cluster (axis2.xml `clustering`). Roles with the same setting are members of one cluster. */
export interface ClusterRecord<S extends string = string> {
  /** The setting that holds the domain. */
  readonly setting: S;
  /** The setting's default. */
  readonly domain: string;
  /** When the nodes form a cluster: always, or as soon as the role has several nodes. */
  readonly when: "always" | "several";
  /** What does not work without it. */
  readonly why: string;
}

/** A directory that outlives the container. */
export interface VolumeRecord {
  /** Behind the name of the environment's gateways, e.g. `synapse-configs`. */
  readonly suffix: string;
  /** Below APIM_HOME. */
  readonly path: string;
  /** True: only with the setting `multiTenancy`. @default false */
  readonly onlyWithTenants?: boolean;
}

/** What the product calls a component: everything in which its nodes differ from those of another role. */
export interface RoleRecord<R extends string = string, S extends string = string> {
  /** For people, e.g. `Key Manager`. */
  readonly title: string;
  /** One clause for documentation: what nodes of this role do. */
  readonly purpose: string;
  /** What its nodes, containers and accounts are called, e.g. `keymanager`: lower case. */
  readonly name: string;
  /** The default of the setting with its host name. */
  readonly host: string;
  /** The value of `-Dprofile`. */
  readonly profile: string;
  /** Its place in the WSO2 guide's table "Port Offset", from 0: the offset, and the published management port. */
  readonly offset: number;
  /** Number of its first node's address in the network; a role has room for 20 nodes. */
  readonly firstAddress: number;
  /** The databases that its nodes use. @see the WSO2 guide, "The API Manager components use the databases as follows" */
  readonly databases: {
    readonly always: readonly DatabaseName[];
    /** Those that it uses besides with the setting `multiTenancy`. */
    readonly withTenants: readonly DatabaseName[];
  };
  /**
   * Symbolic names of OSGi bundles that its nodes need, and that the pack's list of bundles for its profile may lack.
   * @default none
   */
  readonly bundles?: readonly string[];
  /** The configuration files that its nodes get. */
  readonly files: readonly ConfigurationFile[];
  /** Whom its nodes call, in the order of the files. */
  readonly calls: readonly Call<R>[];
  readonly cluster?: ClusterRecord<S>;
  /**
   * True: the role has one group of nodes for each gateway environment, which serves the API ports, and may have workers.
   * @default false
   */
  readonly servesApis?: {
    /** The value of `-Dprofile` of a worker. */
    readonly workerProfile: string;
  };
  readonly volumes: readonly VolumeRecord[];
  /** Who answers to the role's host name inside the network when it has one node. @default the node */
  readonly alwaysBalanced?: boolean;
  /** When the load balancer keeps a session on its node: always, or as soon as there are several nodes. */
  readonly sessions: "always" | "several";
  /**
   * True: the other nodes call it through the load balancer when it has several nodes. A request may be sent to another
   * node a second time, and sessions follow the server's own cookie (JSESSIONID), since Axis2 returns no other cookie.
   * @default false
   */
  readonly calledByNodes?: boolean;
  /** When its nodes start: before the load balancer, one after another around it, or after it. */
  readonly starts: "before balancer" | "around balancer" | "after balancer";
  /** What it does with JSON Web Tokens for back ends. @default nothing */
  readonly jwt?: "issues" | "forwards";
  /** True: its pages call APIs, so gateways accept calls from them (CORS). @default false */
  readonly callsApis?: boolean;
  /** True: it sends events to the analytics server, or shows its statistics. @default false */
  readonly usesAnalytics?: boolean;
  /** True: clients use the identity services of its nodes, for example the issuer of ID tokens. @default false */
  readonly servesIdentity?: boolean;
  /**
   * What it does with self sign-up: through a node of the role that `configures` it, this deployment writes the registry's
   * resource, before nodes of the role that `offers` it read it. @default nothing
   */
  readonly selfSignUp?: "configures" | "offers";
  /** True: its nodes serve Thrift key validation. @default false */
  readonly servesThrift?: boolean;
  /** Roles whose web applications its pages link to (api-manager.xml `APIStore/URL`, `APIPublisher/URL`). @default none */
  readonly linksTo?: readonly PortalLink<R>[];
}

/** A link on the pages of a role to the web application of a role. */
export interface PortalLink<R extends string = string> {
  readonly to: R;
  /** The element of api-manager.xml that holds the `URL`. */
  readonly element: string;
  /** The path of the web application. */
  readonly path: string;
}
