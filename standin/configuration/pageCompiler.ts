import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { openPromise } from "yauzl";
import { effectiveBundle } from "../../product/bundles";
import { pageCompiler } from "../../product/pageCompiler";

/**
 * Whether the server can compile its pages on JDK 8: whether the compiler in its home, of the last patch or else of the
 * plug-ins, is a newer one.
 */
export async function compilesPages(carbonHome: string): Promise<boolean> {
  const namesIn = (directory: string): string[] => {
    const full = join(carbonHome, directory);
    return existsSync(full) ? readdirSync(full) : [];
  };
  const jar = effectiveBundle(pageCompiler.bundle, namesIn);
  if (jar === undefined) {
    return false;
  }
  const archive = await openPromise(join(carbonHome, jar), { autoClose: false });
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
