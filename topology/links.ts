import { basename } from "node:path";
import type { DatabaseName } from "../product/databases";
import { configurationFiles } from "../product/files";
import type { Role } from "../product/roles";
import type { Front } from "./balancer";
import type { Database, GatewayEnvironment, Link, LinkProtocol, Node } from "./model";

const dataSourceOf: Readonly<Record<DatabaseName, string>> = {
  apimgtdb: "WSO2AM_DB",
  userdb: "WSO2UM_DB",
  regdb: "WSO2REG_DB",
};

const needOf: Readonly<Record<DatabaseName, string>> = {
  apimgtdb: "APIs, subscriptions and tokens",
  userdb: "users and roles shared by the nodes",
  regdb: "what the Publisher publishes and the Store shows",
};

const sharedApis = "published APIs show up in the Store at once";
const clusterNeedOf: Readonly<Record<Role, string>> = {
  keyManager: "a revoked token is given out by no Key Manager again",
  gateway: "a revoked token is refused by all gateways",
  publisher: sharedApis,
  store: sharedApis,
};

type Target = Pick<Link, "to" | "protocol" | "host" | "port">;

/** What the links are derived from; part of the topology. */
export interface LinkParts {
  readonly nodes: readonly Node[];
  /** Who answers to the host name of a role or an environment. */
  readonly fronts: ReadonlyMap<string, Front>;
  readonly databases: readonly Database[];
  readonly databasePort: number;
  readonly environments: readonly GatewayEnvironment[];
  readonly keyValidatorClient: "ThriftClient" | "WSClient";
}

/**
 * Every connection that some file configures, by the node that opens it.
 *
 * @see the document, "Configuring the connections among the components"
 */
export function buildLinks(parts: LinkParts): Link[] {
  return parts.nodes.flatMap((node) => [
    ...databaseLinks(node, parts),
    ...roleLinks(node, parts),
    ...clusterLinks(node, parts.nodes),
  ]);
}

function link(from: Node, target: Target, file: string, element: string, why: string): Link {
  return { id: `${from.name} -> ${target.to} (${element})`, from: from.name, ...target, file, element, why };
}

function databaseLinks(node: Node, { databases, databasePort }: LinkParts): Link[] {
  return databases
    .filter(({ name }) => node.databases.includes(name))
    .map(({ name, hostName }) =>
      link(
        node,
        { to: name, protocol: "jdbc", host: hostName, port: databasePort },
        configurationFiles.dataSources.path,
        dataSourceOf[name],
        needOf[name],
      ),
    );
}

function clusterLinks(node: Node, nodes: readonly Node[]): Link[] {
  return (node.cluster?.members ?? []).flatMap((member) =>
    nodes
      .filter((other) => other.address === member.host)
      .map((other) =>
        link(
          node,
          { to: other.name, protocol: "hazelcast", host: member.host, port: member.port },
          configurationFiles.axis2.path,
          "clustering/members",
          clusterNeedOf[node.role],
        ),
      ),
  );
}

/** Per role: who it calls, as its api-manager.xml and its synapse files say. */
function roleLinks(node: Node, parts: LinkParts): Link[] {
  const keyManager = parts.nodes.find(({ role }) => role === "keyManager");
  const gateway = parts.nodes.find(({ role }) => role === "gateway");
  if (!keyManager || !gateway) return [];
  const services = target(keyManager, parts, "https", keyManager.ports.managementHttps);
  const keyValidation = link(
    node,
    services,
    configurationFiles.apiManager.path,
    "APIKeyValidator/ServerURL",
    "API keys are validated",
  );
  const environments = parts.environments.map(({ name, managementHost: host, managementPort: port }) =>
    link(
      node,
      { to: parts.fronts.get(host)?.to ?? gateway.name, protocol: "https", host, port },
      configurationFiles.apiManager.path,
      `Environment[${name}]/ServerURL`,
      node.role === "publisher" ? "APIs are deployed to the gateway" : "the gateway forgets keys that have ended",
    ),
  );
  // The file has room for one: the first environment's.
  const revoke = link(
    node,
    target(gateway, parts, "https", gateway.ports.apiHttps),
    configurationFiles.apiManager.path,
    "RevokeAPIURL",
    "revoked tokens leave the gateway's cache",
  );
  const login = link(node, services, configurationFiles.apiManager.path, "AuthManager/ServerURL", "users log in");
  switch (node.role) {
    case "keyManager":
      return [...environments, revoke];
    case "gateway":
      return [keyValidation, ...thriftLinks(node, keyManager, parts), ...synapseLinks(node, services)];
    case "publisher":
      return [login, keyValidation, ...environments];
    case "store":
      return [login, keyValidation, ...environments, revoke];
  }
}

function thriftLinks(node: Node, keyManager: Node, parts: LinkParts): Link[] {
  if (parts.keyValidatorClient !== "ThriftClient") return [];
  const thrift = target(keyManager, parts, "thrift", keyManager.ports.thrift);
  return [
    link(
      node,
      thrift,
      configurationFiles.apiManager.path,
      "APIKeyValidator/ThriftClientPort",
      "API keys are validated over Thrift",
    ),
  ];
}

function synapseLinks(node: Node, keyManager: Target): Link[] {
  return (["token", "authorize", "revoke"] as const).map((api) => {
    const { path } = configurationFiles[`${api}Api`];
    const name = basename(path, ".xml");
    return link(node, keyManager, path, `${name} endpoint`, `the gateway's ${api} requests reach the Key Manager`);
  });
}

/** Whoever answers to the host name of the node's role or environment. */
function target(node: Node, { fronts }: LinkParts, protocol: LinkProtocol, port: number): Target {
  return { to: fronts.get(node.hostName)?.to ?? node.name, protocol, host: node.hostName, port };
}
