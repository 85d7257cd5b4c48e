import { type DatabaseName, databaseNames, databaseRecord } from "../product/databases";
import { collationOf, scriptOf } from "../product/mysql";
import { type Role, roleRecords, roles } from "../product/roles";
import type { Settings } from "../settings";
import { networkAddress } from "./addresses";
import type { Database, DatabaseUser, NamedAddress, Topology } from "./model";
import { constraintsOf } from "./placement";

const containerAddress = 10;

export function buildDatabases(settings: Settings): Database[] {
  return databaseNames.map((name) => ({
    name,
    schema: `${settings.databasePrefix}${name}`,
    // An alias can lead to an address only: a server that has a name is reached by that name.
    hostName: isHostName(settings.databaseHost) ? settings.databaseHost : settings[`${name}Host`],
    script: scriptOf[name],
    characterSet: settings.databaseCharacterSet,
    collation: collationOf[settings.databaseCharacterSet],
  }));
}

/**
 * One account per role, and one for each database with a shared account. A role without databases has an account too,
 * without grants: the server keeps accounts, so they must not come and go with a setting.
 */
export function buildDatabaseUsers(settings: Settings): DatabaseUser[] {
  const own = roles.map((role) =>
    databaseUser(
      settings,
      roleRecords[role].name,
      databasesFor(settings, role).filter((name) => !isShared(name)),
    ),
  );
  return [...own, ...databaseNames.filter(isShared).map((name) => databaseUser(settings, sharedOwner(name), [name]))];
}

/** Whether nodes of the role use the account. */
export function usedBy(role: Role, { secret }: DatabaseUser): boolean {
  const owners = [roleRecords[role].name, ...databaseNames.filter(isShared).map(sharedOwner)];
  return owners.some((owner) => secret === secretOf(owner));
}

export function databasesFor({ multiTenancy }: Settings, role: Role): readonly DatabaseName[] {
  const { always, withTenants } = roleRecords[role].databases;
  return multiTenancy ? [...always, ...withTenants] : always;
}

function isShared(name: DatabaseName): boolean {
  return databaseRecord(name).sharedAccount !== undefined;
}

/** What the shared account of a database is called. */
function sharedOwner(name: DatabaseName): string {
  return databaseRecord(name).sharedAccount ?? name;
}

function databaseUser(
  { databaseUserPrefix }: Settings,
  owner: string,
  databases: readonly DatabaseName[],
): DatabaseUser {
  return { name: `${databaseUserPrefix}${owner}`, databases, secret: secretOf(owner) };
}

function secretOf(owner: string): DatabaseUser["secret"] {
  return `database-${owner}`;
}

/** @param address at which the program reaches the published port of the deployment's own server */
export function buildDatabaseServer(settings: Settings, address: string): Topology["databaseServer"] {
  const { databaseHost, databaseServerPort: port, databasePort } = settings;
  if (databaseHost !== "")
    return {
      name: "mysql",
      external: true,
      port,
      endpoint: { host: databaseHost, port },
      adminUser: settings.databaseAdminUser,
      databasesExist: settings.databasesExist,
    };
  return {
    name: "mysql",
    external: false,
    address: networkAddress(settings, containerAddress, "mysql"),
    aliases: [],
    constraints: constraintsOf(settings, "databasePlacement"),
    port,
    publishedPort: databasePort,
    // A connection takes some 0.4 MiB, and the server 180 MiB at rest.
    maxConnections: settings.databaseMemory,
    endpoint: { host: address, port: databasePort },
  };
}

/** The host names of the databases, with what they stand for; none when the nodes reach the server by its own name. */
export function databaseHosts(databases: readonly Database[], server: Topology["databaseServer"]): NamedAddress[] {
  if (server.external && isHostName(server.endpoint.host)) return [];
  const address = server.external ? server.endpoint.host : server.address;
  return databases.map(({ hostName }) => ({ host: hostName, address }));
}

function isHostName(host: string): boolean {
  return /[a-z]/.test(host);
}
