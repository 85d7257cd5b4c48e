import { databaseRecord } from "../product/databases";
import { type ConfigurationFile, configurationFiles } from "../product/files";
import { type Call, type Role, roleRecords } from "../product/roles";
import { isSince } from "../product/versions";
import type { Front } from "./balancer";
import type { Database, GatewayEnvironment, Link, Node } from "./model";

type Target = Pick<Link, "to" | "protocol" | "host" | "port" | "since">;

/** Whether a version of the product, e.g. `1.9.0`, has the link. */
export function existsIn({ since }: Link, version: string): boolean {
  return since === undefined || isSince(version, since);
}

/** The parts of a topology that its links follow from. */
export interface LinkParts {
  readonly nodes: readonly Node[];
  /** Who answers to the host name of a role or an environment. */
  readonly fronts: ReadonlyMap<string, Front>;
  readonly databases: readonly Database[];
  readonly databasePort: number;
  readonly environments: readonly GatewayEnvironment[];
  readonly keyValidatorClient: "ThriftClient" | "WSClient";
}

/** Every connection that some file configures, by the node that opens it: from the records in product/. */
export function buildLinks(parts: LinkParts): Link[] {
  return parts.nodes.flatMap((node) => [
    ...databaseLinks(node, parts),
    ...callLinks(node, parts),
    ...clusterLinks(node, parts.nodes),
  ]);
}

function link(from: Node, target: Target, file: ConfigurationFile, element: string, why: string): Link {
  const { path } = configurationFiles[file];
  const { since, ...rest } = target;
  const id = `${from.name} -> ${target.to} (${element})`;
  return { id, from: from.name, ...rest, file: path, element, why, ...(since !== undefined && { since }) };
}

function databaseLinks(node: Node, { databases, databasePort }: LinkParts): Link[] {
  return databases
    .filter(({ name }) => node.databases.includes(name))
    .map(({ name, hostName }) => {
      const { dataSource, why } = databaseRecord(name);
      const target = { to: name, protocol: "jdbc", host: hostName, port: databasePort } as const;
      return link(node, target, "dataSources", dataSource, why);
    });
}

function clusterLinks(node: Node, nodes: readonly Node[]): Link[] {
  const why = roleRecords[node.role].cluster?.why ?? "";
  return (node.cluster?.members ?? []).flatMap(({ host, port }) =>
    nodes
      .filter(({ address }) => address === host)
      .map(({ name }) =>
        link(node, { to: name, protocol: "hazelcast", host, port }, "axis2", "clustering/members", why),
      ),
  );
}

function callLinks(node: Node, parts: LinkParts): Link[] {
  return roleRecords[node.role].calls
    .filter(({ onlyWith }) => onlyWith === undefined || onlyWith === parts.keyValidatorClient)
    .flatMap((call) => (call.eachEnvironment ? environmentLinks(node, call, parts) : roleLinks(node, call, parts)));
}

/** One link to each gateway environment. */
function environmentLinks(node: Node, { file, element, why }: Call<Role>, parts: LinkParts): Link[] {
  return parts.environments.map(({ name, managementHost: host, managementPort: port }) => {
    const to = parts.fronts.get(host)?.to ?? "";
    return link(node, { to, protocol: "https", host, port }, file, element.replace("{environment}", name), why);
  });
}

/** The link to the called role: for gateways, to their first environment. */
function roleLinks(
  node: Node,
  { to, port, file, element, why, since }: Call<Role>,
  { nodes, fronts }: LinkParts,
): Link[] {
  const called = nodes.find(({ role }) => role === to);
  if (!called) return [];
  const target: Target = {
    to: fronts.get(called.hostName)?.to ?? called.name,
    protocol: port === "thrift" ? "thrift" : "https",
    host: called.hostName,
    port: called.ports[port],
    since,
  };
  return [link(node, target, file, element, why)];
}
