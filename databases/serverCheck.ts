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
  /** How many of them with the same account. */
  readonly connectionsOfAccount: number;
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
    const facts = await readFacts(connection);
    const { account } = facts;
    const faults = [
      ...versionFaults(facts.version),
      ...modeFaults(facts.variables),
      ...ownLimitFaults(facts),
      ...(await privilegeFaults(connection, account, required)),
      ...(required.databasesExist ? await schemaFaults(connection, required.databases) : []),
    ];
    if (faults.length > 0)
      throw new Error(`${serverName(server)} can't be used:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
    return limitWarnings(serverName(server), facts, required);
  } finally {
    connection.destroy();
  }
}

interface Facts {
  readonly version: string;
  readonly maxConnections: number;
  /** `user@host` as the server knows the administrator. */
  readonly account: string;
  /** The administrator's own MAX_USER_CONNECTIONS; 0: no limit. */
  readonly ownLimit: number;
  /** Values of global variables by name; a server has only those of its version. */
  readonly variables: ReadonlyMap<string, string>;
}

const decisive = [
  "read_only",
  "super_read_only",
  "innodb_read_only",
  "sql_require_primary_key",
  "max_user_connections",
];

async function readFacts(connection: Connection): Promise<Facts> {
  const [[row]] = await connection.query<RowDataPacket[]>(
    "SELECT @@version AS version, @@max_connections AS most, CURRENT_USER() AS account, @@SESSION.max_user_connections AS own",
  );
  const [variables] = await connection.query<RowDataPacket[]>(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${decisive.map((name) => `'${name}'`).join(", ")})`,
  );
  return {
    version: String(row?.version),
    maxConnections: Number(row?.most),
    account: String(row?.account),
    ownLimit: Number(row?.own),
    variables: new Map(variables.map(({ Variable_name: name, Value: value }) => [String(name), String(value)])),
  };
}

/** Modes of the server in which the deployment's tables can't be created or written. */
function modeFaults(variables: Facts["variables"]): string[] {
  const isOn = (name: string) => (variables.get(name) ?? "OFF") !== "OFF";
  const readOnly = ["super_read_only", "read_only", "innodb_read_only"].find(isOn);
  return [
    ...(readOnly === undefined
      ? []
      : [
          `${readOnly}: expected OFF, found ${variables.get(readOnly)}: the server is a replica, or was made read-only; set wso2-apim:databaseHost to the primary server, or run there: SET GLOBAL super_read_only = OFF, read_only = OFF`,
        ]),
    ...(isOn("sql_require_primary_key")
      ? [
          `sql_require_primary_key: expected OFF, found ON: the product has tables without a primary key; run as an administrator: SET PERSIST sql_require_primary_key = OFF, or change it where the server's provider configures it`,
        ]
      : []),
  ];
}

/** Pulumi runs so many steps at once, each with a connection of the administrator. */
const administratorConnections = 16;

function ownLimitFaults({ ownLimit, account, variables }: Facts): string[] {
  if (ownLimit === 0 || ownLimit >= administratorConnections) return [];
  const isOfServer = ownLimit === Number(variables.get("max_user_connections"));
  const remedy = isOfServer
    ? `SET GLOBAL max_user_connections = ${administratorConnections}`
    : `ALTER USER ${quoted(account)} WITH MAX_USER_CONNECTIONS ${administratorConnections}`;
  return [
    `MAX_USER_CONNECTIONS: expected 0 or at least ${administratorConnections} for ${quoted(account)} (wso2-apim:databaseAdminUser), found ${ownLimit}; run as an administrator: ${remedy}`,
  ];
}

function limitWarnings(server: string, { maxConnections, variables }: Facts, required: Requirements): string[] {
  const { connections, connectionsOfAccount } = required;
  const perUser = Number(variables.get("max_user_connections") ?? 0);
  const pools = "(wso2-apim:poolMaxActive for each data source)";
  const warnings: string[] = [];
  if (maxConnections < connections)
    warnings.push(
      `${server}: the nodes may open ${connections} connections ${pools}, but the server accepts only ${maxConnections}: raise max_connections, or set wso2-apim:poolMaxActive`,
    );
  if (perUser > 0 && perUser < connectionsOfAccount)
    warnings.push(
      `${server}: the nodes may open ${connectionsOfAccount} connections with one account ${pools}, but the server accepts only ${perUser}: raise max_user_connections, or set wso2-apim:poolMaxActive`,
    );
  return warnings;
}

const quoted = (account: string) => account.replace(/^(.*)@(.*)$/, "'$1'@'$2'");

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
  const missing = missingGrants(
    rows.map((row) => String(Object.values(row)[0])),
    quoted(account),
    databases.map(({ schema }) => schema),
  );
  if (missing.length === 0) return [];
  return [
    `privileges: ${quoted(account)} (wso2-apim:databaseAdminUser) lacks some; run as an administrator: ${missing.join("; ")}`,
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
