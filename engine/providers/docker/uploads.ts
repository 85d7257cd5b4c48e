/** A container's `uploads`: copies files into the container, and detects changes there. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import * as path from "node:path";
import { buffer } from "node:stream/consumers";
import type { Container } from "dockerode";
import { extract, pack } from "tar-stream";
import type { Inputs } from "./containerTable";
import { attempt, attemptOrGone } from "./error";

type Upload = NonNullable<Inputs["uploads"]>[number];

/**
 * One tar archive to unpack at `/`; undefined if there are no uploads.
 *
 * @param dir the directory that a relative `source` starts from
 */
export async function uploadTar(dir: string, uploads: readonly Upload[] = []): Promise<Buffer | undefined> {
  if (uploads.length === 0) return undefined;
  const archive = pack();
  for (const upload of uploads) {
    const name = upload.file.replace(/^\/+/, "");
    archive.entry({ name, mtime: new Date(0), ...accessOf(upload) }, await contentOf(dir, upload));
  }
  archive.finalize();
  return buffer(archive);
}

/** Mode and owner of a file. */
interface Access {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

function accessOf({ permissions, executable, owner = "0", group = "0" }: Upload): Access {
  const mode = permissions ? Number.parseInt(permissions, 8) : executable ? 0o744 : 0o644;
  return { mode, uid: Number(owner), gid: Number(group) };
}

async function contentOf(dir: string, upload: Upload): Promise<Buffer> {
  const { file, source, contentBase64, content = "" } = upload;
  if (!source) return contentBase64 ? Buffer.from(contentBase64, "base64") : Buffer.from(content, "utf8");
  return readFile(path.resolve(dir, source)).catch((error: Error) => {
    throw new Error(`upload ${file}: source ${source} can't be read: ${error.message}`);
  });
}

/** What the engine adds to the user and group ids of files in containers when it reads them (userns-remap). */
export interface IdOffsets {
  readonly uid: number;
  readonly gid: number;
}

/** The offsets of an engine, which names its directory after them. */
export function idOffsets({ SecurityOptions, DockerRootDir }: EngineInfo): IdOffsets {
  const remaps = SecurityOptions?.some((option) => /^name=userns(,|$)/.test(option));
  const [, uid = 0, gid = 0] = (remaps && /\/(\d+)\.(\d+)\/?$/.exec(DockerRootDir ?? "")) || [];
  return { uid: Number(uid), gid: Number(gid) };
}

/** The part of `docker info` that is read here. */
export interface EngineInfo {
  readonly SecurityOptions?: readonly string[] | null;
  readonly DockerRootDir?: string;
}

/**
 * The recorded `uploads` with drift applied. A file that was edited or removed has a note in place of its content, with a
 * checksum of the actual content, which may be a secret. A changed mode or owner is shown as it is.
 */
export async function uploadsNow(
  container: Container,
  dir: string,
  offsets: () => Promise<IdOffsets>,
  uploads: readonly Upload[] = [],
): Promise<object[]> {
  if (uploads.length === 0) return [];
  const { uid, gid } = await offsets();
  const readUpload = async (upload: Upload): Promise<object> => {
    const wanted = await contentOf(dir, upload).catch(() => undefined);
    const read = await readBack(container, upload.file);
    const found = read && { ...read, uid: read.uid - uid, gid: read.gid - gid };
    if (wanted === undefined) return upload;
    if (found?.content.equals(wanted)) return { ...upload, ...otherAccess(upload, found) };
    const { content: _content, contentBase64: _contentBase64, source: _source, ...rest } = upload;
    const checksum = found && createHash("sha256").update(found.content).digest("hex");
    const note = checksum ? `(edited in the container: sha256 ${checksum})` : "(missing in the container)";
    return { ...rest, content: note, ...(found && otherAccess(upload, found)) };
  };
  return Promise.all(uploads.map(readUpload));
}

function otherAccess(upload: Upload, { mode, uid, gid }: Access): Partial<Upload> {
  const wanted = accessOf(upload);
  return {
    ...(mode !== wanted.mode && { permissions: mode.toString(8).padStart(4, "0") }),
    ...(uid !== wanted.uid && { owner: String(uid) }),
    ...(gid !== wanted.gid && { group: String(gid) }),
  };
}

async function readBack(container: Container, file: string): Promise<(Access & { content: Buffer }) | undefined> {
  const doing = `read ${file} in the container`;
  const stream = await attemptOrGone(doing, container.getArchive({ path: file }));
  if (!stream) return undefined;
  const unpack = async () => {
    const reader = extract();
    stream.on("error", (error) => reader.destroy(error)).pipe(reader);
    let first: (Access & { content: Buffer }) | undefined;
    for await (const entry of reader) {
      const { type, mode = 0, uid = 0, gid = 0 } = entry.header;
      // Docker puts the file's type into the mode.
      const access = { mode: mode & 0o7777, uid, gid };
      first ??= { ...access, content: type === "file" ? await buffer(entry) : Buffer.alloc(0) };
      entry.resume();
    }
    return first;
  };
  return attempt(doing, unpack());
}
