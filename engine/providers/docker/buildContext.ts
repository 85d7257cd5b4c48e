import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import dockerignore from "@balena/dockerignore";
import { type Pack, pack } from "tar-stream";

/**
 * Packs a build context directory into a tar stream, without the files that its .dockerignore excludes. The stream fails
 * if a file can't be read.
 * @param root the directory, absolute
 * @throws when the directory or the Dockerfile is missing
 */
export async function contextTar(root: string, dockerfile: string): Promise<Pack> {
  const find = (name: string) => lstat(path.join(root, name)).catch(() => undefined);
  const stats = await find("");
  if (!stats?.isDirectory())
    throw new Error(`build.context: expected a directory, found ${stats ? "a file" : "nothing"} at ${root}`);
  if (!(await find(dockerfile)))
    throw new Error(`build.dockerfile: no file ${dockerfile} in ${root}; set its path relative to build.context`);
  const patterns = await readFile(path.join(root, ".dockerignore"), "utf8").catch(() => "");
  const rules = dockerignore({ ignorecase: false })
    .add(patterns)
    .add([`!${dockerfile}`, "!.dockerignore"]);
  // A pattern with ! may include files of an excluded directory again.
  const readsExcluded = patterns.includes("!") || path.dirname(dockerfile) !== ".";
  const archive = pack();

  async function add(below: string): Promise<void> {
    for (const entry of (await readdir(path.join(root, below))).sort()) {
      const name = path.posix.join(below, entry);
      const file = path.join(root, name);
      const stats = await lstat(file);
      const excluded = rules.ignores(name);
      if (excluded && !(stats.isDirectory() && readsExcluded)) continue;
      const header = { name, mode: stats.mode & 0o7777, mtime: stats.mtime, uid: 0, gid: 0 };
      if (stats.isDirectory()) {
        if (!excluded) archive.entry({ ...header, type: "directory" });
        await add(name);
      } else if (stats.isSymbolicLink()) archive.entry({ ...header, type: "symlink", linkname: await readlink(file) });
      // Streamed, because a product pack has hundreds of megabytes.
      else if (stats.isFile()) await pipeline(createReadStream(file), archive.entry({ ...header, size: stats.size }));
    }
  }
  add("").then(
    () => archive.finalize(),
    (error) => archive.destroy(error),
  );
  return archive;
}
