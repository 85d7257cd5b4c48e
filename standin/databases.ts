import { createPool, type Pool } from "mysql2/promise";
import type { Configuration } from "./configuration";
import { apiManagerFile } from "./configuration/apiManager";
import { type DataSource, dataSourcesFile } from "./configuration/dataSources";
import { identityFile } from "./configuration/identity";
import { registryFile } from "./configuration/registry";
import { userManagementFile } from "./configuration/userManagement";
import { codeOf, describe } from "./errors";

/** The databases of this server. */
export interface Databases {
  /** The data sources that this server uses and that are on a database server. */
  readonly sources: readonly DataSource[];
  /** @throws when the data source is embedded or not defined */
  readonly pool: (jndiName: string) => Pool;
  /** Connects and checks that the tables of this server exist. @throws naming the fault */
  readonly check: (source: DataSource) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Milliseconds. */
const connectTimeout = 2000;

/**
 * Creates the pools, which connect with their first query.
 * @throws when a file names a data source that master-datasources.xml does not define
 */
export function openDatabases(configuration: Configuration): Databases {
  const needs = neededTables(configuration);
  const used = configuration.dataSources.filter(({ jndiName }) => needs.some((need) => need.jndiName === jndiName));
  const pools = new Map<string, Pool>();
  for (const { jndiName, server } of used) {
    if (server !== undefined) {
      const { maxActive: connectionLimit, sessionVariables, ...rest } = server;
      const pool = createPool({
        ...rest,
        connectionLimit,
        maxIdle: 2,
        idleTimeout: 60_000,
        connectTimeout,
        timezone: "Z",
      });
      if (sessionVariables !== undefined) {
        pool.on("connection", (connection) => connection.query(`SET SESSION ${sessionVariables}`));
      }
      pools.set(jndiName, pool);
    }
  }
  return {
    sources: used.filter(({ server }) => server !== undefined),
    pool: (jndiName) => {
      const pool = pools.get(jndiName);
      if (pool === undefined) {
        throw new Error(`data source ${jndiName} is embedded; the stand-in keeps data only on a database server`);
      }
      return pool;
    },
    check: async ({ jndiName, name }) => {
      const pool = pools.get(jndiName);
      await pool?.query("SELECT 1");
      for (const { table } of needs.filter((need) => need.jndiName === jndiName)) {
        await pool?.query(`SELECT 1 FROM ${table} LIMIT 1`).catch((error: unknown) => {
          const missing = codeOf(error) === "ER_NO_SUCH_TABLE";
          throw new Error(missing ? `${name} has no table ${table}: its dbscript has not run there` : describe(error));
        });
      }
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.end().catch(() => undefined)));
    },
  };
}

/** The data sources that this server uses, each with a table. A missing table shows that the wrong script was loaded. */
export function neededTables({ apiManager, identity, userManagement, registry, dataSources }: Configuration) {
  const needs = [
    { jndiName: apiManager.dataSource, table: "AM_API", file: apiManagerFile },
    {
      jndiName: identity.dataSource ?? apiManager.dataSource,
      table: "IDN_OAUTH2_ACCESS_TOKEN",
      file: identity.dataSource === undefined ? apiManagerFile : identityFile,
    },
    { jndiName: userManagement.dataSource, table: "UM_USER", file: userManagementFile },
    { jndiName: registry.localDataSource, table: "REG_RESOURCE", file: registryFile },
    ...registry.mounts.map(({ dataSource }) => ({ jndiName: dataSource, table: "REG_RESOURCE", file: registryFile })),
  ];
  for (const { jndiName, file } of needs) {
    if (!dataSources.some((source) => source.jndiName === jndiName)) {
      const known = dataSources.map((source) => source.jndiName).join(", ");
      throw new Error(`${file} names data source ${jndiName}; ${dataSourcesFile} defines ${known}`);
    }
  }
  return needs.filter(
    (need, index) => needs.findIndex((o) => o.jndiName === need.jndiName && o.table === need.table) === index,
  );
}
