import type { DatabaseName } from "./databases";

/**
 * What the program knows about MySQL as the product's database server, as plain data and text. Another kind of server
 * has its own version of this file; what connects to a server is in databases/, its image in images/mysql.
 */

/** The product's script that creates the tables of each database; paths below APIM_HOME. */
export const scriptOf: Readonly<Record<DatabaseName, string>> = {
  userdb: "dbscripts/mysql.sql",
  regdb: "dbscripts/mysql.sql",
  apimgtdb: "dbscripts/apimgt/mysql.sql",
};

/** Each script once. */
export const databaseScripts: readonly string[] = [...new Set(Object.values(scriptOf))];

/** The character sets that a stack can choose. In utf8mb4, index keys of the product's tables would be too long. */
export const characterSets = ["latin1", "utf8mb3"] as const;

/** The collation of the databases, by character set. */
export const collationOf: Readonly<Record<(typeof characterSets)[number], string>> = {
  latin1: "latin1_swedish_ci",
  utf8mb3: "utf8mb3_general_ci",
};

/**
 * The session mode that the product needs: MySQL's default refuses zero dates (`TIMESTAMP DEFAULT 0`) and loose GROUP BY.
 * images/mysql/my.cnf makes it the default of the deployment's own server.
 */
export const sqlMode = "NO_ENGINE_SUBSTITUTION";

/** The JDBC driver, MySQL Connector/J. */
export const jdbcDriver = {
  className: "com.mysql.jdbc.Driver",
  classFile: "com/mysql/jdbc/Driver.class",
  /** End of the name of the class that logs in by caching_sha2_password, the only method of MySQL 9 and later. */
  loginClassFile: "/CachingSha2PasswordPlugin.class",
  /** The first version that has that class. */
  loginSince: "5.1.46",
  group: "mysql",
  artifact: "mysql-connector-java",
  /** The version on Maven that is used when neither the stack nor the product's pack has a driver. */
  standardVersion: "5.1.49",
  /** Names of its jar files. */
  jarName: /^mysql-connector-[^/]*\.jar$/,
} as const;

/** The JDBC URL of a database. */
export function jdbcUrl(database: {
  readonly host: string;
  readonly port: number;
  readonly schema: string;
  /** Whether the server's own default is {@link sqlMode}; otherwise each session sets it. */
  readonly hasSqlMode: boolean;
}): string {
  // Connector/J warns on each connection without useSSL. Without TLS, a password that the server has not cached since
  // its start (caching_sha2_password, MySQL's default since 8.0) can only be sent under the server's public key.
  const options = ["autoReconnect=true", "useSSL=false", "allowPublicKeyRetrieval=true"];
  if (!database.hasSqlMode) options.push(`sessionVariables=sql_mode=${sqlMode}`);
  return `jdbc:mysql://${database.host}:${database.port}/${database.schema}?${options.join("&")}`;
}

/** The parts of a JDBC URL; undefined when it is not a URL of MySQL. */
export function parseJdbcUrl(url: string):
  | {
      readonly host: string;
      readonly port: number;
      readonly schema: string;
      /** Set at the start of each session, e.g. `sql_mode=NO_ENGINE_SUBSTITUTION`. */
      readonly sessionVariables?: string;
    }
  | undefined {
  const [, host, port = "3306", schema, query] =
    /^jdbc:mysql:\/\/([^:/?]+)(?::(\d+))?\/([^?/]+)(?:\?(.*))?$/.exec(url) ?? [];
  if (host === undefined || schema === undefined) return undefined;
  const sessionVariables = new URLSearchParams(query).get("sessionVariables");
  return { host, port: Number(port), schema, ...(sessionVariables && { sessionVariables }) };
}

/** The base image of the deployment's own server. */
export const baseImage = {
  tag: "wso2-apim/base-mysql:9",
  published: "mysql:9",
  // Debian's stable releases have MariaDB instead, on which the deployment's users and grants fail.
  debian: { suite: "sid", include: ["mysql-server-core"] },
} as const;

/** How the image of images/mysql runs. */
export const serverImage = {
  /** Where it keeps the databases. */
  data: "/var/lib/mysql",
  /** SQL that it executes at each start. */
  initFile: "/run/apim/init.sql",
  command: (port: number, maxConnections: number): string[] => [
    `--port=${port}`,
    `--max-connections=${maxConnections}`,
  ],
  healthcheck: (port: number): string[] => ["healthcheck", String(port)],
} as const;

/** The init file: it runs at each start of the server, so that the account always has this password. */
export function administratorSql(user: string, password: string): string {
  return [
    `CREATE USER IF NOT EXISTS '${user}'@'%';`,
    `ALTER USER '${user}'@'%' IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO '${user}'@'%' WITH GRANT OPTION;`,
    "",
  ].join("\n");
}
