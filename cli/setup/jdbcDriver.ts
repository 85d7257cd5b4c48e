import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { openPromise } from "yauzl";
import { type Host, lastLines, type Report } from "./host";

const driverClass = "com/mysql/jdbc/Driver.class";
const coordinates = "mysql:mysql-connector-java";
const remedy = "or give the jar itself: set wso2-apim:jdbcDriver to the path of a mysql-connector-java jar";

/**
 * The jar of a released MySQL driver, from Maven's local repository or else fetched by Maven.
 * @param directory where a fetched jar is put
 * @param repository Maven's local one. @default ~/.m2/repository
 * @throws when it is not there and Maven is not, or can't get it, with how to give a path
 */
export async function driverFromMaven(
  version: string,
  directory: string,
  host: Host,
  report: Report,
  repository = join(homedir(), ".m2", "repository"),
): Promise<string> {
  const name = `mysql-connector-java-${version}.jar`;
  const local = join(repository, "mysql", "mysql-connector-java", version, name);
  if (existsSync(local)) return local;
  if (!host.has("mvn")) {
    throw new Error(
      `jdbcDriver: found no ${local}, and no mvn on PATH to fetch ${coordinates}:${version}; install Maven, ${remedy}`,
    );
  }
  report(`JDBC driver: fetching ${coordinates}:${version} with mvn`);
  const { status, output } = await host.run("mvn", [
    "--batch-mode",
    "--quiet",
    "dependency:copy",
    `-Dartifact=${coordinates}:${version}`,
    `-DoutputDirectory=${directory}`,
  ]);
  const fetched = join(directory, name);
  if (status === 0 && existsSync(fetched)) return fetched;
  throw new Error(
    `jdbcDriver: mvn could not fetch ${coordinates}:${version} (status ${status}); see that there is such a version and that ` +
      `Maven can reach a repository, ${remedy}:\n${lastLines(output)}`,
  );
}

/** @throws when a file is no jar with the MySQL driver in it */
export async function assertDriver(file: string): Promise<void> {
  const found = await hasEntry(file, driverClass).catch((cause: Error) => cause.message);
  if (found === true) return;
  const why = found === false ? `there is no ${driverClass} in it` : found;
  throw new Error(
    `jdbcDriver: expected the jar of MySQL Connector/J, found ${file} (${why}); set wso2-apim:jdbcDriver`,
  );
}

async function hasEntry(file: string, name: string): Promise<boolean> {
  const archive = await openPromise(file, { autoClose: false });
  try {
    for await (const { fileName } of archive.eachEntry()) if (fileName === name) return true;
    return false;
  } finally {
    archive.close();
  }
}
