import { distance } from "fastest-levenshtein";
import { z } from "zod";
import { projectName, settingsSchema } from "./schema";
import { expectedValues } from "./schema/describe";
import { type SecretSetting, secretSettings, secrets } from "./schema/secrets";

/** One setting by itself: its value as the program uses it, or its fault. */
export type Checked = { readonly value: unknown } | { readonly fault: string };

export function isSecretSetting(name: string): name is SecretSetting {
  return secretSettings.some((secret) => secret === name);
}

/** Says that a setting does not exist, and which one may have been meant; undefined for a setting that exists. */
export function unknownSetting(name: string): string | undefined {
  const known = [...Object.keys(settingsSchema.shape), ...secretSettings];
  if (known.includes(name)) return undefined;
  const near = known.find((candidate) => distance(candidate.toLowerCase(), name.toLowerCase()) <= 2);
  return `${name}: there is no such setting${near ? ` (did you mean ${near}?)` : ""}`;
}

/** The name of a stack in its file names: without the organisation that may stand before it. */
export function plainStackName(stack: string): string {
  return stack.split("/").at(-1) ?? stack;
}

/** Names that those of containers begin with or contain: up to 32 lower-case letters, digits and dashes. */
export const partOfContainerName = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

/** Begins the names of a stack's Docker objects unless `namePrefix` is set. @param name of the deployment in its program */
export function defaultNamePrefix(stack: string, name = "apim"): string {
  return `${name}-${stack}`;
}

/** The fault of a stack's name; undefined when the name is valid. */
export function stackNameFault(stack: string): string | undefined {
  if (partOfContainerName.test(stack)) return undefined;
  return `stack name: expected up to 32 lower-case letters, digits and dashes (container names contain it), found "${stack}"; choose another name`;
}

/** A command for a stack as a user types it; without an option, the command means the stack `dev`. */
export function stackCommand(command: string, stack: string, args: readonly string[] = []): string {
  const all = [...args, ...(stack === "dev" ? [] : [`--stack ${stack}`])];
  return [`npm run ${command}`, ...(all.length > 0 ? ["--", ...all] : [])].join(" ");
}

/** The command that changes settings, with either engine; `args` e.g. `set --secret NAME`. */
export function configCommand(args: string, stack: string): string {
  return stackCommand("config", stack, [args]);
}

/**
 * Checks one value, without regard to the others.
 *
 * @param value a string, as pulumi.Config delivers it, or a YAML scalar; the value of a secret is never shown
 */
export function checkSetting(name: string, value: unknown, stack: string): Checked {
  if (isSecretSetting(name)) return checkSecret(name, value, stack);
  const unknown = unknownSetting(name);
  if (unknown) return { fault: `${unknown}; remove it with: ${configCommand(`rm ${name}`, stack)}` };
  const setting = settingsSchema.shape[name as keyof typeof settingsSchema.shape];
  const plain = plainValue(setting.unwrap(), value);
  if (setting.safeParse(plain).success) return { value: plain };
  // The user name and password of a URL are not shown.
  const found = JSON.stringify(plain).replace(/:\/\/[^/\s]*@/, "://...@");
  return {
    fault: `${name}: expected ${expectedValues(setting.unwrap())}, found ${found}; set ${projectName}:${name}`,
  };
}

function checkSecret(name: SecretSetting, value: unknown, stack: string): Checked {
  // In a stack file that no engine has read, the secret is still encrypted.
  if (typeof value === "object") return { value };
  const { form, expected } = secrets[name];
  if (typeof value === "string" && form.test(value)) return { value };
  return { fault: `${name}: expected ${expected}; run: ${configCommand(`set --secret ${name}`, stack)}` };
}

function plainValue(type: z.ZodType, value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (type instanceof z.ZodBoolean && /^(true|false)$/.test(value)) return value === "true";
  const isNumber = type instanceof z.ZodNumber || type instanceof z.ZodUnion;
  return isNumber && /^-?\d+$/.test(value) ? Number(value) : value;
}
