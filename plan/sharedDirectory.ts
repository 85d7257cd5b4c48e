import { existsSync } from "node:fs";
import type { Settings } from "../settings";
import { SettingsError } from "../settings/parse";
import { isLocalEngine } from "./dockerHost";

/**
 * Checks that this machine, a manager of the swarm, has the directory that all machines mount. Whether the other machines
 * have it is checked with MachineCheck, once the images are in the registry. Does nothing when the Docker engine is on
 * another machine.
 *
 * @throws {SettingsError} with the remedy
 */
export function checkSharedDirectory(
  { sharedDirectory }: Settings,
  exists: (path: string) => boolean = existsSync,
): void {
  if (sharedDirectory === "" || !isLocalEngine() || exists(sharedDirectory)) return;
  throw new SettingsError([
    `sharedDirectory: expected a directory that all machines mount, found no ${sharedDirectory} on this machine; mount it on all machines, or set wso2-apim:sharedDirectory`,
  ]);
}
