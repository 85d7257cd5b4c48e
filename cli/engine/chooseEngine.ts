import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** `pulumi`: the Pulumi CLI; `local`: the embedded engine. */
export type Engine = "pulumi" | "local";

/**
 * The engine for this run: what APIM_ENGINE names, else the Pulumi CLI when it is on PATH, else the embedded engine.
 *
 * @throws when APIM_ENGINE has another value, or names the Pulumi CLI and the CLI is not on PATH
 */
export async function chooseEngine(env: NodeJS.ProcessEnv = process.env): Promise<Engine> {
  const wanted = env.APIM_ENGINE;
  if (wanted === "local") return "local";
  if (wanted !== undefined && wanted !== "" && wanted !== "pulumi")
    throw new Error(`APIM_ENGINE: expected "pulumi" or "local", found "${wanted}"`);
  if (hasPulumi(env.PATH ?? "")) return "pulumi";
  if (wanted === "pulumi")
    throw new Error("APIM_ENGINE=pulumi: expected pulumi on PATH, found none; install it, or unset APIM_ENGINE");
  return "local";
}

function hasPulumi(path: string): boolean {
  return path.split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, process.platform === "win32" ? "pulumi.exe" : "pulumi"), constants.X_OK);
      return dir !== "";
    } catch {
      return false;
    }
  });
}
