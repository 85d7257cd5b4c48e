/** What commands need of the settings without running the program; loads nothing of Pulumi's SDK, which takes half a second. */

import * as fs from "node:fs";
import * as path from "node:path";
import * as yaml from "yaml";
import { configCommand } from "./field";
import { parseSettings, SettingsError } from "./parse";
import { projectName, type Settings, standIn } from "./schema";

/** The directory or zip that the stock files come from; relative paths are the project's. */
export function distributionPath(settings: Settings, projectDirectory: string): string {
  return settings.distribution === standIn
    ? path.join(projectDirectory, "standin", "distribution")
    : path.resolve(projectDirectory, settings.distribution);
}

/**
 * Reads a stack's settings file without an engine, for commands that only show configuration. As for the engines, the
 * project's own settings may stand without its name before them.
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
    const [namespace, name] = key.includes(":") ? key.split(/:(.*)/s) : [projectName, key];
    if (namespace === projectName && name !== undefined) raw[name] = value;
  }
  return parseSettings(raw, stack);
}
