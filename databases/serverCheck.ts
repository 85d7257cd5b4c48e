import type { Connection, RowDataPacket } from "mysql2/promise";
import { missingGrants } from "./privileges";
import { connectToServer, type Server, serverName } from "./server";

/** What a deployment wants of a server that the user runs. */
export interface Wanted {
  readonly databases: readonly Schema[];
  /** Whether they are there already, or will be made. */
  readonly databasesExist: boolean;
  /** Connections that the nodes open at most. */
  readonly connections: number;
}

export interface Schema {
  readonly schema: string;
  readonly characterSet: string;
  readonly collation: string;
}

/**
 * Whether the server can be reached and suits: all that would make a step fail later, found at once. Changes nothing.
 *
 * @param limitMilliseconds how long a server that is not there is tried again
 * @returns warnings
 * @throws with every fault: server, what was found, setting or statement that mends it; never the password
 */
export async function checkServer(server: Server, wanted: Wanted, limitMilliseconds?: number): Promise<string[]> {
  const connection = await connectToServer(server, limitMilliseconds);
  try {
    const [version, most, account] = await askServer(connection);
    const faults = [
      ...versionFaults(version),
      ...(await privilegeFaults(connection, account, wanted)),
      ...(wanted.databasesExist ? await schemaFaults(connection, wanted.databases) : []),
    ];
    if (faults.length > 0)
      throw new Error(`${serverName(server)} can't be used:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
    return most >= wanted.connections
      ? []
      : [
          `${serverName(server)}: the nodes may open ${wanted.connections} connections (wso2-apim:poolMaxActive for each data source), the server takes ${most}: raise max_connections, or set wso2-apim:poolMaxActive`,
        ];
  } finally {
    connection.destroy();
  }
}

async function askServer(connection: Connection): Promise<[version: string, connections: number, account: string]> {
  const [[row]] = await connection.query<RowDataPacket[]>(
    "SELECT @@version AS version, @@max_connections AS most, CURRENT_USER() AS account",
  );
  return [String(row?.version), Number(row?.most), String(row?.account)];
}

function versionFaults(version: string): string[] {
  const [, major = 0, minor = 0] = /(\d+)\.(\d+)\.\d+-MariaDB/.exec(version)?.map(Number) ?? [];
  if (major < 10 || (major === 10 && minor < 10)) return [];
  return [
    `version: expected MySQL, or MariaDB before 10.10, found ${version}: Pulumi's mysql provider makes no accounts there; set wso2-apim:databaseHost to another server`,
  ];
}

async function privilegeFaults(connection: Connection, account: string, { databases }: Wanted): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>("SHOW GRANTS");
  const quoted = account.replace(/^(.*)@(.*)$/, "'$1'@'$2'");
  const missing = missingGrants(
    rows.map((row) => String(Object.values(row)[0])),
    quoted,
    databases.map(({ schema }) => schema),
  );
  if (missing.length === 0) return [];
  return [
    `privileges: ${quoted} (wso2-apim:databaseAdminUser) lacks some that it needs; run as an administrator: ${missing.join("; ")}`,
  ];
}

async function schemaFaults(connection: Connection, databases: readonly Schema[]): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    "SELECT SCHEMA_NAME AS name, DEFAULT_CHARACTER_SET_NAME AS characters, DEFAULT_COLLATION_NAME AS collation FROM information_schema.SCHEMATA",
  );
  return databases.flatMap(({ schema, characterSet, collation }) => {
    const settings = `\`${schema}\` CHARACTER SET ${characterSet} COLLATE ${collation}`;
    const found = rows.find(({ name }) => name === schema);
    if (!found)
      return [
        `database ${schema}: expected it to be there, since databasesExist is true, found none; run: CREATE DATABASE ${settings}, or set wso2-apim:databasesExist to false`,
      ];
    // Servers before 8.0.29 call it utf8.
    const isSame = String(found.characters).replace(/^utf8$/, "utf8mb3") === characterSet;
    if (isSame) return [];
    return [
      `database ${schema}: expected the character set ${characterSet}, found ${found.characters}; set wso2-apim:databaseCharacterSet, or while it is empty run: ALTER DATABASE ${settings}`,
    ];
  });
}
