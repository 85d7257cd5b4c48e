import type { SecretName } from "../product/databases";
import { type Encoding, encode } from "../xml/encoding";
import { escapeXml } from "../xml/escape";
import type { RenderedFile } from "./renderedFile";

const placeholder = /\{\{secret:([A-Za-z0-9_-]+)\}\}/g;

/** The secrets that a rendered text needs, each once. */
export function placeholdersIn(text: string): SecretName[] {
  return [...new Set([...text.matchAll(placeholder)].map((match) => match[1] as SecretName))];
}

/**
 * The bytes that a container gets: each placeholder replaced by its secret, escaped as the file's format needs.
 *
 * @throws naming file and secret, never a value, when a secret is missing or can't be written
 */
export function fillSecrets(file: RenderedFile, secrets: Readonly<Partial<Record<SecretName, string>>>): Buffer {
  const text = file.text.replace(placeholder, (_, name: SecretName) => {
    const value = secrets[name];
    if (value === undefined || value === "")
      throw new Error(
        `${file.path}: needs the secret ${name}, which is not given; given are ${Object.keys(secrets).join(", ") || "none"}`,
      );
    return escapeFor(file, value, file.encoding, name);
  });
  return encode(file.path, text, file.encoding);
}

function escapeFor(file: RenderedFile, value: string, encoding: Encoding, name: SecretName): string {
  if (!file.path.endsWith(".xml"))
    throw new Error(`${file.path}: holds the secret ${name}, but only XML files may hold secrets`);
  return escapeXml(value, encoding, `${file.path}: the secret ${name}`);
}
