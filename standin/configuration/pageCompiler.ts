import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { openPromise } from "yauzl";
import { bundleFiles } from "../../product/files";
import { pageCompiler } from "../../product/pageCompiler";

/**
 * Whether the server can compile its pages on JDK 8: whether the compiler in its home, of the last patch or else of the
 * plug-ins, is a newer one.
 */
export async function compilesPages(carbonHome: string): Promise<boolean> {
  const jar = compilerOf(carbonHome);
  if (jar === undefined) {
    return false;
  }
  const archive = await openPromise(jar, { autoClose: false });
  try {
    for await (const { fileName } of archive.eachEntry()) {
      if (fileName === pageCompiler.newClassFile) {
        return true;
      }
    }
    return false;
  } finally {
    archive.close();
  }
}

function compilerOf(carbonHome: string): string | undefined {
  const { plugins, patches, patch } = bundleFiles;
  const namesIn = (directory: string): string[] => {
    const full = join(carbonHome, directory);
    return existsSync(full) ? readdirSync(full).sort() : [];
  };
  const patched = namesIn(patches).filter((name) => patch.test(name));
  const directories = [plugins, ...patched.map((name) => `${patches}/${name}`)];
  return directories
    .flatMap((directory) =>
      namesIn(directory)
        .filter((file) => file.startsWith(`${pageCompiler.bundle}_`) && file.endsWith(".jar"))
        .map((file) => join(carbonHome, directory, file)),
    )
    .at(-1);
}
