/** Which engine brings a stack up. */

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export type Engine = "pulumi" | "local";

/**
 * APIM_ENGINE, else the Pulumi CLI when it is on PATH, else the local engine.
 *
 * @throws when APIM_ENGINE is something else, or asks for a CLI that is not on PATH.
 */
export async function chooseEngine(env: NodeJS.ProcessEnv = process.env): Promise<Engine> {
  const wanted = env.APIM_ENGINE;
  if (wanted === "local") return "local";
  if (wanted !== undefined && wanted !== "" && wanted !== "pulumi")
    throw new Error(`APIM_ENGINE: expected "pulumi" or "local", found "${wanted}"`);
  if (hasPulumi(env.PATH ?? "")) return "pulumi";
  if (wanted === "pulumi")
    throw new Error("APIM_ENGINE=pulumi, but there is no pulumi on PATH; install it, or unset it");
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
