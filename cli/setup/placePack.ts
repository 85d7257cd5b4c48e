import { constants, createWriteStream } from "node:fs";
import { chmod, copyFile, link, mkdir, symlink } from "node:fs/promises";
import { dirname, join, normalize, posix } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import type { Entry, ZipFile } from "yauzl";
import type { Pack } from "../../distribution";
import type { PackEntry, PackFile } from "../../distribution/packDirectory";
import { kindOf } from "../../distribution/packZip";
import { damaged, openArchive } from "../../distribution/zip";

/** Puts a pack's files into a new directory. @throws when a file can't be read, or is damaged */
export async function placePack(pack: Pack, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  if (pack.entries) await placeEntries(pack.entries, target);
  else await unpack(pack, target);
}

async function placeEntries(entries: readonly PackEntry[], target: string): Promise<void> {
  for (const entry of entries) {
    const place = join(target, entry.path);
    if (entry.kind === "directory") await mkdir(place, { recursive: true });
    else if (entry.kind === "link") await symlink(entry.target, place);
    else await placeFile(entry, place);
  }
}

/** Creates a hard link, which costs neither time nor space; a copy if the file's owner, as whom the server runs, may not write. */
async function placeFile({ source, mode }: PackFile, place: string): Promise<void> {
  const ownerMayWrite = (mode & 0o600) === 0o600;
  if (ownerMayWrite && (await link(source, place).then(done, failed))) return;
  await copyFile(source, place, constants.COPYFILE_FICLONE);
  await chmod(place, fileMode((mode & 0o100) !== 0));
}

const done = () => true;
/** Another file system, or another user's file. The copy that follows reports anything worse. */
const failed = () => false;

const fileMode = (executable: boolean) => (executable ? 0o755 : 0o644);

async function unpack({ source, home }: Pack, target: string): Promise<void> {
  const prefix = home === "" ? "" : `${home}/`;
  const archive = await openArchive(source);
  const links: { readonly path: string; readonly leadsTo: string }[] = [];
  try {
    for await (const entry of archive.eachEntry()) {
      if (!entry.fileName.startsWith(prefix)) continue;
      const path = entry.fileName.slice(prefix.length);
      const { kind, executable } = kindOf(entry);
      if (kind === "link") links.push({ path, leadsTo: await contentOf(archive, entry) });
      else if (kind === "directory") await mkdir(join(target, path), { recursive: true });
      else await unpackFile(archive, entry, join(target, path), fileMode(executable));
    }
    // Links come last, so that no file is ever written through a link.
    for (const { path, leadsTo } of links) await placeLink(target, path, leadsTo);
  } catch (cause) {
    // A system error, e.g. a full disk, does not mean that the zip is damaged.
    throw cause instanceof Error && "syscall" in cause ? cause : damaged(source, cause);
  } finally {
    archive.close();
  }
}

async function unpackFile(archive: ZipFile, entry: Entry, place: string, mode: number): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  const stream = await archive.openReadStreamPromise(entry);
  await pipeline(stream, checked(entry), createWriteStream(place, { flags: "wx", mode }));
  // The umask may have removed bits from the mode above.
  await chmod(place, mode);
}

async function contentOf(archive: ZipFile, entry: Entry): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of await archive.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

async function placeLink(target: string, path: string, leadsTo: string): Promise<void> {
  const place = normalize(posix.join(posix.dirname(path), leadsTo));
  if (posix.isAbsolute(leadsTo) || place === ".." || place.startsWith("../")) {
    throw new Error(`${path}: expected a link within the pack, found a link to ${leadsTo}`);
  }
  await mkdir(dirname(join(target, path)), { recursive: true });
  await symlink(leadsTo, join(target, path));
}

/** Passes an entry's content on, and fails at the end if the checksum differs from the zip's table of contents. */
function checked({ fileName, crc32: expected }: Entry): Transform {
  let sum = 0;
  return new Transform({
    transform(chunk: Buffer, _, next) {
      sum = crc32(chunk, sum);
      next(null, chunk);
    },
    flush(next) {
      next(
        sum === expected
          ? null
          : new Error(`${fileName} is damaged: its checksum differs from the zip's table of contents`),
      );
    },
  });
}
