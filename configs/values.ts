import type { XmlElement } from "@rgrove/parse-xml";
import type { DatabaseName } from "../product/databases";
import { jdbcUrl as urlOf } from "../product/mysql";
import type { Role } from "../product/roles";
import type { Settings } from "../settings";
import {
  type DatabaseUser,
  existsIn,
  type Link,
  type Node,
  publishedRoute,
  routeUrl,
  type Topology,
} from "../topology";
import type { XmlEdit } from "../xml/edit";
import type { Placeholder, Value } from "../xml/parse";

/** The administrator's password. */
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

/** The connection that `element` of this file configures; undefined when the node or the product's version has none. */
export function linkOf(topology: Topology, node: Node, { file }: XmlEdit, element: string): Link | undefined {
  return linksFrom(topology, node).find(
    (link) => link.file === file.path && link.element === element && existsIn(link, file.version),
  );
}

/** Links by node: rendering all files then takes time linear in the number of nodes. */
const linksByNode = new WeakMap<Topology["links"], Map<string, Link[]>>();

/** The connections that a node opens. */
export function linksFrom({ links }: Topology, { name }: Node): readonly Link[] {
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
  return routeUrl(publishedRoute(topology, role, "https"));
}

/** Sets the credentials with which the nodes log in to each other: those of the administrator. */
export function setAdministrator(edit: XmlEdit, parent: XmlElement, { adminUser }: Settings): void {
  edit.setChild(parent, "Username", adminUser);
  edit.setChild(parent, "Password", adminPassword);
}

/** Sets children of an element. One that the file does not have is created behind those that precede it in `values`. */
export function ensureAll(edit: XmlEdit, parent: XmlElement, values: readonly (readonly [string, Value])[]): void {
  values.forEach(([name, value], index) => {
    const earlier = values.slice(0, index).map(([before]) => before);
    edit.ensure(parent, name, value, { after: earlier.reverse() });
  });
}

/**
 * Removes what somebody wrote by hand, and reports it.
 *
 * @param place names the element for readers. @default its path
 */
export function drop(edit: XmlEdit, element: XmlElement, text: string, place: string | XmlElement = element): void {
  edit.warn(place, text);
  edit.remove(element);
}

/** Reports a feature that somebody switched on by hand and a setting switches off. The server ignores the case. */
export function warnSwitchedOff(edit: XmlEdit, enabled: XmlElement | undefined, setting: keyof Settings): void {
  if (enabled?.text.trim().toLowerCase() === "true")
    edit.warn(enabled, `true is replaced by false; wso2-apim:${setting} switches it on`);
}

/** A value of a file that a setting decides. */
export interface Overruled {
  /** What the stock file has. @default nothing */
  readonly product?: string;
  /** What the setting says. */
  readonly value: Value;
  /** Its name. */
  readonly setting: keyof Settings;
}

/** Reports a value that somebody wrote by hand and that a setting replaces. */
export function warnOverruled(edit: XmlEdit, element: XmlElement | undefined, overruled: Overruled): void {
  const found = element?.text.trim() ?? "";
  const { product = "", value, setting } = overruled;
  if (!element || [product, String(value), ""].includes(found)) return;
  edit.warn(element, `"${found}" is replaced by "${value}"; wso2-apim:${setting} decides it`);
}
