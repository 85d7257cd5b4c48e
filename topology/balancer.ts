import { type Role, roleRecords, roles } from "../product/roles";
import type { Settings } from "../settings";
import { networkAddress } from "./addresses";
import { connectionsWith } from "./balancerMemory";
import type { Balancer, BalancerRoute, Entrance, Node } from "./model";
import { isWorker } from "./nodes";
import { constraintsOf } from "./placement";

const balancerAddress = 11;
const filesAddress = 12;
const revisionPort = 8404;
/** What the balancer listens on for the ports that the host publishes. */
const listen: Readonly<Record<Entrance, number>> = { https: 8443, gatewayHttps: 8243, gatewayHttp: 8280 };

type Port = "managementHttps" | "apiHttps" | "apiHttp";

/** Nodes with the same host name: those of a role, or of a gateway environment. */
interface Group {
  readonly role: Role;
  /** Stable part of the routes' names, e.g. `gateway`. */
  readonly name: string;
  /** The end of the API routes' names, e.g. `-sandbox`. */
  readonly suffix: string;
  readonly hostName: string;
  readonly nodes: readonly Node[];
}

/** Where a route listens. */
type Place = Pick<BalancerRoute, "listenPort" | "published">;

/** Who answers to a host name inside the network. */
export interface Front {
  /** A node's name, or `loadbalancer`. */
  readonly to: string;
  readonly address: string;
}

export function buildBalancer(settings: Settings, nodes: readonly Node[]): Omit<Balancer, "startsAfter"> {
  const groups = groupsOf(nodes);
  const serving = groups.filter(({ role }) => roleRecords[role].servesApis);
  const published: Readonly<Record<Entrance, number>> = {
    https: settings.httpsPort,
    gatewayHttps: settings.gatewayHttpsPort,
    gatewayHttp: settings.gatewayHttpPort,
  };
  const at = (entrance: Entrance): Place => ({
    listenPort: listen[entrance],
    published: { entrance, port: published[entrance] },
  });
  const routes = [
    ...groups.flatMap((group) => route(group.name, group, at("https"), "managementHttps")),
    ...serving.flatMap((group) => route(`api-https${group.suffix}`, group, at("gatewayHttps"), "apiHttps")),
    ...serving.flatMap((group) => route(`api-http${group.suffix}`, group, at("gatewayHttp"), "apiHttp")),
    // On a swarm, the machine on which a node runs is not known, so that its own port is reached through the balancer.
    ...(settings.platform === "swarm" ? nodes.flatMap((node) => nodeRoute(node, at("https"))) : []),
  ];
  const internalRoutes = groups.filter(isShared).flatMap(internalRoutesOf);
  return {
    name: "loadbalancer",
    address: addressOf(settings),
    aliases: [],
    constraints: constraintsOf(settings, "balancerPlacement"),
    replicas: settings.platform === "swarm" ? settings.balancerReplicas : 1,
    files: { name: "loadbalancer-files", address: networkAddress(settings, filesAddress, "loadbalancer-files") },
    revisionPort,
    routes,
    internalRoutes,
    maxConnections: connectionsWith(settings.balancerMemory, [...routes, ...internalRoutes]),
    ports: (Object.keys(listen) as Entrance[]).map((name) => ({
      name,
      internal: listen[name],
      published: published[name],
    })),
  };
}

/**
 * Host name of a role or an environment -> who answers to it inside the network: the node when it is alone, otherwise the
 * balancer. For some roles it is always the balancer (RoleRecord `alwaysBalanced`).
 */
export function buildFronts(settings: Settings, nodes: readonly Node[]): ReadonlyMap<string, Front> {
  return new Map(
    groupsOf(nodes).map((group) => {
      const [first] = group.nodes;
      if (!first || isShared(group)) return [group.hostName, { to: "loadbalancer", address: addressOf(settings) }];
      return [group.hostName, { to: first.name, address: first.address }];
    }),
  );
}

function addressOf(settings: Settings): string {
  return networkAddress(settings, balancerAddress, "loadbalancer");
}

function groupsOf(nodes: readonly Node[]): Group[] {
  return roles.flatMap((role) => {
    const own = nodes.filter((node) => node.role === role);
    return [...new Set(own.map(({ hostName }) => hostName))].map((hostName, position) => {
      const members = own.filter((node) => node.hostName === hostName);
      const suffix = position === 0 ? "" : `-${members[0]?.environment}`;
      return { role, name: `${roleRecords[role].name}${suffix}`, suffix, hostName, nodes: members };
    });
  });
}

function isShared({ role, nodes }: Group): boolean {
  return nodes.length > 1 || roleRecords[role].alwaysBalanced === true;
}

/** What other nodes call: the same ports as those of a node that is alone, so that no file of theirs changes. */
function internalRoutesOf(group: Group): BalancerRoute[] {
  const [first] = group.nodes;
  if (!first) return [];
  const served: readonly Port[] = roleRecords[group.role].servesApis
    ? ["managementHttps", "apiHttps", "apiHttp"]
    : ["managementHttps"];
  return served
    .filter((port) => !isPublishedPort(first.ports[port], port))
    .flatMap((port) =>
      route(`internal-${group.name}-${port.toLowerCase()}`, group, { listenPort: first.ports[port] }, port),
    );
}

/** With offset 0, a gateway's API ports are the ports on which the balancer already listens for outside callers. */
function isPublishedPort(number: number, port: Port): boolean {
  return (
    (port === "apiHttps" && number === listen.gatewayHttps) || (port === "apiHttp" && number === listen.gatewayHttp)
  );
}

/** @param servers the nodes that take the requests. @default those of the group that serve the port */
function route(
  name: string,
  { role, hostName, nodes }: Group,
  place: Place,
  port: Port,
  servers = serversFor(port, nodes),
): BalancerRoute[] {
  if (servers.length === 0) return [];
  const { sessions, calledByNodes, servesApis } = roleRecords[role];
  const isManagement = port === "managementHttps";
  const isKeyService = calledByNodes === true && !place.published;
  const hasSessions = isManagement && (sessions === "always" || servers.length > 1);
  return [
    {
      name,
      traffic: isManagement ? "management" : "calls",
      role,
      host: hostName,
      ...place,
      tls: port !== "apiHttp",
      ...(hasSessions && { sticky: isKeyService ? "server cookie" : "balancer cookie" }),
      repeats: isKeyService ? "all" : isManagement ? "unsent" : "safe",
      // An API is deployed by one of the gateways that share the directory.
      firstOnly: isManagement && servesApis !== undefined,
      targets: servers.map((node) => ({ node: node.name, address: node.address, port: node.ports[port] })),
    },
  ];
}

/** Management of one node, under its own name. The node gets the host name that it has in its files. */
function nodeRoute(node: Node, place: Place): BalancerRoute[] {
  const { role, hostName, nodeHostName } = node;
  const group = { role, name: node.name, suffix: "", hostName: nodeHostName, nodes: [node] };
  // A worker too, which takes no management requests of others.
  return route(`node-${node.name}`, group, place, "managementHttps", [node]).map((found) => ({
    ...found,
    forwardedHost: hostName,
  }));
}

/** Management is that of the managers; calls go to their workers, if there are any. */
function serversFor(port: Port, nodes: readonly Node[]): readonly Node[] {
  const workers = nodes.filter(isWorker);
  if (port === "managementHttps") return nodes.filter((node) => !isWorker(node));
  return workers.length > 0 ? workers : nodes;
}
