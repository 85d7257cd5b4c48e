import type { DatabaseName } from "../product/databases";
import { jdbcUrl as urlOf } from "../product/mysql";
import type { Role } from "../product/roles";
import type { BalancerRoute, DatabaseUser, Link, Node, Topology } from "../topology";
import type { Placeholder } from "../xml/parse";

/** The administrator's password wherever a node has it or authenticates with it. */
export const adminPassword: Placeholder = { secret: "admin-password" };

/** The JDBC URL of a database, the same in master-datasources.xml and in registry.xml's cacheId. */
export function jdbcUrl(topology: Topology, name: DatabaseName): string {
  const database = topology.databases.find((candidate) => candidate.name === name);
  if (!database) throw new Error(`topology: has no database ${name}`);
  const { port, external } = topology.databaseServer;
  return urlOf({ host: database.hostName, port, schema: database.schema, hasSqlMode: !external });
}

/** The MySQL account with which a node opens a database. */
export function accountOf(node: Node, database: DatabaseName): DatabaseUser {
  const account = node.databaseUsers.find(({ databases }) => databases.includes(database));
  if (!account) throw new Error(`topology: ${node.name} uses ${database} but has no account for it`);
  return account;
}

/** The connection that `element` of `file` of this node configures; undefined when the node has none. */
export function linkOf(topology: Topology, node: Node, file: string, element: string): Link | undefined {
  return linksFrom(topology, node).find((link) => link.file === file && link.element === element);
}

/** Found by node, so that the time for all files grows with the number of nodes and not with its square. */
const linksByNode = new WeakMap<Topology["links"], Map<string, Link[]>>();

function linksFrom({ links }: Topology, { name }: Node): readonly Link[] {
  let known = linksByNode.get(links);
  if (!known) {
    known = new Map();
    for (const link of links) {
      const own = known.get(link.from);
      if (own) own.push(link);
      else known.set(link.from, [link]);
    }
    linksByNode.set(links, known);
  }
  return known.get(name) ?? [];
}

/** The admin services behind a link, e.g. `https://keymanager.apim-wso2.com:9443/services/`. */
export function servicesUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  return `https://${host}:${port}/services/`;
}

/** Where browsers reach a role: its host name and the published HTTPS port of the balancer, e.g. `https://store.apim-wso2.com:8443`. */
export function browserUrl(topology: Topology, role: Role): string {
  const route = browserRoute(topology, role);
  const port = publishedPort(topology, route);
  return port === 443 ? `https://${route.host}` : `https://${route.host}:${port}`;
}

/** The published port behind which browsers find a role's management port. */
export function browserPort(topology: Topology, role: Role): number {
  return publishedPort(topology, browserRoute(topology, role));
}

/** Where the host publishes the balancer's port of a route. */
export function publishedPort(topology: Topology, route: BalancerRoute): number {
  const port = topology.balancer.ports.find(({ internal }) => internal === route.listenPort);
  if (!port)
    throw new Error(`topology: balancer.ports has no port ${route.listenPort}, which ${route.name} listens on`);
  return port.published;
}

function browserRoute(topology: Topology, role: Role): BalancerRoute {
  const management = (name: string) => topology.nodes.find((node) => node.name === name)?.ports.managementHttps;
  const route = topology.balancer.routes.find(
    (candidate) => candidate.role === role && candidate.targets.some(({ node, port }) => port === management(node)),
  );
  if (!route) throw new Error(`topology: the balancer has no route to the management port of ${role}`);
  return route;
}
