import type { Connection, RowDataPacket } from "mysql2/promise";
import { connectToServer, type Server, serverName } from "./server";

/** The names that a deployment will use on the user's own server. */
export interface Names {
  readonly databases: readonly string[];
  /** Names of accounts, whose host is always `%`. */
  readonly accounts: readonly string[];
  /** The database that gets an administrator with a generated password; undefined if the stack sets the password. */
  readonly newAdministratorIn?: string;
}

/**
 * Checks that no database or account has one of the names yet, and that a generated password belongs to a new
 * administrator.
 *
 * Runs inside a dynamic resource, so it uses plain functions only.
 *
 * @throws naming everything that exists already, with the remedies
 */
export async function checkNamesAreFree(
  server: Server,
  { databases, accounts, newAdministratorIn: schema }: Names,
): Promise<void> {
  const connection = await connectToServer(server);
  try {
    const existing = async (sql: string): Promise<string[]> => {
      const [rows] = await connection.query<RowDataPacket[]>(sql);
      return rows.map(({ name }) => String(name));
    };
    const schemas = await existing("SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA");
    const accountNames = await existing("SELECT User AS name FROM mysql.user WHERE Host = '%'");
    const lines = [
      ...databaseLine(databases.filter((name) => schemas.includes(name))),
      ...accountLine(accounts.filter((name) => accountNames.includes(name)).map((name) => `'${name}'@'%'`)),
      ...(schema !== undefined && (await hasUsers(connection, schema)) ? [administratorLine(schema)] : []),
    ];
    if (lines.length === 0) return;
    throw new Error(
      `${serverName(server)} already has what this deployment would create:\n${lines.join("\n")}\nNothing was changed there.`,
    );
  } finally {
    connection.destroy();
  }
}

/** If it has users, the administrator exists: the product creates it at its first start only. */
async function hasUsers(connection: Connection, schema: string): Promise<boolean> {
  const [tables] = await connection.query<RowDataPacket[]>(
    "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = 'UM_USER'",
    [schema],
  );
  if (tables.length === 0) return false;
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT 1 FROM ${connection.escapeId(schema)}.UM_USER LIMIT 1`,
  );
  return rows.length > 0;
}

function administratorLine(schema: string): string {
  return `  - users in ${schema}, among them the administrator, whose password a generated one would not match: set the secret adminPassword to its present password (npm run config -- set --secret adminPassword)`;
}

function databaseLine(found: readonly string[]): string[] {
  if (found.length === 0) return [];
  return [
    `  - databases ${found.join(", ")}: to continue with them, set wso2-apim:databasesExist to true; to create others beside them, set wso2-apim:databasePrefix`,
  ];
}

function accountLine(found: readonly string[]): string[] {
  if (found.length === 0) return [];
  return [
    `  - accounts ${found.join(", ")}: if they are no longer used (destroying a stack keeps them), run: DROP USER ${found.join(", ")}; else set wso2-apim:databaseUserPrefix`,
  ];
}
