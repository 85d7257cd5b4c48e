import { jdbcDriver } from "../product/mysql";
import { homeIn, sourceKind } from "./directory";
import { directoryFingerprint, directorySignature, listDirectory, type PackEntry } from "./packDirectory";
import { listZip } from "./packZip";

/** A whole product pack: what an image is made of, not just what is read of it. */
export interface Pack {
  /** The directory or zip that was named; for messages. */
  readonly source: string;
  /** Where APIM_HOME is: a directory's full path; the name of the directory in a zip, empty when it is the zip's root. */
  readonly home: string;
  /** What is in it; undefined for a zip, which is read from beginning to end when it is unpacked. */
  readonly entries?: readonly PackEntry[];
  /** The same for the same content on every machine. Hexadecimal. */
  readonly fingerprint: string;
  /** Changes when the pack may have changed: quick to find, but this machine's own. Hexadecimal. */
  readonly signature: string;
  /** Names of the MySQL drivers in its repository/components/lib. */
  readonly drivers: readonly string[];
}

/** A fingerprint found earlier on this machine. */
export type KnownPack = Pick<Pack, "signature" | "fingerprint">;

/**
 * Looks at a pack, its content included.
 * @param known spares reading a directory's files when nothing has touched them since
 * @throws when it is no distribution, or not a whole one, with both remedies
 */
export async function readPack(source: string, known?: KnownPack): Promise<Pack> {
  if (sourceKind(source) === "file") {
    const { home, paths, fingerprint } = await listZip(source);
    assertWhole(source, paths);
    return { source, home, fingerprint, signature: fingerprint, drivers: driversIn(paths) };
  }
  const home = homeIn(source);
  const entries = listDirectory(source, home);
  const paths = entries.map(({ path }) => path);
  assertWhole(source, paths);
  const signature = directorySignature(home, entries);
  const fingerprint = known?.signature === signature ? known.fingerprint : directoryFingerprint(entries);
  return { source, home, entries, fingerprint, signature, drivers: driversIn(paths) };
}

const startScript = "bin/wso2server.sh";
const components = "repository/components/";

function assertWhole(source: string, paths: readonly string[]): void {
  const missing = [
    ...(paths.includes(startScript) ? [] : [startScript]),
    ...(paths.some((path) => path.startsWith(components)) ? [] : [components.slice(0, -1)]),
  ];
  if (missing.length === 0) return;
  throw new Error(
    `distribution ${source}: found no ${missing.join(" and no ")}; an image can be built from a whole pack only. ` +
      `Name the wso2am-<version> directory or zip as it was downloaded, or, if an image with the pack exists already, ` +
      `set wso2-apim:image to its name: then configuration and dbscripts are enough here`,
  );
}

function driversIn(paths: readonly string[]): string[] {
  const lib = `${components}lib/`;
  return paths
    .filter((path) => path.startsWith(lib) && jdbcDriver.jarName.test(path.slice(lib.length)))
    .map((path) => path.slice(lib.length));
}
