import { RunError } from "@pulumi/pulumi/errors";
import { withSuitableValues } from "./derived";
import { settingsFaults } from "./faults";
import { checkSetting, isSecretSetting, stackNameFault } from "./field";
import { type Settings, settingsSchema } from "./schema";

/** All faults of the settings at once; each names the setting, what was expected, what was found and the remedy. */
export class SettingsError extends RunError {
  /** @param note further lines, for the reader of the message. @default none */
  constructor(
    readonly faults: readonly string[],
    note = "",
  ) {
    super(`The settings of this stack are not usable:\n${faults.map((fault) => `  - ${fault}`).join("\n")}${note}`);
    this.name = "SettingsError";
  }
}

/** Settings as the stack's configuration holds them: strings, as pulumi.Config delivers them, or YAML scalars. */
export type RawSettings = Readonly<Record<string, unknown>>;

/** The settings that could be read, and their faults. */
export interface ReadSettings {
  /** Complete: each invalid value is replaced by its default. */
  readonly settings: Settings;
  /** Every fault of the settings themselves; empty when the settings are usable. */
  readonly faults: readonly string[];
}

/**
 * Checks raw values and adds defaults.
 *
 * @param raw setting name without namespace -> value
 */
export function readSettings(raw: RawSettings, stack: string): ReadSettings {
  const faults: string[] = [];
  const invalid = new Set<string>();
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined) continue;
    const checked = checkSetting(name, value, stack);
    if ("fault" in checked) {
      faults.push(checked.fault);
      invalid.add(name);
    } else if (!isSecretSetting(name)) values[name] = checked.value;
  }
  const nameFault = stackNameFault(stack);
  if (nameFault) faults.push(nameFault);
  // Invalid values are left out, so that the rules over several settings are checked as well.
  const settings = withSuitableValues({ ...settingsSchema.parse(values), stack });
  const further = settingsFaults(settings, new Set(Object.keys(raw)));
  // That an invalid value is missing is no fault of its own.
  faults.push(...further.filter((fault) => !invalid.has(fault.replace(/:.*/s, ""))));
  return { settings, faults };
}
