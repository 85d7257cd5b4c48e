import type { Settings } from "../settings";
import { hostAddress } from "./addresses";
import { buildBalancer, buildFronts } from "./balancer";
import { buildDatabaseServer, buildDatabases, buildDatabaseUsers, databaseHosts } from "./databases";
import { parseEnvironments } from "./environments";
import { certificateNames } from "./hosts";
import { buildLinks } from "./links";
import type { GatewayEnvironment, Node, Topology } from "./model";
import { buildNodes, isWorker } from "./nodes";

/** Decides every name, address, port and link of the deployment. Pure. */
export function buildTopology(settings: Settings): Topology {
  const databases = buildDatabases(settings);
  const databaseUsers = buildDatabaseUsers(settings);
  const nodes = buildNodes(settings, databaseUsers);
  const fronts = buildFronts(settings, nodes);
  const environments = buildEnvironments(settings, nodes);
  const features = buildFeatures(settings);
  const reachableAddress = settings.publishAddress === "0.0.0.0" ? "127.0.0.1" : settings.publishAddress;
  const databaseServer = buildDatabaseServer(settings, reachableAddress);
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
    databaseServer,
    environments,
    balancer: buildBalancer(settings, nodes),
    links: buildLinks({
      nodes,
      fronts,
      databases,
      databasePort: databaseServer.port,
      environments,
      keyValidatorClient: features.keyValidatorClient,
    }),
    hosts: [
      ...databaseHosts(databases, databaseServer),
      ...[...fronts].map(([host, { address }]) => ({ host, ip: address })),
      ...nodes.map(({ nodeHostName, address }) => ({ host: nodeHostName, ip: address })),
    ],
    certificateNames: [...certificateNames(nodes), ...new Set(["127.0.0.1", reachableAddress])],
    publishAddress: settings.publishAddress,
    reachableAddress,
    features,
  };
}

function buildFeatures(settings: Settings): Topology["features"] {
  return {
    multiTenancy: settings.multiTenancy,
    jwt: settings.jwt,
    jwtDetails: {
      header: settings.jwtHeader,
      claimsRetriever: settings.jwtClaimsRetriever,
      dialect: settings.jwtDialect,
      signature: settings.jwtSignature,
    },
    keyValidatorClient: clientOf(settings),
    adminUser: settings.adminUser,
    dataSourcePool: { maxActive: settings.poolMaxActive, maxWait: settings.poolMaxWait },
    ...(settings.analytics && {
      analytics: { host: settings.analyticsHost, port: settings.analyticsPort, user: settings.analyticsUser },
    }),
    ...(settings.deploymentSynchronizer === "svn" && {
      deploymentSynchronizer: { url: settings.svnUrl, user: settings.svnUser },
    }),
  };
}

/** "If your setup has multiple Key Manager nodes [...] change the key management protocol from Thrift to WSClient" */
function clientOf({ keyValidatorClient, keyManagerReplicas }: Settings): "ThriftClient" | "WSClient" {
  if (keyValidatorClient !== "auto") return keyValidatorClient;
  return keyManagerReplicas > 1 ? "WSClient" : "ThriftClient";
}

/**
 * APIs are deployed once per environment to the gateway that is alone or the manager of workers; gateways beside each
 * other share nothing, so each is an environment of its own for whoever deploys.
 */
function buildEnvironments(settings: Settings, nodes: readonly Node[]): GatewayEnvironment[] {
  return parseEnvironments(settings.gatewayEnvironments).flatMap(({ name, type, title }) => {
    const gateways = nodes.filter((node) => node.environment === name && !isWorker(node));
    return gateways.map((gateway) => ({
      name: gateway.index === 1 ? title : `${title} ${gateway.index}`,
      type,
      target: gateway.name,
      managementHost: gateways.length === 1 ? gateway.hostName : gateway.nodeHostName,
      managementPort: gateway.ports.managementHttps,
      apiHost: gateway.hostName,
      apiHttpPort: settings.gatewayHttpPort,
      apiHttpsPort: settings.gatewayHttpsPort,
    }));
  });
}
