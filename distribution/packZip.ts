import { createHash } from "node:crypto";
import { posix } from "node:path";
import { buffer } from "node:stream/consumers";
import type { Entry } from "yauzl";
import { entriesOf, homeOf, openArchive } from "./zip";

/** The kind of a zip's entry, and whether it is executable. Zips from Windows record no modes: then scripts are. */
export function kindOf(entry: Entry): { readonly kind: "directory" | "link" | "file"; readonly executable: boolean } {
  const mode = entry.externalFileAttributes >>> 16;
  if (entry.fileName.endsWith("/")) return { kind: "directory", executable: true };
  if ((mode & 0o170000) === 0o120000) return { kind: "link", executable: false };
  return { kind: "file", executable: mode === 0 ? entry.fileName.endsWith(".sh") : (mode & 0o100) !== 0 };
}

/**
 * Reads the zip's table of contents, unpacking nothing. The fingerprint is a hash of names, sizes and checksums.
 * @throws when it is not a zip, contains no APIM_HOME or several, or a name in it points outside of it
 */
export async function listZip(
  source: string,
): Promise<{ readonly home: string; readonly paths: readonly string[]; readonly fingerprint: string }> {
  const entries: { readonly name: string; readonly line: string }[] = [];
  const archive = await openArchive(source);
  try {
    for await (const entry of entriesOf(source, archive)) {
      const { fileName: name, uncompressedSize: size, crc32 } = entry;
      const { kind, executable } = kindOf(entry);
      entries.push({ name, line: `${kind}\0${executable}\0${size}\0${crc32}` });
    }
  } finally {
    archive.close();
  }
  const home = homeOf(
    source,
    entries.map(({ name }) => name),
  );
  const prefix = home === "" ? "" : `${home}/`;
  const own = entries
    .filter(({ name }) => name.startsWith(prefix) && name.length > prefix.length)
    .map(({ name, line }) => ({ path: name.slice(prefix.length), line }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const hash = createHash("sha256");
  for (const { path, line } of own) hash.update(`${path}\0${line}\0`);
  return { home, paths: own.map(({ path }) => path), fingerprint: hash.digest("hex") };
}

/** Reads one file of a zip. @param path below APIM_HOME @throws when the zip does not have it */
export async function readInZip(source: string, home: string, path: string): Promise<Buffer> {
  const name = posix.join(home, path);
  const archive = await openArchive(source);
  try {
    for await (const entry of entriesOf(source, archive))
      if (entry.fileName === name) return await buffer(await archive.openReadStreamPromise(entry));
  } finally {
    archive.close();
  }
  throw new Error(`distribution ${source}: found no ${name}; download the zip again`);
}
