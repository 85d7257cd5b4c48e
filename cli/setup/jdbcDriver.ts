import { openPromise } from "yauzl";
import { jdbcDriver } from "../../product/mysql";
import type { Host, Report } from "./host";
import { jarName, mavenJar } from "./maven";

const { group, artifact, classFile, loginClassFile, loginSince, standardVersion } = jdbcDriver;

/** Maven's name for the jar of a released MySQL driver. */
export const driverJar = (version: string): string => jarName({ artifact, version });

/** The jar of a released MySQL driver. @throws as {@link mavenJar} */
export function driverFromMaven(
  version: string,
  directory: string,
  host: Host,
  report: Report,
  repository?: string,
): Promise<string> {
  const remedy = `or set wso2-apim:jdbcDriver to the path of a ${artifact} jar`;
  const place = { directory, host, report, ...(repository !== undefined && { repository }) };
  return mavenJar({ group, artifact, version }, { subject: "jdbcDriver", remedy, ...place });
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
