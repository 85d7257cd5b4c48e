import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as yaml from "yaml";
import type { SecretName } from "../topology/model";
import { configCommand, type SecretSetting } from "./field";
import { parseSettings, SettingsError } from "./parse";
import { projectName, type Settings, standIn } from "./schema";

export { parseSettings, type RawSettings, SettingsError } from "./parse";
export { type Settings, settingsSchema, standIn } from "./schema";

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

/** The directory or zip that the stock files come from; relative paths are the project's. */
export function distributionPath(settings: Settings, projectDirectory: string): string {
  return settings.distribution === standIn
    ? path.join(projectDirectory, "standin", "distribution")
    : path.resolve(projectDirectory, settings.distribution);
}

/**
 * Reads a stack's settings file without an engine, for commands that only show configuration.
 *
 * @throws {SettingsError} also when there is no such stack file
 */
export function loadSettingsFromStack(projectDirectory: string, stack: string): Settings {
  const file = path.join(projectDirectory, `Pulumi.${stack}.yaml`);
  if (!fs.existsSync(file)) {
    throw new SettingsError([
      `stack ${stack}: there is no Pulumi.${stack}.yaml; make one with an editor, or with: ${configCommand("set NAME VALUE", stack)}`,
    ]);
  }
  const document = yaml.parse(fs.readFileSync(file, "utf8")) as { config?: Record<string, unknown> } | null;
  const raw: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(document?.config ?? {})) {
    if (key.startsWith(`${projectName}:`)) raw[key.slice(projectName.length + 1)] = value;
  }
  return parseSettings(raw, stack);
}
