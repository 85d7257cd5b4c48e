/** Reads Pulumi.yaml and Pulumi.<stack>.yaml. */

import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { errorMessage } from "./errors";

export interface Project {
  readonly name: string;
  readonly dir: string;
  readonly stack: string;
  /** The program's directory or file, from `main`. @default the project directory */
  readonly program: string;
  /** Pulumi.<stack>.yaml, whether or not it exists. */
  readonly stackFile: string;
  readonly salt?: string;
  /** What encrypts the stack's secrets, as the stack's file says, e.g. `awskms://...`. @default passphrase */
  readonly secretsProvider: string;
  /** Values from the files; secure values are encrypted. */
  readonly rawConfig: Readonly<Record<string, unknown>>;
}

/** Decrypted configuration as the program gets it; objects are JSON text. */
export interface Config {
  readonly values: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
}

/** @throws when a file is missing or not YAML, or the stack name is invalid */
export function readProject(dir: string, stack: string): Project {
  if (!/^[\w.-]{1,100}$/.test(stack))
    throw new Error(`--stack: expected letters, digits, "-", "_" or ".", found "${stack}"`);
  const file = path.join(dir, "Pulumi.yaml");
  if (!existsSync(file)) throw new Error(`${file}: file not found; run this command in the project directory`);
  const project = readYaml(file);
  if (typeof project.name !== "string") throw new Error(`${file}: name: missing; add the project's name`);
  const stackFile = path.join(dir, `Pulumi.${stack}.yaml`);
  const stackSettings = existsSync(stackFile) ? readYaml(stackFile) : {};
  const namespaced = (key: string) => (key.includes(":") ? key : `${project.name}:${key}`);
  const rawConfig: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(asRecord(project.config))) {
    const schema = asRecord(entry);
    const fallback = "type" in schema || "default" in schema ? schema.default : (schema.value ?? entry);
    if (fallback !== undefined) rawConfig[namespaced(key)] = fallback;
  }
  for (const [key, value] of Object.entries(asRecord(stackSettings.config))) rawConfig[namespaced(key)] = value;
  const { encryptionsalt: salt, secretsprovider = "default" } = stackSettings;
  return {
    name: project.name,
    dir,
    stack,
    program: path.resolve(dir, typeof project.main === "string" ? project.main : "."),
    stackFile,
    rawConfig,
    secretsProvider: secretsprovider === "default" ? "passphrase" : String(secretsprovider),
    ...(typeof salt === "string" ? { salt } : {}),
  };
}

/**
 * As {@link readProject}, for commands of the embedded engine, which has the passphrase provider only.
 *
 * @throws also when the stack's secrets have another provider
 */
export function readOwnProject(dir: string, stack: string): Project {
  const project = readProject(dir, stack);
  const { secretsProvider, stackFile } = project;
  if (secretsProvider === "passphrase") return project;
  const scheme = secretsProvider.replace(/(:\/\/).*/s, "$1...");
  throw new Error(
    `${stackFile}: secretsprovider: expected passphrase, found ${scheme}, which the embedded engine does not have; use the Pulumi CLI (install it and set APIM_ENGINE=pulumi)`,
  );
}

/** Whether any configuration value needs the passphrase. */
export const hasSecureConfig = (project: Project): boolean => Object.values(project.rawConfig).some(containsSecure);

/** @throws when a secure value can't be decrypted, with its name */
export function decryptConfig(project: Project, key: { decrypt(ciphertext: string): string } | undefined): Config {
  if (key === undefined && hasSecureConfig(project))
    throw new Error(`${project.stackFile}: contains secure values but no encryptionsalt; restore it from a backup`);
  const values: Record<string, string> = {};
  const secretKeys: string[] = [];
  for (const [name, raw] of Object.entries(project.rawConfig)) {
    if (raw === null || raw === undefined) continue;
    if (containsSecure(raw)) secretKeys.push(name);
    let plain: unknown;
    try {
      plain = reveal(raw, (text) => key?.decrypt(text) ?? text);
    } catch {
      throw new Error(
        `${project.stackFile}: ${name}: can't be decrypted; set it again: npm run config -- set --secret ${name} --stack ${project.stack}`,
      );
    }
    values[name] = typeof plain === "object" ? JSON.stringify(plain) : String(plain);
  }
  return { values, secretKeys };
}

export const isSecure = (value: unknown): value is { secure: string } =>
  typeof asRecord(value).secure === "string" && Object.keys(asRecord(value)).length === 1;

function containsSecure(value: unknown): boolean {
  return isSecure(value) || (typeof value === "object" && value !== null && Object.values(value).some(containsSecure));
}

function reveal(value: unknown, decrypt: (ciphertext: string) => string): unknown {
  if (isSecure(value)) return decrypt(value.secure);
  if (Array.isArray(value)) return value.map((element) => reveal(element, decrypt));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, reveal(member, decrypt)]));
}

function readYaml(file: string): Record<string, unknown> {
  try {
    return asRecord(parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new Error(`${file}: ${errorMessage(error)}`);
  }
}

export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
