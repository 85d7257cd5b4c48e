import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import ignore, { type Ignore } from "ignore";
import { type Pack, pack } from "tar-stream";

/**
 * A build context directory as one tar, without what its .dockerignore excludes. A file below an excluded directory
 * can't be included again: exclude `dir/*` in place of `dir`. A file that can't be read ends the stream with an error.
 * @throws naming the directory or the Dockerfile that is missing
 */
export async function contextTar(directory: string, dockerfile: string): Promise<Pack> {
  const root = path.resolve(directory);
  const found = (name: string) => lstat(path.join(root, name)).catch(() => undefined);
  const stats = await found("");
  if (!stats?.isDirectory())
    throw new Error(`build.context: expected a directory, found ${stats ? "a file" : "nothing"} at ${root}`);
  if (!(await found(dockerfile)))
    throw new Error(`build.dockerfile: no file ${dockerfile} in ${root}; give its path below build.context`);
  const rules = await ignoreRules(root);
  const always = new Set([path.posix.normalize(dockerfile), ".dockerignore"]);
  const archive = pack();

  async function add(below: string): Promise<void> {
    for (const entry of (await readdir(path.join(root, below))).sort()) {
      const name = path.posix.join(below, entry);
      const file = path.join(root, name);
      const stats = await lstat(file);
      if (!always.has(name) && rules.ignores(stats.isDirectory() ? `${name}/` : name)) continue;
      const header = { name, mode: stats.mode & 0o7777, mtime: stats.mtime, uid: 0, gid: 0 };
      if (stats.isDirectory()) {
        archive.entry({ ...header, type: "directory" });
        await add(name);
      } else if (stats.isSymbolicLink()) archive.entry({ ...header, type: "symlink", linkname: await readlink(file) });
      // Streamed: a product pack has hundreds of megabytes.
      else if (stats.isFile()) await pipeline(createReadStream(file), archive.entry({ ...header, size: stats.size }));
    }
  }
  add("").then(
    () => archive.finalize(),
    (error) => archive.destroy(error),
  );
  return archive;
}

async function ignoreRules(root: string): Promise<Ignore> {
  const lines = (await readFile(path.join(root, ".dockerignore"), "utf8").catch(() => "")).split(/\r?\n/);
  // A .dockerignore pattern starts at the context's root; one of .gitignore without a slash matches at every depth.
  const anchored = lines
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.replace(/^(!?)\/*/, "$1/"));
  return ignore().add(anchored);
}
