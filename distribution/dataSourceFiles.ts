import { databaseNames, databaseRecord, jndiNameOf, localDataSources } from "../product/databases";
import { configurationFiles, dataSourceFiles } from "../product/files";
import { find, findAll, parseFile } from "../xml/parse";
import type { Home } from "./home";

/** The data sources that the deployment decides. */
const own = [
  ...databaseNames.map((name) => ({ name: databaseRecord(name).dataSource, jndiName: jndiNameOf(name) })),
  { name: localDataSources.carbon.dataSource, jndiName: localDataSources.carbon.jndiName },
];

/**
 * Checks that only master-datasources.xml defines the data sources of the deployment: the server takes the last
 * definition, so another file would win.
 *
 * @throws naming both files, the data source and the remedy
 */
export function checkDataSourceFiles(home: Home, version: string): void {
  const master = configurationFiles.dataSources.path;
  const { directory, end } = dataSourceFiles;
  const inMaster = definedIn(home, master, version);
  const faults = home
    .list(directory)
    .map((name) => `${directory}/${name}`)
    .filter((path) => path.endsWith(end) && path !== master)
    .sort()
    .flatMap((path) =>
      definedIn(home, path, version).map((name) => {
        const remedy = inMaster.includes(name)
          ? `is also in ${master}, and the server takes this one; remove it here`
          : `must be in ${master}, where this deployment sets it; move it there`;
        return `${path} (${version}): datasources-configuration/datasources/datasource ${name}: ${remedy}`;
      }),
    );
  if (faults.length > 0) throw new Error(faults.join("\n"));
}

/** The deployment's data sources that a file defines. */
function definedIn(home: Home, path: string, version: string): string[] {
  const bytes = home.read(path);
  if (!bytes) return [];
  const found = findAll(parseFile(path, bytes, version).root, "datasources/datasource");
  return found.flatMap((element) => {
    const text = (child: string) => find(element, child)?.text.trim();
    return own
      .filter(({ name, jndiName }) => text("name") === name || text("jndiConfig/name") === jndiName)
      .map(({ name }) => name);
  });
}
