import type { Settings } from "../settings";
import { type Database, type DatabaseName, type DatabaseUser, type Role, roles } from "./model";

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
  const collation = settings.databaseCharacterSet === "latin1" ? "latin1_swedish_ci" : "utf8mb3_general_ci";
  const database = (name: DatabaseName, hostName: string, script: string): Database => ({
    name,
    hostName,
    script,
    characterSet: settings.databaseCharacterSet,
    collation,
  });
  return [
    database("apimgtdb", settings.apimgtdbHost, "dbscripts/apimgt/mysql.sql"),
    database("userdb", settings.userdbHost, "dbscripts/mysql.sql"),
    database("regdb", settings.regdbHost, "dbscripts/mysql.sql"),
  ];
}

/**
 * One account per role, and one for the registry, shared by all that mount it. A role without databases of its own has
 * one too, without grants: accounts must not come and go with a setting, since the server keeps them.
 */
export function buildDatabaseUsers(settings: Settings): DatabaseUser[] {
  const own = roles.map((role) =>
    databaseUser(
      role.toLowerCase(),
      databasesFor(settings, role).filter((name) => name !== "regdb"),
    ),
  );
  return [...own, databaseUser("registry", ["regdb"])];
}

/** The account of all that mount the registry. */
export const registryUserName = "apim_registry";

/** The account that nodes of a role have for themselves. */
export function databaseUserName(role: Role): string {
  return `apim_${role.toLowerCase()}`;
}

export function databasesFor({ multiTenancy }: Settings, role: Role): readonly DatabaseName[] {
  return (multiTenancy ? databasesInMultiTenancy : databasesOf)[role];
}

function databaseUser(owner: string, databases: readonly DatabaseName[]): DatabaseUser {
  return { name: `apim_${owner}`, databases, secret: `database-${owner}` };
}
