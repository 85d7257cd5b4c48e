import { type Role, roles } from "../product/roles";
import type { Settings } from "../settings";
import { parseEnvironments } from "../settings/environments";
import { hostAddress, hostNumber, publishedManagementPort, type Slot } from "./addresses";
import { databasesFor, usedBy } from "./databases";
import type { DatabaseUser, Node } from "./model";

/** Document table "Port Offset": the standard ports before their offset. */
const basePorts = { managementHttps: 9443, managementHttp: 9763, apiHttps: 8243, apiHttp: 8280 } as const;
/** Not shifted by Ports/Offset. */
const thriftPort = 10397;
const clusterPort = 4000;

const profiles: Readonly<Record<Role, string>> = {
  keyManager: "api-key-manager",
  gateway: "gateway-manager",
  publisher: "api-publisher",
  store: "api-store",
};
const workerProfile = "gateway-worker";

/** What tells one node from the others of its role. */
interface Place extends Slot {
  readonly name: string;
  /** What its own host name has behind the role's first label, e.g. `-1`. */
  readonly suffix: string;
  readonly index: number;
  readonly hostName: string;
  readonly profile: string;
  /** Name of the gateway environment; undefined for the other roles. */
  readonly environmentName?: string;
  /** Whose volumes it mounts: its environment's, or its own. Nodes other than gateways have none. */
  readonly volumeOwner?: string;
}

/** Every product node, in the order of the roles; nobody waits for another yet. */
export function buildNodes(settings: Settings, users: readonly DatabaseUser[]): Node[] {
  const nodes = roles.flatMap((role) => placesOf(settings, role)).map((place) => buildNode(settings, place, users));
  return withClusters(settings, nodes);
}

/** Whether the node takes API calls for a manager, which has the APIs deployed. */
export function isWorker({ profile }: Node): boolean {
  return profile === workerProfile;
}

/**
 * Host name of a gateway environment: `gatewayHost` for the first, `<name>-<gatewayHost>` for each further one.
 *
 * @param position in the setting `gatewayEnvironments`, from 0
 */
function environmentHost({ gatewayHost }: Pick<Settings, "gatewayHost">, name: string, position: number): string {
  return position === 0 ? gatewayHost : `${name}-${gatewayHost}`;
}

/** A node's own host name, e.g. (`gateway.apim-wso2.com`, `-1`) -> `gateway-1.apim-wso2.com`. */
export function nodeHost(hostName: string, suffix: string): string {
  return hostName.replace(/^[^.]+/, (label) => `${label}${suffix}`);
}

function placesOf(settings: Settings, role: Role): Place[] {
  const count = settings[`${role}Replicas`];
  if (role !== "gateway")
    return ordinals(count).map((index) => ({
      role,
      environment: 0,
      ordinal: index,
      name: `${role.toLowerCase()}-${index}`,
      suffix: `-${index}`,
      index,
      hostName: settings[`${role}Host`],
      profile: profiles[role],
    }));
  return parseEnvironments(settings.gatewayEnvironments).flatMap(({ name }, position) => {
    const prefix = position === 0 ? "gateway" : `gateway-${name}`;
    const common = {
      role,
      environment: position,
      environmentName: name,
      hostName: environmentHost(settings, name, position),
      volumeOwner: prefix,
    };
    const gateways = ordinals(count).map((index) => ({
      ...common,
      ordinal: index,
      name: `${prefix}-${index}`,
      suffix: `-${index}`,
      index,
      profile: profiles.gateway,
    }));
    const workers = ordinals(settings.gatewayWorkers).map((index) => ({
      ...common,
      ordinal: count + index,
      name: `${prefix}-worker-${index}`,
      suffix: `-worker-${index}`,
      index: count + index,
      profile: workerProfile,
      // The synchronizer checks out into a directory of the worker's own.
      ...(settings.deploymentSynchronizer !== "off" && { volumeOwner: `${prefix}-worker-${index}` }),
    }));
    return [...gateways, ...workers];
  });
}

function ordinals(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number + 1);
}

function buildNode(settings: Settings, place: Place, users: readonly DatabaseUser[]): Node {
  const { role, name, index, hostName, suffix, profile, environmentName } = place;
  const offset = offsetOf(settings, role);
  const databases = databasesFor(settings, role);
  return {
    name,
    role,
    index,
    ...(environmentName !== undefined && { environment: environmentName }),
    hostName,
    nodeHostName: nodeHost(hostName, suffix),
    address: hostAddress(settings.networkSubnet, hostNumber(place)),
    offset,
    ports: {
      managementHttps: basePorts.managementHttps + offset,
      managementHttp: basePorts.managementHttp + offset,
      apiHttps: basePorts.apiHttps + offset,
      apiHttp: basePorts.apiHttp + offset,
      thrift: thriftPort,
    },
    publishedPort: publishedManagementPort(settings, place),
    databases,
    databaseUsers: users.filter(
      (user) => usedBy(role, user) && user.databases.some((database) => databases.includes(database)),
    ),
    profile,
    carbonHome: `/mnt/${name}/wso2am`,
    volumes: place.volumeOwner === undefined ? [] : gatewayVolumes(settings, place.volumeOwner),
    startsAfter: [],
  };
}

/** What is published to a gateway: its APIs and sequences, and with tenants those of each tenant. */
function gatewayVolumes({ multiTenancy }: Settings, owner: string): Node["volumes"] {
  const own = { name: `${owner}-synapse-configs`, path: "repository/deployment/server/synapse-configs/default" };
  return multiTenancy ? [own, { name: `${owner}-tenants`, path: "repository/tenants" }] : [own];
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

/**
 * Publishers and Stores are one Hazelcast cluster, so that a published API clears the Stores' registry cache; the gateways
 * of an environment are one, and so are the Key Managers: a revoked token leaves the cache of each.
 */
function withClusters(settings: Settings, nodes: readonly Node[]): Node[] {
  const domains = nodes.map((node) => clusterDomain(settings, node));
  return nodes.map((node, position) => {
    const domain = domains[position];
    if (domain === undefined) return node;
    const others = nodes.filter((other, index) => domains[index] === domain && other !== node);
    return {
      ...node,
      cluster: {
        domain,
        localHost: node.address,
        localPort: clusterPort,
        members: others.map(({ address }) => ({ host: address, port: clusterPort })),
      },
    };
  });
}

function clusterDomain(settings: Settings, { role, environment }: Node): string | undefined {
  if (role === "publisher" || role === "store") return settings.clusterDomain;
  if (role === "keyManager") return settings.keyManagerReplicas > 1 ? settings.keyManagerClusterDomain : undefined;
  if (settings.gatewayReplicas + settings.gatewayWorkers === 1) return undefined;
  const [first] = parseEnvironments(settings.gatewayEnvironments);
  return environment === first?.name
    ? settings.gatewayClusterDomain
    : `${settings.gatewayClusterDomain}.${environment}`;
}
