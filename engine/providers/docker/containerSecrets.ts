/** Removes secrets from container logs. Inputs carry no secret marks here, so secrets are recognized by their names. */

import type { Inputs } from "./containerTable";

const SECRET_VARIABLE = /pass|pwd|secret|token|credential|key|dsn/i;
/** In files, names that contain "key" or "token" are mostly not secrets, e.g. APIKeyValidator. */
const SECRET_IN_FILE =
  /(?:pass|pwd|secret|credential)[^=:>\n]*[=:>]\s*(?!true\b|false\b)(?:"([^"<\n]+)"|'([^'<\n]+)'|([^"'<\n][^<\n]*))/gi;
/** XML entities and their characters. */
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
/** Shorter values are not removed: they may occur in any text. */
const MIN_LENGTH = 4;
/** A shorter line may be in both a file and a log by chance. */
const MIN_LINE_LENGTH = 8;

/** Replaces the secrets of a container's inputs in `text`, which its programs may have logged. */
export function withoutSecrets(text: string, { envs = [], uploads = [] }: Pick<Inputs, "envs" | "uploads">): string {
  const contents = uploads.map(({ content, contentBase64 }) => content ?? decoded(contentBase64));
  const found = [...envs.flatMap(secretsOfEnv), ...contents.flatMap(secretsOfFile)];
  // Longest first, because one may contain another.
  const secrets = [...new Set(found)].filter((one) => one.length >= MIN_LENGTH).sort((a, b) => b.length - a.length);
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, "***"), text);
}

const decoded = (base64 = ""): string => Buffer.from(base64, "base64").toString("utf8");

function secretsOfEnv(env: string): string[] {
  const [name = "", value = ""] = env.split(/=(.*)/s);
  return SECRET_VARIABLE.test(name) ? [value] : passwordsInUrls(value);
}

/** The lines of a file, and the secret values in them, which may be logged separately. */
function secretsOfFile(content: string): string[] {
  const lines = content.split("\n").map((line) => line.trim());
  const values = [...content.matchAll(SECRET_IN_FILE)].map((match) => (match.slice(1).find(Boolean) ?? "").trim());
  return [
    ...(lines.filter(Boolean).length === 1 ? lines : lines.filter((line) => line.length >= MIN_LINE_LENGTH)),
    // The server logs values without XML entities.
    ...values.flatMap((value) => [value, value.replace(/&(\w+);/g, (entity, name) => ENTITIES[name] ?? entity)]),
    ...passwordsInUrls(content),
  ];
}

const passwordsInUrls = (text: string): string[] =>
  [...text.matchAll(/:\/\/[^\s:/@]*:([^\s@]+)@/g)].map(([, password = ""]) => password);
