import { createWriteStream, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { openPromise } from "yauzl";
import { ZipFile } from "yazl";
import type { OldPageCompiler } from "../../distribution/pageCompiler";
import { pageCompiler } from "../../product/pageCompiler";
import type { Host, Report } from "./host";
import { jarName, mavenJar } from "./maven";

/**
 * Puts a patch into a pack's directory whose page compiler can read the classes of JDK 8: the pack's own bundle with the
 * compiler of a newer release. The server copies patches over its plug-ins at its start.
 *
 * @param pack the directory of APIM_HOME
 * @param aside a directory for a fetched jar; it is removed
 * @throws when the newer compiler is neither in Maven's local repository nor can be fetched
 */
export async function placePageCompiler(
  { bundle, patched }: OldPageCompiler,
  pack: string,
  aside: string,
  host: Host,
  report: Report,
  repository?: string,
): Promise<void> {
  const { replacement } = pageCompiler;
  const newer = await mavenJar(replacement, {
    subject: "page compiler",
    remedy: "or set wso2-apim:image to an image of your own, which you build from the pack",
    directory: aside,
    host,
    report,
    ...(repository !== undefined && { repository }),
  });
  await writeWithCompiler(join(pack, bundle), newer, join(pack, patched));
  rmSync(aside, { recursive: true, force: true });
  report(
    `Page compiler: the image gets ${patched} with ${jarName(replacement)}, since the pack's cannot compile on JDK 8`,
  );
}

/** Writes a copy of the bundle that has the compiler of another jar. The signature of the bundle no longer fits, and goes. */
export async function writeWithCompiler(bundle: string, compiler: string, target: string): Promise<void> {
  const written = new ZipFile();
  const isOfCompiler = (name: string) => name.startsWith(pageCompiler.directory);
  await add(bundle, written, (name) => !isOfCompiler(name) && !/^META-INF\/[^/]+\.(SF|RSA|DSA|EC)$/.test(name));
  await add(compiler, written, isOfCompiler);
  written.end();
  mkdirSync(dirname(target), { recursive: true });
  await pipeline(written.outputStream, createWriteStream(target, { mode: 0o644 }));
}

/** Adds the chosen files of a jar, with one time for all: equal input gives equal bytes. */
async function add(jar: string, target: ZipFile, isChosen: (name: string) => boolean): Promise<void> {
  const archive = await openPromise(jar, { autoClose: false });
  try {
    for await (const entry of archive.eachEntry()) {
      if (entry.fileName.endsWith("/") || !isChosen(entry.fileName)) continue;
      const content = await buffer(await archive.openReadStreamPromise(entry));
      target.addBuffer(content, entry.fileName, { mtime: new Date(2000, 0, 1), mode: 0o100644 });
    }
  } finally {
    archive.close();
  }
}
