import type { SecretName } from "../product/databases";
import { type Encoding, encode } from "../xml/encoding";
import { escapeXml } from "../xml/escape";
import type { RenderedFile } from "./renderedFile";

const placeholder = /\{\{secret:([A-Za-z0-9_-]+)\}\}/g;

/** Names of the secrets in a rendered text, each once. */
export function placeholdersIn(text: string): SecretName[] {
  return [...new Set([...text.matchAll(placeholder)].map((match) => match[1] as SecretName))];
}

/**
 * The bytes of a file with each placeholder replaced by its secret, escaped for the file's format.
 *
 * @throws naming file and secret, but no value, when a secret is missing or cannot be written in the file's encoding
 */
export function fillSecrets(file: RenderedFile, secrets: Readonly<Partial<Record<SecretName, string>>>): Buffer {
  const text = file.text.replace(placeholder, (_, name: SecretName) => {
    const value = secrets[name];
    if (value === undefined || value === "")
      throw new Error(
        `${file.path}: needs the secret ${name}, which is missing; there are ${Object.keys(secrets).join(", ") || "none"}`,
      );
    return escapeFor(file, value, file.encoding, name);
  });
  return encode(file.path, text, file.encoding);
}

function escapeFor(file: RenderedFile, value: string, encoding: Encoding, name: SecretName): string {
  if (!file.path.endsWith(".xml"))
    throw new Error(`${file.path}: contains the secret ${name}, but only XML files can contain secrets`);
  return escapeXml(value, encoding, `${file.path}: the secret ${name}`);
}
