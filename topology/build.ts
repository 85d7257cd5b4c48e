import type { Settings } from "../settings";
import { parseEnvironments } from "../settings/environments";
import { defaultNamePrefix } from "../settings/field";
import { hostAddress, publishedAddresses } from "./addresses";
import { buildBalancer, buildFronts } from "./balancer";
import { buildDatabaseServer, buildDatabases, buildDatabaseUsers, databaseHosts } from "./databases";
import { certificateNames } from "./hosts";
import { buildLinks } from "./links";
import type { GatewayEnvironment, Node, Topology } from "./model";
import { buildNodes } from "./nodes";
import { startOrder } from "./startOrder";

/**
 * Decides every name, address, port and link of the deployment. Pure.
 *
 * @param byDefault begins the Docker objects' names unless `namePrefix` is set. @default apim-<stack>
 */
export function buildTopology(settings: Settings, byDefault = defaultNamePrefix(settings.stack)): Topology {
  const { namePrefix: prefix = byDefault } = settings;
  const databases = buildDatabases(settings);
  const databaseUsers = buildDatabaseUsers(settings);
  const built = buildNodes(settings, databaseUsers);
  const { names, startsAfter } = startOrder(built);
  const nodes = built.map((node) => ({ ...node, startsAfter: startsAfter.get(node.name) ?? [] }));
  const fronts = buildFronts(settings, nodes);
  const environments = buildEnvironments(settings, nodes);
  const { keyValidatorClient } = settings;
  const addresses = publishedAddresses(settings);
  const clientAddresses = new Set(["127.0.0.1", addresses.reachableAddress, addresses.reachableManagementAddress]);
  const databaseServer = buildDatabaseServer(settings, addresses.reachableManagementAddress);
  return {
    prefix,
    network: {
      name: prefix,
      subnet: settings.networkSubnet,
      gateway: hostAddress(settings.networkSubnet, 1),
    },
    nodes,
    startOrder: names,
    databases,
    databaseUsers,
    databaseServer,
    databaseConnections: nodes.flatMap((node) => node.databases).length * settings.poolMaxActive,
    environments,
    balancer: { ...buildBalancer(settings, nodes), startsAfter: startsAfter.get("loadbalancer") ?? [] },
    links: buildLinks({
      nodes,
      fronts,
      databases,
      databasePort: databaseServer.port,
      environments,
      keyValidatorClient,
    }),
    hosts: [
      ...databaseHosts(databases, databaseServer),
      ...[...fronts].map(([host, { address }]) => ({ host, ip: address })),
      ...nodes.map(({ nodeHostName, address }) => ({ host: nodeHostName, ip: address })),
    ],
    certificateNames: [...certificateNames(nodes), ...clientAddresses],
    ...addresses,
    keyValidatorClient,
  };
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
