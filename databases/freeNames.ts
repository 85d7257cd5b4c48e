import { type Connection, escapeId, type RowDataPacket } from "mysql2/promise";
import { connectToServer, type Server, serverName } from "./server";

/** What a deployment will make on a server that the user runs. */
export interface Names {
  readonly databases: readonly string[];
  /** Account names; their host is always `%`. */
  readonly accounts: readonly string[];
  /** The database of users that gets an administrator with a new password; undefined if the password is a known one. */
  readonly newAdministratorIn?: string;
}

/**
 * Refuses names that somebody else's databases and accounts have, and a new password for an old administrator.
 *
 * Runs inside a dynamic resource: plain functions only.
 *
 * @throws naming all that is in the way, and how to go on
 */
export async function checkNamesAreFree(
  server: Server,
  { databases, accounts, newAdministratorIn: users }: Names,
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
      ...(users !== undefined && (await hasUsers(connection, users)) ? [administratorLine(users)] : []),
    ];
    if (lines.length === 0) return;
    throw new Error(
      `${serverName(server)} has already what this deployment would make:\n${lines.join("\n")}\nNothing was changed there.`,
    );
  } finally {
    connection.destroy();
  }
}

/** The product makes its administrator at its first start only. */
async function hasUsers(connection: Connection, schema: string): Promise<boolean> {
  const [tables] = await connection.query<RowDataPacket[]>(
    "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = 'UM_USER'",
    [schema],
  );
  if (tables.length === 0) return false;
  const [rows] = await connection.query<RowDataPacket[]>(`SELECT 1 FROM ${escapeId(schema)}.UM_USER LIMIT 1`);
  return rows.length > 0;
}

function administratorLine(schema: string): string {
  return `  - users in ${schema}, the administrator among them, whose password a new one would not fit: set the secret adminPassword to the one that it has (npm run config -- set --secret adminPassword)`;
}

function databaseLine(found: readonly string[]): string[] {
  if (found.length === 0) return [];
  return [
    `  - databases ${found.join(", ")}: to go on with them, set wso2-apim:databasesExist to true; to have others beside them, set wso2-apim:databasePrefix`,
  ];
}

function accountLine(found: readonly string[]): string[] {
  if (found.length === 0) return [];
  return [
    `  - accounts ${found.join(", ")}: if nobody uses them any more (a destroyed stack leaves them), run: DROP USER ${found.join(", ")}; else set wso2-apim:databaseUserPrefix`,
  ];
}
