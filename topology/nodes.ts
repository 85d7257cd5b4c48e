import { basePorts, clusterPort, thriftPort } from "../product/ports";
import { type Role, roleRecords, roles } from "../product/roles";
import type { Settings } from "../settings";
import { parseEnvironments } from "../settings/environments";
import { hostNumber, networkAddress, publishedManagementPort, type Slot } from "./addresses";
import { databasesFor, usedBy } from "./databases";
import type { DatabaseUser, Node } from "./model";
import { constraintsOf, spreadConstraints } from "./placement";

/** A node's place among the others, and what follows from it. */
interface Place extends Slot {
  readonly name: string;
  /** Part of its own host name behind the first label of the role's, e.g. `-1`. */
  readonly suffix: string;
  readonly index: number;
  readonly hostName: string;
  readonly profile: string;
  /** Name of the gateway environment; undefined for the other roles. */
  readonly environmentName?: string;
  /** First part of the names of its volumes: its own name, or that of its environment's gateways, which share them. */
  readonly volumeOwner: string;
}

/** Every product node, in the order of the roles. `startsAfter` and `aliases` are still empty. */
export function buildNodes(settings: Settings, users: readonly DatabaseUser[]): Node[] {
  const places = roles.flatMap((role) => placesOf(settings, role));
  const nodes = places.map((place) => {
    const together = places.filter(({ role, environment }) => role === place.role && environment === place.environment);
    return buildNode(settings, place, users, together.length);
  });
  return withClusters(settings, nodes);
}

/** Whether the node takes API calls for a manager, to which APIs are deployed. */
export function isWorker({ role, profile }: Node): boolean {
  return profile === roleRecords[role].servesApis?.workerProfile;
}

/** CARBON_HOME of a node, e.g. `/mnt/gateway-1/wso2am`: each node has a directory of its own. */
export function carbonHomeOf(name: string): string {
  return `/mnt/${name}/wso2am`;
}

/** A node's own host name, e.g. (`gateway.apim-wso2.com`, `-1`) -> `gateway-1.apim-wso2.com`. */
export function nodeHost(hostName: string, suffix: string): string {
  return hostName.replace(/^[^.]+/, (label) => `${label}${suffix}`);
}

function placesOf(settings: Settings, role: Role): Place[] {
  const { servesApis } = roleRecords[role];
  return servesApis ? placesInEnvironments(settings, role, servesApis.workerProfile) : placesOfReplicas(settings, role);
}

function placesOfReplicas(settings: Settings, role: Role): Place[] {
  const { name: prefix, profile } = roleRecords[role];
  return ordinals(settings[`${role}Replicas`]).map((index) => ({
    role,
    environment: 0,
    ordinal: index,
    name: `${prefix}-${index}`,
    suffix: `-${index}`,
    index,
    hostName: settings[`${role}Host`],
    profile,
    volumeOwner: `${prefix}-${index}`,
  }));
}

/** The host name and node names of the first environment are those of the role; further ones contain their name. */
function placesInEnvironments(settings: Settings, role: Role, workerProfile: string): Place[] {
  const record = roleRecords[role];
  const count = settings[`${role}Replicas`];
  const host = settings[`${role}Host`];
  return parseEnvironments(settings.gatewayEnvironments).flatMap(({ name }, position) => {
    const prefix = position === 0 ? record.name : `${record.name}-${name}`;
    const common = {
      role,
      environment: position,
      environmentName: name,
      hostName: position === 0 ? host : `${name}-${host}`,
      volumeOwner: prefix,
    };
    const replicas = ordinals(count).map((index) => ({
      ...common,
      ordinal: index,
      name: `${prefix}-${index}`,
      suffix: `-${index}`,
      index,
      profile: record.profile,
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
    return [...replicas, ...workers];
  });
}

function ordinals(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number + 1);
}

/** @param count how many nodes there are of its role and, for a gateway, in its environment */
function buildNode(settings: Settings, place: Place, users: readonly DatabaseUser[], count: number): Node {
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
    address: networkAddress(settings, hostNumber(place), nodeHost(hostName, suffix)),
    aliases: [],
    constraints: [
      ...constraintsOf(settings, roleRecords[role].servesApis ? "gatewayPlacement" : "nodePlacement"),
      ...spreadConstraints(settings, index, count),
    ],
    offset,
    ports: {
      managementHttps: basePorts.managementHttps + offset,
      managementHttp: basePorts.managementHttp + offset,
      apiHttps: basePorts.apiHttps + offset,
      apiHttp: basePorts.apiHttp + offset,
      thrift: thriftPort,
    },
    ...(settings.platform === "docker" && { publishedPort: publishedManagementPort(settings, place) }),
    databases,
    databaseUsers: users.filter(
      (user) => usedBy(role, user) && user.databases.some((database) => databases.includes(database)),
    ),
    profile,
    carbonHome: carbonHomeOf(name),
    volumes: volumesOf(settings, role, place.volumeOwner),
    startsAfter: [],
  };
}

function volumesOf({ multiTenancy }: Settings, role: Role, owner: string): Node["volumes"] {
  return roleRecords[role].volumes
    .filter(({ onlyWithTenants }) => multiTenancy || !onlyWithTenants)
    .map(({ suffix, path }) => ({ name: `${owner}-${suffix}`, path }));
}

function offsetOf(settings: Settings, role: Role): number {
  switch (settings.portOffsets) {
    case "standard":
      return roleRecords[role].offset;
    case "none":
      return 0;
    case "custom":
      return settings[`${role}Offset`];
  }
}

/** Nodes with the same cluster domain are members of one Hazelcast cluster. */
function withClusters(settings: Settings, nodes: readonly Node[]): Node[] {
  const domains = nodes.map((node) => clusterDomain(settings, node, nodes));
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

/** Each gateway environment has a domain of its own. */
function clusterDomain(settings: Settings, { role, environment }: Node, nodes: readonly Node[]): string | undefined {
  const { cluster } = roleRecords[role];
  if (!cluster) return undefined;
  const alike = nodes.filter((node) => node.role === role && node.environment === environment);
  if (cluster.when === "several" && alike.length === 1) return undefined;
  const domain = settings[cluster.setting];
  const first = nodes.find((node) => node.role === role)?.environment;
  return environment === first ? domain : `${domain}.${environment}`;
}
