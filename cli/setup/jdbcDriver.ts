import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { openPromise } from "yauzl";
import { jdbcDriver } from "../../product/mysql";
import { type Host, lastLines, type Report } from "./host";

const { group, artifact, classFile, loginClassFile, loginSince, standardVersion } = jdbcDriver;
const coordinates = `${group}:${artifact}`;
const remedy = `or set wso2-apim:jdbcDriver to the path of a ${artifact} jar`;

/** Maven's name for the jar of a released MySQL driver. */
export const driverJar = (version: string): string => `${artifact}-${version}.jar`;

/**
 * The jar of a released MySQL driver, from Maven's local repository, else fetched by Maven.
 * @param directory where Maven puts a fetched jar
 * @param repository Maven's local repository. @default ~/.m2/repository
 * @throws when the local repository lacks the jar, and Maven is missing or can't fetch it
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
      `jdbcDriver: found neither ${local} nor mvn on PATH to fetch ${coordinates}:${version}; install Maven, ${remedy}`,
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
    `jdbcDriver: mvn could not fetch ${coordinates}:${version} (status ${status}); check that this version exists and that ` +
      `Maven can reach a repository, ${remedy}:\n${lastLines(output)}`,
  );
}

/**
 * @param ownServer whether the driver connects to the deployment's own MySQL; the user's own server may accept older drivers
 * @param shown the file's name in messages
 * @throws when the file is not a jar with the MySQL driver, or the driver is too old
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
    throw new Error(`jdbcDriver: expected the jar of MySQL Connector/J, ${found(`without ${classFile}`)}`);
  }
  if (ownServer && !names.some((name) => name.endsWith(loginClassFile))) {
    throw new Error(
      `jdbcDriver: expected MySQL Connector/J ${loginSince} or newer, which can log in to the deployment's MySQL, ${found(`without ${loginClassFile}`)}, e.g. to ${standardVersion}`,
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
