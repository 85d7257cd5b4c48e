import { join } from "node:path";
import { jdbcDriver } from "../product/mysql";
import { homeIn, sourceKind } from "./directory";
import { directoryFingerprint, directorySignature, listDirectory, type PackEntry } from "./packDirectory";
import { listZip, readInZip } from "./packZip";
import { type OldPageCompiler, oldPageCompiler, openJar, openJarBytes } from "./pageCompiler";

/** A whole product pack, from which an image is built. */
export interface Pack {
  /** Path of the directory or zip, for messages. */
  readonly source: string;
  /** APIM_HOME: the full path of a directory, or the name of a directory in the zip; empty when it is the zip's root. */
  readonly home: string;
  /** Its content; undefined for a zip, which is read from beginning to end when it is unpacked. */
  readonly entries?: readonly PackEntry[];
  /** The same for the same content on every machine. Hexadecimal. */
  readonly fingerprint: string;
  /** Changes when the pack may have changed: quick to compute, but different on each machine. Hexadecimal. */
  readonly signature: string;
  /** File names of the MySQL drivers in its repository/components/lib. */
  readonly drivers: readonly string[];
  /** Undefined: the pack's pages compile on JDK 8. */
  readonly oldPageCompiler?: OldPageCompiler;
}

/** A fingerprint that was computed earlier on this machine. */
export type KnownPack = Pick<Pack, "signature" | "fingerprint">;

/**
 * Lists a pack and computes its fingerprint.
 * @param known its fingerprint is returned, and no file is read, when the signature is the same
 * @throws when the path is not a distribution or the pack is incomplete, with the remedy
 */
export async function readPack(source: string, known?: KnownPack): Promise<Pack> {
  if (sourceKind(source) === "file") {
    const { home, paths, fingerprint } = await listZip(source);
    assertComplete(source, paths);
    const old = await oldPageCompiler(source, paths, async (path) => openJarBytes(await readInZip(source, home, path)));
    return { source, home, fingerprint, signature: fingerprint, drivers: driversIn(paths), ...compiler(old) };
  }
  const home = homeIn(source);
  const entries = listDirectory(source, home);
  const paths = entries.map(({ path }) => path);
  assertComplete(source, paths);
  const signature = directorySignature(home, entries);
  const fingerprint = known?.signature === signature ? known.fingerprint : directoryFingerprint(entries);
  const old = await oldPageCompiler(source, paths, (path) => openJar(join(home, path)));
  return { source, home, entries, fingerprint, signature, drivers: driversIn(paths), ...compiler(old) };
}

const compiler = (old: OldPageCompiler | undefined) => (old ? { oldPageCompiler: old } : {});

const startScript = "bin/wso2server.sh";
const components = "repository/components/";

function assertComplete(source: string, paths: readonly string[]): void {
  const missing = [
    ...(paths.includes(startScript) ? [] : [startScript]),
    ...(paths.some((path) => path.startsWith(components)) ? [] : [components.slice(0, -1)]),
  ];
  if (missing.length === 0) return;
  throw new Error(
    `distribution ${source}: found no ${missing.join(" and no ")}; an image can only be built from a complete pack. ` +
      `Name the wso2am-<version> directory or zip as it was downloaded, or, if an image with the pack exists already, ` +
      `set wso2-apim:image to its name: then the distribution needs only configuration and dbscripts`,
  );
}

function driversIn(paths: readonly string[]): string[] {
  const lib = `${components}lib/`;
  return paths
    .filter((path) => path.startsWith(lib) && jdbcDriver.jarName.test(path.slice(lib.length)))
    .map((path) => path.slice(lib.length));
}
