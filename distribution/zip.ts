import { type Entry, openPromise, type ZipFile } from "yauzl";
import type { Home } from "./assemble";
import { configurationFiles, databaseScripts } from "./files";

const wanted = new Set<string>([...Object.values(configurationFiles).map(({ path }) => path), ...databaseScripts]);

/** More than any of these files has: what is larger is no configuration file. */
const maximumSize = 16 * 1024 * 1024;

/** Reads the wanted files of a pack's zip, whose root is the APIM_HOME or holds the one `wso2am-<version>` directory. */
export async function openZip(path: string): Promise<Home> {
  const archive = await openArchive(path);
  try {
    const homes = await readHomes(path, archive);
    const withCarbon = [...homes].filter(([, files]) => files.has(configurationFiles.carbon.path));
    const [only] = withCarbon;
    if (!only || withCarbon.length > 1)
      throw new Error(
        only
          ? `distribution ${path}: holds several distributions (${withCarbon.map(([home]) => home).join(", ")}); zip one of them`
          : `distribution ${path}: found no ${configurationFiles.carbon.path} in the zip; name the zip of a wso2am-<version> pack`,
      );
    const [, files] = only;
    return { read: (file) => files.get(file) };
  } finally {
    archive.close();
  }
}

async function openArchive(path: string): Promise<ZipFile> {
  try {
    return await openPromise(path, { autoClose: false });
  } catch (cause) {
    throw new Error(
      `distribution ${path}: expected a directory or a zip, but it can't be read as a zip (${cause instanceof Error ? cause.message : cause}); fetch it anew or name the unpacked directory`,
      { cause },
    );
  }
}

/** Home directory in the zip (`""`, `wso2am-1.9.0`) -> path below it -> bytes. */
async function readHomes(path: string, archive: ZipFile): Promise<Map<string, Map<string, Buffer>>> {
  const homes = new Map<string, Map<string, Buffer>>();
  for await (const entry of archive.eachEntry()) {
    const place = placeOf(entry.fileName);
    if (!place) continue;
    const files = homes.get(place.home) ?? new Map<string, Buffer>();
    homes.set(place.home, files);
    files.set(place.file, await readEntry(path, archive, entry));
  }
  return homes;
}

function placeOf(name: string): { home: string; file: string } | undefined {
  if (wanted.has(name)) return { home: "", file: name };
  const slash = name.indexOf("/");
  const file = name.slice(slash + 1);
  return wanted.has(file) ? { home: name.slice(0, slash), file } : undefined;
}

async function readEntry(path: string, archive: ZipFile, entry: Entry): Promise<Buffer> {
  if (entry.uncompressedSize > maximumSize)
    throw new Error(
      `distribution ${path}: ${entry.fileName} has ${entry.uncompressedSize} bytes; expected a configuration file of at most ${maximumSize}`,
    );
  const chunks: Buffer[] = [];
  for await (const chunk of await archive.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
