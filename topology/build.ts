import { isIPv4 } from "node:net";
import type { Settings } from "../settings";
import { parseEnvironments } from "../settings/environments";
import { defaultNamePrefix } from "../settings/field";
import { hostAddress, publishedAddresses } from "./addresses";
import { buildBalancer, buildFronts } from "./balancer";
import { buildDatabaseServer, buildDatabases, buildDatabaseUsers, databaseHosts } from "./databases";
import { certificateNames } from "./hosts";
import { buildLinks } from "./links";
import type { GatewayEnvironment, Machines, NamedAddress, Node, Topology } from "./model";
import { buildNodes } from "./nodes";
import { startOrder } from "./startOrder";

/**
 * Decides every name, address, port and link of the deployment. Pure.
 *
 * @param byDefault begins the Docker objects' names unless `namePrefix` is set. @default apim-<stack>
 * @param machines on a swarm. @default this machine
 */
export function buildTopology(
  settings: Settings,
  byDefault = defaultNamePrefix(settings.stack),
  machines?: Machines,
): Topology {
  const { namePrefix: prefix = byDefault } = settings;
  const databases = buildDatabases(settings);
  const databaseUsers = buildDatabaseUsers(settings);
  const built = buildNodes(settings, databaseUsers);
  const { names: order, startsAfter } = startOrder(built);
  const fronts = buildFronts(settings, built);
  const environments = buildEnvironments(settings, built);
  const { keyValidatorClient, platform } = settings;
  const addresses = publishedAddresses(settings, machines);
  // Machines of a swarm come and go: clients reach them by host names only.
  const ofHost = platform === "swarm" ? [] : [addresses.reachableAddress, addresses.reachableManagementAddress];
  const clientAddresses = new Set(["127.0.0.1", ...ofHost]);
  const server = buildDatabaseServer(settings, machines?.database ?? addresses.reachableManagementAddress);
  const names: readonly NamedAddress[] = [
    ...databaseHosts(databases, server),
    ...[...fronts].map(([host, { address }]) => ({ host, address })),
    ...built.map(({ nodeHostName, address }) => ({ host: nodeHostName, address })),
  ];
  const databaseServer = server.external ? server : { ...server, aliases: aliasesOf(server, names) };
  const nodes = built.map((node) => ({
    ...node,
    aliases: aliasesOf(node, names),
    startsAfter: startsAfter.get(node.name) ?? [],
  }));
  const balancer = buildBalancer(settings, nodes);
  return {
    prefix,
    platform,
    architecture: machines?.architecture ?? "amd64",
    network: {
      name: prefix,
      driver: platform === "swarm" ? "overlay" : "bridge",
      subnet: settings.networkSubnet,
      gateway: hostAddress(settings.networkSubnet, 1),
    },
    nodes,
    startOrder: order,
    databases,
    databaseUsers,
    databaseServer,
    databaseConnections: nodes.flatMap((node) => node.databases).length * settings.poolMaxActive,
    environments,
    balancer: {
      ...balancer,
      aliases: aliasesOf(balancer, names),
      startsAfter: startsAfter.get("loadbalancer") ?? [],
    },
    links: buildLinks({
      nodes,
      fronts,
      databases,
      databasePort: databaseServer.port,
      environments,
      keyValidatorClient,
    }),
    hosts: names.filter(({ address }) => isIPv4(address)).map(({ host, address: ip }) => ({ host, ip })),
    certificateNames: [...certificateNames(nodes), ...clientAddresses],
    ...addresses,
    keyValidatorClient,
  };
}

/** The names that the network's name server must answer with a server which has no IPv4 address. */
function aliasesOf({ address }: Pick<Node, "address">, names: readonly NamedAddress[]): string[] {
  if (isIPv4(address)) return [];
  const hosts = names.filter((each) => each.address === address).map(({ host }) => host);
  return [...new Set(hosts)].filter((host) => host !== address);
}

/** An API is deployed once per environment: the load balancer chooses the gateway that writes it for all of them. */
function buildEnvironments(settings: Settings, nodes: readonly Node[]): GatewayEnvironment[] {
  return parseEnvironments(settings.gatewayEnvironments).flatMap(({ name, type, title }) => {
    const gateway = nodes.find((node) => node.environment === name);
    if (!gateway) return [];
    return {
      name: title,
      type,
      managementHost: gateway.hostName,
      managementPort: gateway.ports.managementHttps,
      apiHost: gateway.hostName,
      apiHttpPort: settings.gatewayHttpPort,
      apiHttpsPort: settings.gatewayHttpsPort,
    };
  });
}
