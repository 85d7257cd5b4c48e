import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { openPromise } from "yauzl";
import { jdbcDriver } from "../../product/mysql";
import { type Host, lastLines, type Report } from "./host";

const { group, artifact, classFile, loginClassFile, loginSince, standardVersion } = jdbcDriver;
const coordinates = `${group}:${artifact}`;
const remedy = `or give the jar itself: set wso2-apim:jdbcDriver to the path of a ${artifact} jar`;

/** What Maven calls the jar of a released MySQL driver. */
export const driverJar = (version: string): string => `${artifact}-${version}.jar`;

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
  const name = driverJar(version);
  const local = join(repository, ...group.split("."), artifact, version, name);
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

/**
 * @param ownServer whether the driver must get into the deployment's own MySQL; a server of the user's may let older ones in
 * @param shown what the file is called in messages
 * @throws when it is no jar with the MySQL driver in it, or the driver is too old
 */
export async function assertDriver(
  file: string,
  { ownServer, shown }: { readonly ownServer: boolean; readonly shown: string },
): Promise<void> {
  const found = (what: string) => `found ${shown} (${what}); set wso2-apim:jdbcDriver`;
  const names = await entriesOf(file).catch((cause: Error) => {
    throw new Error(`jdbcDriver: expected the jar of MySQL Connector/J, ${found(cause.message)}`);
  });
  if (!names.includes(classFile)) {
    throw new Error(`jdbcDriver: expected the jar of MySQL Connector/J, ${found(`there is no ${classFile} in it`)}`);
  }
  if (ownServer && !names.some((name) => name.endsWith(loginClassFile))) {
    throw new Error(
      `jdbcDriver: expected MySQL Connector/J ${loginSince} or newer, which the deployment's MySQL lets in, ${found(`there is no ${loginClassFile} in it`)}, e.g. to ${standardVersion}`,
    );
  }
}

async function entriesOf(file: string): Promise<string[]> {
  const archive = await openPromise(file, { autoClose: false });
  try {
    const names: string[] = [];
    for await (const { fileName } of archive.eachEntry()) names.push(fileName);
    return names;
  } finally {
    archive.close();
  }
}
