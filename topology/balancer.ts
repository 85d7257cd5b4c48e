import { roles } from "../product/roles";
import type { Settings } from "../settings";
import { hostAddress } from "./addresses";
import type { Balancer, BalancerRoute, Node } from "./model";
import { isWorker } from "./nodes";

const balancerAddress = 11;
/** What the balancer listens on for the ports that the host publishes. */
const listen = { https: 8443, gatewayHttps: 8243, gatewayHttp: 8280 } as const;

/**
 * HAProxy 2.6 itself was seen to take 22 to 28 MiB, with 9 to 256 servers, and 106 KiB for each connection with TLS on
 * both sides and a request under way. Twice as much for each leaves room for what the kernel buffers.
 */
const ownMegabytes = 24;
const connectionsPerMegabyte = 5;

type Ports = Node["ports"];

/** Nodes that share a host name; the role's, or a gateway environment's. */
interface Group {
  /** Stable part of the routes' names, e.g. `gateway`. */
  readonly name: string;
  /** What API routes have behind their name, e.g. `-sandbox`. */
  readonly suffix: string;
  readonly nodes: readonly Node[];
}

/** Who answers to a host name inside the network. */
export interface Front {
  /** A node's name, or `loadbalancer`. */
  readonly to: string;
  readonly address: string;
}

export function buildBalancer(settings: Settings, nodes: readonly Node[]): Omit<Balancer, "startsAfter"> {
  const groups = groupsOf(nodes);
  return {
    name: "loadbalancer",
    address: addressOf(settings),
    routes: [
      ...groups.flatMap((group) =>
        route(group.name, group.nodes.filter(hasManagement), listen.https, "managementHttps"),
      ),
      ...groups.flatMap((group) => apiRoute("api-https", group, listen.gatewayHttps, "apiHttps")),
      ...groups.flatMap((group) => apiRoute("api-http", group, listen.gatewayHttp, "apiHttp")),
    ],
    internalRoutes: groups.filter(isShared).flatMap(internalRoutes),
    maxConnections: connectionsPerMegabyte * (settings.balancerMemory - ownMegabytes),
    ports: [
      { name: "https", internal: listen.https, published: settings.httpsPort },
      { name: "gatewayHttps", internal: listen.gatewayHttps, published: settings.gatewayHttpsPort },
      { name: "gatewayHttp", internal: listen.gatewayHttp, published: settings.gatewayHttpPort },
    ],
  };
}

/**
 * Host name of a role or an environment -> who answers to it inside the network: the node when it is alone, else the
 * balancer. For gateways always the balancer, so that nobody else is touched when gateways come and go.
 */
export function buildFronts(settings: Settings, nodes: readonly Node[]): ReadonlyMap<string, Front> {
  return new Map(
    groupsOf(nodes).map((group) => {
      const [first] = group.nodes;
      if (!first) throw new Error(`topology: no node answers to ${group.name}`);
      return [
        first.hostName,
        isShared(group)
          ? { to: "loadbalancer", address: addressOf(settings) }
          : { to: first.name, address: first.address },
      ];
    }),
  );
}

function addressOf({ networkSubnet }: Settings): string {
  return hostAddress(networkSubnet, balancerAddress);
}

function groupsOf(nodes: readonly Node[]): Group[] {
  return roles.flatMap((role) => {
    const own = nodes.filter((node) => node.role === role);
    return [...new Set(own.map(({ hostName }) => hostName))].map((host, position) => {
      const members = own.filter(({ hostName }) => hostName === host);
      const suffix = position === 0 ? "" : `-${members[0]?.environment}`;
      return { name: `${role.toLowerCase()}${suffix}`, suffix, nodes: members };
    });
  });
}

function isShared({ nodes }: Group): boolean {
  return nodes.length > 1 || nodes[0]?.role === "gateway";
}

/** Workers have no management of their own: their manager has it. */
function hasManagement(node: Node): boolean {
  return !isWorker(node);
}

function apiRoute(name: string, { suffix, nodes }: Group, listenPort: number, port: keyof Ports): BalancerRoute[] {
  const gateways = nodes.filter(({ role }) => role === "gateway");
  return route(`${name}${suffix}`, servingCalls(gateways), listenPort, port);
}

/** The workers, where there are any. */
function servingCalls(gateways: readonly Node[]): readonly Node[] {
  const workers = gateways.filter(isWorker);
  return workers.length > 0 ? workers : gateways;
}

/** What other nodes call: the same ports as on a node that is alone, so that no file of theirs changes. */
function internalRoutes({ name, nodes }: Group): BalancerRoute[] {
  const [first] = nodes;
  if (!first) return [];
  const own: readonly (keyof Ports)[] =
    first.role === "gateway" ? ["managementHttps", "apiHttps", "apiHttp"] : ["managementHttps"];
  return own
    .filter((port) => port === "managementHttps" || !isPublishedPort(first.ports[port], port))
    .flatMap((port) => {
      const servers = port === "managementHttps" ? nodes.filter(hasManagement) : servingCalls(nodes);
      return route(`internal-${name}-${port.toLowerCase()}`, servers, first.ports[port], port);
    });
}

/** Without an offset, the API ports are those that the balancer has for callers from outside. */
function isPublishedPort(number: number, port: keyof Ports): boolean {
  return number === (port === "apiHttps" ? listen.gatewayHttps : listen.gatewayHttp);
}

function route(name: string, nodes: readonly Node[], listenPort: number, port: keyof Ports): BalancerRoute[] {
  const [first] = nodes;
  if (!first) return [];
  const { role, hostName } = first;
  const isManagement = port === "managementHttps";
  return [
    {
      name,
      traffic: isManagement ? "management" : "calls",
      role,
      host: hostName,
      listenPort,
      tls: isManagement || port === "apiHttps",
      // Sessions live on one node.
      sticky: isManagement && (role === "publisher" || role === "store" || nodes.length > 1),
      // What is deployed is written by one of those that share the directory.
      firstOnly: isManagement && role === "gateway",
      targets: nodes.map((node) => ({ node: node.name, address: node.address, port: node.ports[port] })),
    },
  ];
}
