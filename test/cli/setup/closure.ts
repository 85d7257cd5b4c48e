import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";

/**
 * Runs a function as the SDK runs a dynamic resource's functions: serialized with everything that the function refers
 * to, in another process. The result must be plain data.
 * @throws with the stderr of that process when the function fails
 */
export async function runAsClosure<T>(work: () => Promise<T>): Promise<T> {
  const { text, exportName } = await pulumi.runtime.serializeFunction(work);
  // Inside the project, so that Node finds the packages that the function requires.
  const directory = mkdtempSync(join(__dirname, "../../../node_modules/.closure-"));
  try {
    const file = join(directory, "closure.js");
    writeFileSync(file, `${text}\nexports.${exportName}().then((result) => console.log(JSON.stringify(result)));\n`);
    const { stdout, stderr, status } = spawnSync(process.execPath, [file], { encoding: "utf8" });
    if (status !== 0) throw new Error(`the closure failed: ${stderr}`);
    return JSON.parse(stdout) as T;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
