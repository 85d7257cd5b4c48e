import { distance } from "fastest-levenshtein";
import { z } from "zod";
import { projectName, secretSettings, settingsSchema } from "./schema";

export type SecretSetting = (typeof secretSettings)[number];

/** One setting by itself: its value as the program takes it, or what is wrong with it. */
export type Checked = { readonly value: unknown } | { readonly fault: string };

export function isSecretSetting(name: string): name is SecretSetting {
  return secretSettings.some((secret) => secret === name);
}

/** Says that there is no such setting, and which may have been meant; undefined for one that there is. */
export function unknownSetting(name: string): string | undefined {
  const known = [...Object.keys(settingsSchema.shape), ...secretSettings];
  if (known.includes(name)) return undefined;
  const near = known.find((candidate) => distance(candidate.toLowerCase(), name.toLowerCase()) <= 2);
  return `${name}: there is no such setting${near ? ` (did you mean ${near}?)` : ""}`;
}

/** The name as the stack's files have it, of one that an organisation may stand before. */
export function plainStackName(stack: string): string {
  return stack.split("/").at(-1) ?? stack;
}

/** What is wrong with a stack's name; undefined when nothing is. */
export function stackNameFault(stack: string): string | undefined {
  if (/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(stack)) return undefined;
  return `stack name: expected up to 32 lower-case letters, digits and dashes (it names containers), found "${stack}"; take another one`;
}

/** A command about a stack as it is to be typed; `dev` is meant where none is named. */
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
 * @param value a string, as pulumi.Config delivers it, or a YAML scalar; a secret's is never shown
 */
export function checkSetting(name: string, value: unknown, stack: string): Checked {
  if (isSecretSetting(name)) return checkSecret(name, value, stack);
  const unknown = unknownSetting(name);
  if (unknown) return { fault: `${unknown}; remove it with: ${configCommand(`rm ${name}`, stack)}` };
  const field = settingsSchema.shape[name as keyof typeof settingsSchema.shape];
  const plain = plainValue(field.unwrap(), value);
  const [issue] = field.safeParse(plain).error?.issues ?? [];
  if (issue === undefined) return { value: plain };
  // A password in a URL, where none belongs.
  const found = JSON.stringify(plain).replace(/:\/\/[^/\s]*@/, "://...@");
  return { fault: `${name}: expected ${expectation(issue)}, found ${found}; set ${projectName}:${name}` };
}

/** The administrator's is subject to the product's PasswordJavaRegEx. */
function checkSecret(name: SecretSetting, value: unknown, stack: string): Checked {
  // In a stack file that no engine has read, it is still encrypted.
  if (typeof value === "object") return { value };
  const [pattern, expected] =
    name === "adminPassword"
      ? [/^\S{5,30}$/, "5 to 30 characters without white space"]
      : [/^\P{Cc}{1,200}$/u, "1 to 200 characters on one line"];
  if (typeof value === "string" && pattern.test(value)) return { value };
  return { fault: `${name}: expected ${expected}; run: ${configCommand(`set --secret ${name}`, stack)}` };
}

function plainValue(field: unknown, value: unknown): unknown {
  if (typeof value !== "string") return value;
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
