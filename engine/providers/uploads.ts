import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import type { Container } from "dockerode";
import { extract, pack } from "tar-stream";
import type { Properties } from "../provider";
import { attempt, attemptOrGone } from "./dockerError";
import { flag, objects, text } from "./values";

/** All `uploads` as one tar to be unpacked at `/`; undefined if there are none. */
export async function uploadTar(inputs: Properties): Promise<Buffer | undefined> {
  const uploads = objects(inputs, "uploads");
  if (uploads.length === 0) {
    return undefined;
  }
  const archive = pack();
  for (const upload of uploads) {
    const name = (text(upload, "file") ?? "").replace(/^\/+/, "");
    const ids = { uid: Number(text(upload, "owner") ?? 0), gid: Number(text(upload, "group") ?? 0) };
    archive.entry({ name, mode: modeOf(upload), mtime: new Date(0), ...ids }, await contentOf(upload));
  }
  archive.finalize();
  return buffer(archive);
}

function modeOf(upload: Properties): number {
  const permissions = text(upload, "permissions");
  if (permissions !== undefined) {
    return Number.parseInt(permissions, 8);
  }
  return flag(upload, "executable") ? 0o744 : 0o644;
}

async function contentOf(upload: Properties): Promise<Buffer> {
  const source = text(upload, "source");
  if (source !== undefined) {
    return readFile(source).catch((error: Error) => {
      throw new Error(`upload ${text(upload, "file")}: cannot read its source ${source}: ${error.message}`);
    });
  }
  const base64 = text(upload, "contentBase64");
  return base64 === undefined ? Buffer.from(text(upload, "content") ?? "", "utf8") : Buffer.from(base64, "base64");
}

/**
 * The recorded `uploads` with what is in the container now: a file that was edited there or is missing has a note in
 * place of its content. The note holds a checksum, never the text, which may be a secret.
 */
export async function uploadsNow(container: Container, inputs: Properties): Promise<Properties[]> {
  return Promise.all(
    objects(inputs, "uploads").map(async (upload) => {
      const file = text(upload, "file") ?? "";
      const wanted = await contentOf(upload).catch(() => undefined);
      const found = await readBack(container, file);
      if (wanted === undefined || found?.equals(wanted)) {
        return upload;
      }
      const note = found
        ? `(edited in the container: sha256 ${createHash("sha256").update(found).digest("hex")})`
        : "(missing in the container)";
      const { content, contentBase64, source, ...rest } = upload;
      return { ...rest, content: note };
    }),
  );
}

async function readBack(container: Container, file: string): Promise<Buffer | undefined> {
  const stream = await attemptOrGone(`read ${file} in the container`, () => container.getArchive({ path: file }));
  if (!stream) {
    return undefined;
  }
  return attempt(`read ${file} in the container`, async () => {
    const reader = extract();
    stream.on("error", (error) => reader.destroy(error)).pipe(reader);
    let content: Buffer | undefined;
    for await (const entry of reader) {
      content ??= entry.header.type === "file" ? await buffer(entry) : Buffer.alloc(0);
      entry.resume();
    }
    return content;
  });
}
