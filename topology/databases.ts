import type { DatabaseName } from "../product/databases";
import { collationOf, scriptOf } from "../product/mysql";
import { type Role, roles } from "../product/roles";
import type { Settings } from "../settings";
import { hostAddress } from "./addresses";
import type { Database, DatabaseUser, Topology } from "./model";

const containerAddress = 10;

/** Document table "The API Manager components use the databases as follows". */
const databasesOf: Readonly<Record<Role, readonly DatabaseName[]>> = {
  keyManager: ["apimgtdb", "userdb"],
  gateway: [],
  publisher: ["apimgtdb", "userdb", "regdb"],
  store: ["apimgtdb", "userdb", "regdb"],
};
const databasesInMultiTenancy: Readonly<Record<Role, readonly DatabaseName[]>> = {
  ...databasesOf,
  keyManager: ["apimgtdb", "userdb", "regdb"],
  gateway: ["userdb", "regdb"],
};

export function buildDatabases(settings: Settings): Database[] {
  const database = (name: DatabaseName, alias: string): Database => ({
    name,
    schema: `${settings.databasePrefix}${name}`,
    // There is no address that an alias could lead to.
    hostName: isHostName(settings.databaseHost) ? settings.databaseHost : alias,
    script: scriptOf[name],
    characterSet: settings.databaseCharacterSet,
    collation: collationOf[settings.databaseCharacterSet],
  });
  return [
    database("apimgtdb", settings.apimgtdbHost),
    database("userdb", settings.userdbHost),
    database("regdb", settings.regdbHost),
  ];
}

/**
 * One account per role, and one for the registry, shared by all that mount it. A role without databases of its own has
 * one too, without grants: accounts must not come and go with a setting, since the server keeps them.
 */
export function buildDatabaseUsers(settings: Settings): DatabaseUser[] {
  const own = roles.map((role) =>
    databaseUser(
      settings,
      role.toLowerCase(),
      databasesFor(settings, role).filter((name) => name !== "regdb"),
    ),
  );
  return [...own, databaseUser(settings, "registry", ["regdb"])];
}

/** Whether the account is one that nodes of the role use. */
export function usedBy(role: Role, { secret }: DatabaseUser): boolean {
  return secret === secretOf(role.toLowerCase()) || secret === secretOf("registry");
}

export function databasesFor({ multiTenancy }: Settings, role: Role): readonly DatabaseName[] {
  return (multiTenancy ? databasesInMultiTenancy : databasesOf)[role];
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

/** @param address at which the program reaches published ports of the deployment */
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
    address: hostAddress(settings.networkSubnet, containerAddress),
    port,
    publishedPort: databasePort,
    // Each takes some 0.4 MiB beside the 180 MiB of the server at rest.
    maxConnections: settings.databaseMemory,
    endpoint: { host: address, port: databasePort },
  };
}

/** The aliases of the databases; none when the nodes know the server by its own name. */
export function databaseHosts(databases: readonly Database[], server: Topology["databaseServer"]): Topology["hosts"] {
  const ip = server.external ? server.endpoint.host : server.address;
  return isHostName(ip) ? [] : databases.map(({ hostName }) => ({ host: hostName, ip }));
}

function isHostName(host: string): boolean {
  return /[a-z]/.test(host);
}
