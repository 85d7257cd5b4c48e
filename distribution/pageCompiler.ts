import { posix } from "node:path";
import { fromBufferPromise, openPromise, type ZipFile } from "yauzl";
import { effectiveBundle } from "../product/bundles";
import { bundleFiles } from "../product/files";
import { pageCompiler } from "../product/pageCompiler";
import { namesIn } from "./home";

/** A bundle whose page compiler can't read the classes of JDK 8. */
export interface OldPageCompiler {
  /** Path of the bundle below APIM_HOME, as the server runs it. */
  readonly bundle: string;
  /** Path below APIM_HOME at which the server finds a bundle that replaces it: in a patch behind all others. */
  readonly patched: string;
}

/** The first number of a patch of this project: WSO2's own are far below. */
const ownPatch = 9000;

/**
 * Finds a page compiler that must be replaced for JDK 8.
 *
 * @param source the pack, for messages
 * @param paths the pack's files, below APIM_HOME
 * @param open opens a jar of the pack
 * @throws when the bundle is no jar, or no number is left for a patch
 * @returns undefined when the pack's compiler is new enough, or the pack has none
 */
export async function oldPageCompiler(
  source: string,
  paths: readonly string[],
  open: (path: string) => Promise<ZipFile>,
): Promise<OldPageCompiler | undefined> {
  const bundle = effectiveBundle(pageCompiler.bundle, (directory) => namesIn(directory, paths));
  if (bundle === undefined) return undefined;
  const names = await open(bundle)
    .then(entryNames)
    .catch((cause: Error) => {
      throw new Error(
        `distribution ${source}: ${bundle}: expected a jar, found a file that can't be read as one (${cause.message}); take the file from the pack as it was downloaded`,
        { cause },
      );
    });
  if (!names.has(pageCompiler.classFile) || names.has(pageCompiler.newClassFile)) return undefined;
  const { patches, patch } = bundleFiles;
  const numbers = namesIn(patches, paths)
    // A zip does not list empty directories.
    .filter((name) => patch.test(name) && namesIn(`${patches}/${name}`, paths).length > 0)
    .map((name) => Number(name.slice(-4)));
  const number = Math.max(ownPatch, ...numbers.map((each) => each + 1));
  if (number > 9999)
    throw new Error(
      `distribution ${source}: ${patches}: expected room for a patch behind the last one, found patch9999; rename that patch to a lower number`,
    );
  return { bundle, patched: `${patches}/patch${number}/${posix.basename(bundle)}` };
}

/** The names in a jar, which is closed. */
async function entryNames(jar: ZipFile): Promise<ReadonlySet<string>> {
  try {
    const names = new Set<string>();
    for await (const { fileName } of jar.eachEntry()) names.add(fileName);
    return names;
  } finally {
    jar.close();
  }
}

/** Opens a jar on disk. */
export function openJar(file: string): Promise<ZipFile> {
  return openPromise(file, { autoClose: false });
}

/** Opens a jar in memory. */
export function openJarBytes(bytes: Buffer): Promise<ZipFile> {
  return fromBufferPromise(bytes);
}
