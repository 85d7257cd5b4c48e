/** Reads settings without running the program, and without Pulumi's SDK, which takes half a second to load. */

import * as fs from "node:fs";
import * as path from "node:path";
import * as yaml from "yaml";
import { configCommand } from "./field";
import { libraryDirectory } from "./library";
import { type RawSettings, SettingsError } from "./parse";
import { projectName, type Settings, standIn } from "./schema";

/** The directory or zip of the stock files. @param directory that a relative path starts from */
export function distributionPath(settings: Settings, directory: string): string {
  return settings.distribution === standIn
    ? path.join(libraryDirectory, "standin", "distribution")
    : path.resolve(directory, settings.distribution);
}

/**
 * The settings in a stack's file: name without namespace -> value as written. As in the engines, the namespace may be
 * missing from the project's own settings.
 *
 * @throws {SettingsError} when the file does not exist
 */
export function readStackFile(projectDirectory: string, stack: string): RawSettings {
  const file = path.join(projectDirectory, `Pulumi.${stack}.yaml`);
  if (!fs.existsSync(file)) {
    throw new SettingsError([
      `stack ${stack}: there is no Pulumi.${stack}.yaml; create it with an editor, or with: ${configCommand("set NAME VALUE", stack)}`,
    ]);
  }
  const document = yaml.parse(fs.readFileSync(file, "utf8")) as { config?: Record<string, unknown> } | null;
  const raw: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(document?.config ?? {})) {
    const [namespace, name] = key.includes(":") ? key.split(/:(.*)/s) : [projectName, key];
    if (namespace === projectName && name !== undefined) raw[name] = value;
  }
  return raw;
}
