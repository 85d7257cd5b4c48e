import * as pulumi from "@pulumi/pulumi";
import type { SecretName } from "../topology/model";
import type { SecretSetting } from "./field";
import { parseSettings } from "./parse";
import { projectName, type Settings } from "./schema";

export { parseSettings, type RawSettings, SettingsError } from "./parse";
export { type Settings, settingsSchema, standIn } from "./schema";
export { distributionPath, loadSettingsFromStack } from "./stackFile";

/** Reads the running program's configuration. @throws {SettingsError} */
export function loadSettings(): Settings {
  const raw: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(pulumi.runtime.allConfig())) {
    if (key.startsWith(`${projectName}:`)) raw[key.slice(projectName.length + 1)] = value;
  }
  return parseSettings(raw, pulumi.getStack());
}

/** The value of a secret if the stack sets it (`npm run config -- set --secret <name>`), else undefined. */
export function secretSetting(name: SecretSetting): pulumi.Output<string> | undefined {
  return new pulumi.Config(projectName).getSecret(name);
}

/** What configuration files may need besides the databases' and the administrator's passwords. */
export function otherSecrets(): Partial<Record<SecretName, pulumi.Output<string>>> {
  const analytics = secretSetting("analyticsPassword");
  const svn = secretSetting("svnPassword");
  return { ...(analytics && { "analytics-password": analytics }), ...(svn && { "svn-password": svn }) };
}
