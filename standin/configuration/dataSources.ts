import { readdirSync } from "node:fs";
import { join } from "node:path";
import { configurationFiles, dataSourceFiles } from "../../product/files";
import { parseJdbcUrl as parseMySqlUrl } from "../../product/mysql";
import { childrenOf, find, readXml, requiredText, textAt } from "./xml";

export const dataSourcesFile = configurationFiles.dataSources.path;

/** One data source. Other files name it by `jndiName`. */
export interface DataSource {
  /** e.g. `WSO2AM_DB`. */
  readonly name: string;
  /** e.g. `jdbc/WSO2AM_DB`. */
  readonly jndiName: string;
  /** Account and URL: servers of one cluster share the caches of a registry in such a database. */
  readonly cacheKey: string;
  /** Absent: embedded (H2), which the stand-in does not open. */
  readonly server?: DatabaseServer;
}

/** The MySQL server of a data source. */
export interface DatabaseServer {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Variables that each connection sets first, e.g. `sql_mode=NO_ENGINE_SUBSTITUTION`. */
  readonly sessionVariables?: string;
  readonly user: string;
  readonly password: string;
  /** Maximum number of connections. */
  readonly maxActive: number;
}

/**
 * Reads master-datasources.xml, then each other file of data sources: the last definition of a name counts, as in the
 * product.
 *
 * @throws naming the wrong data source
 */
export function readDataSources(carbonHome: string): DataSource[] {
  const { directory, end } = dataSourceFiles;
  const others = readdirSync(join(carbonHome, directory))
    .map((name) => `${directory}/${name}`)
    .filter((path) => path.endsWith(end) && path !== dataSourcesFile)
    .sort();
  const all = [dataSourcesFile, ...others].flatMap((path) => readFile(carbonHome, path));
  return [...new Map(all.map((source) => [source.jndiName, source])).values()];
}

function readFile(carbonHome: string, path: string): DataSource[] {
  const file = readXml(carbonHome, path);
  const list = find(file.root, "datasources");
  return (list === undefined ? [] : childrenOf(list, "datasource")).map((element) => {
    const name = requiredText(file, "name", element);
    const configuration = find(element, "definition/configuration");
    const url = configuration && textAt(configuration, "url");
    if (configuration === undefined || url === undefined) {
      throw new Error(`${path}: data source ${name}: definition/configuration/url is missing`);
    }
    const at = parseJdbcUrl(url, name);
    return {
      name,
      jndiName: requiredText(file, "jndiConfig/name", element),
      cacheKey: `${textAt(configuration, "username") ?? ""}@${url}`,
      ...(at && {
        server: {
          ...at,
          user: requiredText(file, "username", configuration),
          password: textAt(configuration, "password") ?? "",
          maxActive: Number(textAt(configuration, "maxActive") ?? 50),
        },
      }),
    };
  });
}

/** Undefined for H2. @throws for any other kind of URL. */
function parseJdbcUrl(
  url: string,
  name: string,
): Pick<DatabaseServer, "host" | "port" | "database" | "sessionVariables"> | undefined {
  if (url.startsWith("jdbc:h2:")) {
    return undefined;
  }
  const parts = parseMySqlUrl(url);
  if (parts === undefined) {
    throw new Error(
      `${dataSourcesFile}: data source ${name}: expected jdbc:mysql://host:port/database?... or jdbc:h2:..., found ${url}`,
    );
  }
  const { schema, ...rest } = parts;
  return { ...rest, database: schema };
}
