import type { Connection, RowDataPacket } from "mysql2/promise";
import { missingGrants } from "./privileges";
import { connectToServer, type Server, serverName } from "./server";

/** What a deployment needs on the user's own server. */
export interface Requirements {
  readonly databases: readonly Schema[];
  /** True: they exist already; false: the deployment creates them. */
  readonly databasesExist: boolean;
  /** How many connections the nodes open at most. */
  readonly connections: number;
}

export interface Schema {
  readonly schema: string;
  readonly characterSet: string;
  readonly collation: string;
}

/**
 * Checks everything on the server that would make a later step fail. Changes nothing.
 *
 * @param limitMilliseconds when to stop retrying to connect
 * @returns warnings
 * @throws naming the server and all faults, each with the setting or statement that corrects it; never the password
 */
export async function checkServer(
  server: Server,
  required: Requirements,
  limitMilliseconds?: number,
): Promise<string[]> {
  const connection = await connectToServer(server, limitMilliseconds);
  try {
    const { version, maxConnections, account } = await readFacts(connection);
    const faults = [
      ...versionFaults(version),
      ...(await privilegeFaults(connection, account, required)),
      ...(required.databasesExist ? await schemaFaults(connection, required.databases) : []),
    ];
    if (faults.length > 0)
      throw new Error(`${serverName(server)} can't be used:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
    return maxConnections >= required.connections
      ? []
      : [
          `${serverName(server)}: the nodes may open ${required.connections} connections (wso2-apim:poolMaxActive for each data source), but the server accepts only ${maxConnections}: raise max_connections, or set wso2-apim:poolMaxActive`,
        ];
  } finally {
    connection.destroy();
  }
}

async function readFacts(
  connection: Connection,
): Promise<{ version: string; maxConnections: number; account: string }> {
  const [[row]] = await connection.query<RowDataPacket[]>(
    "SELECT @@version AS version, @@max_connections AS most, CURRENT_USER() AS account",
  );
  return { version: String(row?.version), maxConnections: Number(row?.most), account: String(row?.account) };
}

function versionFaults(version: string): string[] {
  const [, major = 0, minor = 0] = /(\d+)\.(\d+)\.\d+-MariaDB/.exec(version)?.map(Number) ?? [];
  if (major < 10 || (major === 10 && minor < 10)) return [];
  return [
    `version: expected MySQL, or MariaDB before 10.10, found ${version}: Pulumi's mysql provider can't create accounts there; set wso2-apim:databaseHost to another server`,
  ];
}

async function privilegeFaults(
  connection: Connection,
  account: string,
  { databases }: Requirements,
): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>("SHOW GRANTS");
  const quoted = account.replace(/^(.*)@(.*)$/, "'$1'@'$2'");
  const missing = missingGrants(
    rows.map((row) => String(Object.values(row)[0])),
    quoted,
    databases.map(({ schema }) => schema),
  );
  if (missing.length === 0) return [];
  return [
    `privileges: ${quoted} (wso2-apim:databaseAdminUser) lacks some; run as an administrator: ${missing.join("; ")}`,
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
        `database ${schema}: expected it to exist, since databasesExist is true, found none; run: CREATE DATABASE ${settings}, or set wso2-apim:databasesExist to false`,
      ];
    // Servers before 8.0.29 call utf8mb3 utf8.
    const isSame = String(found.characters).replace(/^utf8$/, "utf8mb3") === characterSet;
    if (isSame) return [];
    return [
      `database ${schema}: expected the character set ${characterSet}, found ${found.characters}; set wso2-apim:databaseCharacterSet, or, as long as it is empty, run: ALTER DATABASE ${settings}`,
    ];
  });
}
