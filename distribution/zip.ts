import { posix } from "node:path";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { errorMessage } from "../errors";
import { configurationFiles, dataSourceFiles, stockTruststore, vaultFile } from "../product/files";
import { databaseScripts } from "../product/mysql";
import { isOfBundles } from "./bundles";
import { type Home, maximumSize, namesIn, tooLarge } from "./home";

const wanted = new Set<string>([
  ...Object.values(configurationFiles).map(({ path }) => path),
  ...databaseScripts,
  stockTruststore,
  vaultFile.path,
]);

/** Whether a file of the pack is read. @param path below APIM_HOME */
function isWanted(path: string): boolean {
  const { directory, end } = dataSourceFiles;
  return wanted.has(path) || isOfBundles(path) || (posix.dirname(path) === directory && path.endsWith(end));
}

/** Reads the wanted files of a pack's zip; APIM_HOME is its root or the only `wso2am-<version>` directory in it. */
export async function openZip(path: string): Promise<Home> {
  const archive = await openArchive(path);
  try {
    const homes = await readHomes(path, archive);
    const names = [...homes].flatMap(([home, files]) => [...files.keys()].map((file) => posix.join(home, file)));
    const files = homes.get(homeOf(path, names));
    return {
      read: (file) => files?.get(file),
      list: (directory) => namesIn(directory, [...(files?.keys() ?? [])]),
    };
  } finally {
    archive.close();
  }
}

/**
 * The name of the directory in a zip that is the APIM_HOME; empty for the zip's root.
 * @throws when there is none, or several
 */
export function homeOf(path: string, names: readonly string[]): string {
  const carbon = configurationFiles.carbon.path;
  const homes = names.map(placeOf).flatMap((place) => (place?.file === carbon ? [place.home] : []));
  const [only] = homes;
  if (only !== undefined && homes.length === 1) return only;
  throw new Error(
    only !== undefined
      ? `distribution ${path}: contains several distributions (${homes.join(", ")}); zip one of them`
      : `distribution ${path}: found no ${carbon} in the zip; name the zip of a wso2am-<version> pack`,
  );
}

/** @throws when it can't be read as a zip */
export async function openArchive(path: string): Promise<ZipFile> {
  try {
    return await openPromise(path, { autoClose: false });
  } catch (cause) {
    throw new Error(
      `distribution ${path}: expected a directory or a zip, but it can't be read as a zip (${errorMessage(cause)}); download it again, or name the unpacked directory`,
      { cause },
    );
  }
}

/** The zip's entries, one after another. @throws naming the zip when its table of contents is damaged */
export async function* entriesOf(path: string, archive: ZipFile): AsyncGenerator<Entry> {
  try {
    yield* archive.eachEntry();
  } catch (cause) {
    throw damaged(path, cause);
  }
}

/** The error for a zip that can't be unpacked. */
export function damaged(path: string, cause: unknown): Error {
  return new Error(
    `distribution ${path}: ${errorMessage(cause)}; download the zip again, or name the unpacked directory`,
    { cause },
  );
}

/** The wanted files: home directory in the zip (`""`, `wso2am-1.9.0`) -> path below it -> bytes. */
async function readHomes(path: string, archive: ZipFile): Promise<Map<string, Map<string, Buffer>>> {
  const homes = new Map<string, Map<string, Buffer>>();
  for await (const entry of entriesOf(path, archive)) {
    const place = placeOf(entry.fileName);
    if (!place) continue;
    const files = homes.get(place.home) ?? new Map<string, Buffer>();
    homes.set(place.home, files);
    files.set(place.file, await readEntry(path, archive, entry));
  }
  return homes;
}

function placeOf(name: string): { home: string; file: string } | undefined {
  if (isWanted(name)) return { home: "", file: name };
  const slash = name.indexOf("/");
  const file = name.slice(slash + 1);
  return isWanted(file) ? { home: name.slice(0, slash), file } : undefined;
}

async function readEntry(path: string, archive: ZipFile, entry: Entry): Promise<Buffer> {
  if (entry.uncompressedSize > maximumSize) throw tooLarge(path, entry.fileName, entry.uncompressedSize);
  const chunks: Buffer[] = [];
  for await (const chunk of await archive.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
