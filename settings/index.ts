import * as pulumi from "@pulumi/pulumi";
import type { RawSettings } from "./parse";
import { projectName } from "./schema";

export { differingSettings, sharesApis } from "./derived";
export { configCommand } from "./field";
export { libraryDirectory } from "./library";
export { type OwnStores, ownStores, type StoreFile } from "./ownStores";
export { type RawSettings, readSettings, SettingsError } from "./parse";
export { type Settings, type SettingsInput, settingsSchema, standIn } from "./schema";
export { type ResourceSecret, stackSecrets } from "./secrets";
export { distributionPath, readStackFile } from "./stackFile";

/** The configuration of the running program: setting name without namespace -> value; secrets are plain. */
export function stackConfiguration(): RawSettings {
  const raw: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(pulumi.runtime.allConfig())) {
    if (key.startsWith(`${projectName}:`)) raw[key.slice(projectName.length + 1)] = value;
  }
  return raw;
}
