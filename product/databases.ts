import type { ConfigurationFile } from "./files";

/**
 * Names of the secrets that configuration files hold. Rendered text contains `{{secret:NAME}}` until the files are
 * uploaded (configs/secrets.ts), so that it can be shown.
 */
export type SecretName = "admin-password" | "analytics-password" | "svn-password" | `database-${string}`;

/** One of the product's databases. */
export interface DatabaseRecord {
  /** Its data source in master-datasources.xml; the JNDI name is `jdbc/` and this name. */
  readonly dataSource: string;
  readonly description: string;
  /** The value of `defaultAutoCommit`. @default left to the product */
  readonly autoCommit?: false;
  /** True: the stock master-datasources.xml has the data source, so a file without it is not complete. @default false */
  readonly isStock?: boolean;
  /** Host name under which the nodes reach it, unless a setting says otherwise. */
  readonly host: string;
  /** What does not work without it. */
  readonly why: string;
  /** Where the product chooses the data source by its JNDI name. */
  readonly chosenIn: { readonly file: ConfigurationFile; readonly element: string };
  /**
   * The name of the MySQL account that all nodes use for this database. @default each role has an account of its own
   *
   * The product keys the registry cache by account and JDBC URL: with an account of its own, the Store would not see what
   * the Publisher changes.
   */
  readonly sharedAccount?: string;
}

/** @see the WSO2 guide, "Installing and configuring the databases" */
export const databaseRecords = {
  apimgtdb: {
    dataSource: "WSO2AM_DB",
    description: "The datasource used for the API Manager database",
    autoCommit: false,
    isStock: true,
    host: "apimgtdb.mysql-wso2.com",
    why: "APIs, subscriptions and tokens",
    chosenIn: { file: "apiManager", element: "DataSourceName" },
  },
  userdb: {
    dataSource: "WSO2UM_DB",
    description: "The datasource used by user manager",
    host: "userdb.mysql-wso2.com",
    why: "users and roles shared by the nodes",
    chosenIn: { file: "userManagement", element: "Property dataSource" },
  },
  regdb: {
    dataSource: "WSO2REG_DB",
    description: "The datasource used by the registry",
    host: "regdb.mysql-wso2.com",
    why: "what the Publisher publishes and the Store shows",
    chosenIn: { file: "registry", element: "dbConfig, mount" },
    sharedAccount: "registry",
  },
} as const satisfies Readonly<Record<string, DatabaseRecord>>;

/** The three databases of the WSO2 guide. */
export type DatabaseName = keyof typeof databaseRecords;

/** A data source of an H2 database in the server's own directory. */
export interface LocalDataSource {
  readonly dataSource: string;
  readonly jndiName: string;
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly driverClassName: string;
}

function localDataSource(dataSource: string, jndiName: string, file: string): LocalDataSource {
  return {
    dataSource,
    jndiName,
    url: `jdbc:h2:repository/database/${file};DB_CLOSE_ON_EXIT=FALSE`,
    // The server creates the database, which nobody else opens, with these credentials.
    username: "wso2carbon",
    password: "wso2carbon",
    driverClassName: "org.h2.Driver",
  };
}

/** The data sources of the stock master-datasources.xml: a node that uses no database of the deployment uses these. */
export const localDataSources = {
  /** The registry and user store that belong to one node alone. */
  carbon: localDataSource("WSO2_CARBON_DB", "jdbc/WSO2CarbonDB", "WSO2CARBON_DB"),
  apiManager: localDataSource("WSO2AM_DB", "jdbc/WSO2AM_DB", "WSO2AM_DB"),
} as const;

/** The name under which other files of the product refer to a database. */
export function jndiNameOf(name: DatabaseName): string {
  return `jdbc/${databaseRecords[name].dataSource}`;
}

export const databaseNames = Object.keys(databaseRecords) as readonly DatabaseName[];

/** The record of a database. */
export function databaseRecord(name: DatabaseName): DatabaseRecord {
  return databaseRecords[name];
}
