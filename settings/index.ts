import * as pulumi from "@pulumi/pulumi";
import { parseSettings } from "./parse";
import { projectName, type Settings } from "./schema";

export { differingSettings } from "./derived";
export { configCommand } from "./field";
export { type OwnStores, ownStores, type StoreFile } from "./ownStores";
export { parseSettings, type RawSettings, SettingsError } from "./parse";
export { type Settings, settingsSchema, standIn } from "./schema";
export { otherSecrets, secretSetting, secretText } from "./secrets";
export { distributionPath, loadSettingsFromStack } from "./stackFile";

/** Reads the running program's configuration. @throws {SettingsError} */
export function loadSettings(): Settings {
  const raw: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(pulumi.runtime.allConfig())) {
    if (key.startsWith(`${projectName}:`)) raw[key.slice(projectName.length + 1)] = value;
  }
  return parseSettings(raw, pulumi.getStack());
}
