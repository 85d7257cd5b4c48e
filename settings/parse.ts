import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { withSuitableValues } from "./derived";
import { settingsFaults } from "./faults";
import { projectName, type Settings, secretSettings, settingsSchema } from "./schema";

/** All faults of the settings at once; each line names the setting, what was expected, what was found and the remedy. */
export class SettingsError extends pulumi.RunError {
  constructor(readonly faults: readonly string[]) {
    super(`The settings of this stack are not usable:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
    this.name = "SettingsError";
  }
}

/** Settings as the stack's configuration gives them: strings, as pulumi.Config delivers them, or YAML scalars. */
export type RawSettings = Readonly<Record<string, unknown>>;

/**
 * Checks raw values, adds defaults.
 *
 * @param raw setting name without namespace -> value
 * @throws {SettingsError} with every fault
 */
export function parseSettings(raw: RawSettings, stack: string): Settings {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (isSecret(name)) {
      faults.push(...passwordFaults(name, value));
    } else if (!(name in settingsSchema.shape)) {
      faults.push(`${name}: there is no such setting${suggestion(name)}; remove it with: pulumi config rm ${name}`);
    } else if (value !== undefined) {
      values[name] = plainValue(name, value);
    }
  }
  if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(stack)) {
    faults.push(
      `stack name: expected up to 32 lower-case letters, digits and dashes (it names containers), found "${stack}"`,
    );
  }
  for (const issue of settingsSchema.safeParse(values).error?.issues ?? []) {
    const name = String(issue.path[0]);
    faults.push(
      `${name}: expected ${expectation(issue)}, found ${JSON.stringify(values[name])}; set ${projectName}:${name}`,
    );
    // So that what the others say together is checked as well.
    delete values[name];
  }
  const settings = withSuitableValues({ ...settingsSchema.parse(values), stack });
  faults.push(...settingsFaults(settings, new Set(Object.keys(raw))));
  if (faults.length > 0) throw new SettingsError(faults);
  return settings;
}

function isSecret(name: string): name is (typeof secretSettings)[number] {
  return secretSettings.some((secret) => secret === name);
}

/** The administrator's is subject to the product's PasswordJavaRegEx; the value is never shown. */
function passwordFaults(name: (typeof secretSettings)[number], value: unknown): string[] {
  // In a stack file that no engine has read, it is still encrypted.
  if (typeof value === "object") return [];
  const [pattern, expected] =
    name === "adminPassword"
      ? [/^\S{5,30}$/, "5 to 30 characters without white space"]
      : [/^\P{Cc}{1,200}$/u, "1 to 200 characters on one line"];
  if (typeof value === "string" && pattern.test(value)) return [];
  return [`${name}: expected ${expected}; run: pulumi config set --secret ${name}`];
}

function plainValue(name: string, value: unknown): unknown {
  if (typeof value !== "string") return value;
  const field = settingsSchema.shape[name as keyof typeof settingsSchema.shape].unwrap();
  if (field instanceof z.ZodBoolean && /^(true|false)$/.test(value)) return value === "true";
  if (field instanceof z.ZodNumber && /^-?\d+$/.test(value)) return Number(value);
  return value;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_value":
      return issue.values.map((value) => String(value)).join(" | ");
    case "too_small":
      return issue.origin === "string" ? "a value" : `at least ${issue.minimum}`;
    case "too_big":
      return issue.origin === "string" ? `at most ${issue.maximum} characters` : `at most ${issue.maximum}`;
    case "invalid_type":
      return issue.expected === "int" ? "a whole number" : `a ${issue.expected}`;
    case "invalid_format":
      return issue.format === "regex" ? issue.message : `a valid ${issue.format} address`;
    default:
      return issue.message;
  }
}

function suggestion(name: string): string {
  const near = [...Object.keys(settingsSchema.shape), ...secretSettings].find(
    (known) => distance(known.toLowerCase(), name.toLowerCase()) <= 2,
  );
  return near ? ` (did you mean ${near}?)` : "";
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
