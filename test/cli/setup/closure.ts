import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";

/**
 * Runs a function the way a dynamic resource's is: taken out of its module with all that it refers to, in a process of
 * its own. What it returns must be plain data.
 * @throws with the process's stderr when it fails there
 */
export async function runAsClosure<T>(work: () => Promise<T>): Promise<T> {
  const { text, exportName } = await pulumi.runtime.serializeFunction(work);
  // Inside the project, so that the packages it requires are found.
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
