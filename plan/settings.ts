import type { Deployment } from "../configs/deployment";
import { subnetFaults } from "../settings/faults";
import { type RawSettings, type ReadSettings, readSettings, SettingsError } from "../settings/parse";
import type { Settings } from "../settings/schema";
import { readStackFile } from "../settings/stackFile";
import { buildTopology } from "../topology";
import { topologyFaults } from "../topology/faults";

/**
 * Checks raw values, alone and together, and adds defaults.
 *
 * @param raw setting name without namespace -> value: a string, as pulumi.Config delivers it, or a YAML scalar
 * @returns the faults of the settings and those of the topology that would follow from them
 */
export function checkSettings(raw: RawSettings, stack: string): ReadSettings {
  const { settings, faults } = readSettings(raw, stack);
  // With an invalid subnet, the addresses in it are not checked.
  const isSubnet = subnetFaults(settings).length === 0;
  return { settings, faults: isSubnet ? [...faults, ...topologyFaults(settings)] : faults };
}

/** As {@link checkSettings}. @throws {SettingsError} with every fault */
export function parseSettings(raw: RawSettings, stack: string): Settings {
  const { settings, faults } = checkSettings(raw, stack);
  if (faults.length > 0) throw new SettingsError(faults);
  return settings;
}

/** The settings of a stack, from its file, without an engine. @throws {SettingsError} as {@link parseSettings}, and when there is no such file */
export function loadSettingsFromStack(projectDirectory: string, stack: string): Settings {
  return parseSettings(readStackFile(projectDirectory, stack), stack);
}

/** Settings and the topology that follows from them. @throws {SettingsError} as {@link parseSettings} */
export function deploymentOf(raw: RawSettings, stack: string): Deployment {
  const settings = parseSettings(raw, stack);
  return { settings, topology: buildTopology(settings) };
}
