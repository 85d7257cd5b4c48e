import { spawnSync } from "node:child_process";
import * as path from "node:path";

/**
 * Runs TypeScript code, which gets `args` as process.argv.slice(1), with a file size limit of 0. As on a full disk, files
 * can be created, but writing to them fails.
 *
 * @returns the code's output
 */
export function onFullDisk(code: string, ...args: readonly string[]): string {
  const node = [process.execPath, "-r", "ts-node/register/transpile-only", "-e", code, "--", ...args];
  const { stdout, stderr } = spawnSync("sh", ["-c", 'ulimit -f 0; exec "$@"', "sh", ...node], {
    cwd: path.join(__dirname, "../../.."),
    encoding: "utf8",
  });
  return stdout + stderr;
}
