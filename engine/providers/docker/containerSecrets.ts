/** What a container was given and must not be shown: what is secret among its inputs is not marked here any more. */

import type { Inputs } from "./containerTable";

const SECRET_VARIABLE = /pass|pwd|secret|token|credential|key|dsn/i;
/** In files, names that have a key or a token in them are mostly of something else, e.g. APIKeyValidator. */
const SECRET_IN_FILE =
  /(?:pass|pwd|secret|credential)[^=:>\n]*[=:>]\s*(?!true\b|false\b)(?:"([^"<\n]+)"|'([^'<\n]+)'|([^"'<\n][^<\n]*))/gi;
/** What XML writes in place of them. */
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
/** Shorter ones are found in any text. */
const LEAST = 4;
/** A line of a file this long stands in a log for no other reason. */
const LEAST_LINE = 8;

/** `text` without the secrets among the inputs of its container, which a program may print. Pure. */
export function withoutSecrets(text: string, { envs = [], uploads = [] }: Inputs): string {
  const contents = uploads.map(({ content, contentBase64 }) => content ?? decoded(contentBase64));
  const found = [...envs.flatMap(secretsOfEnv), ...contents.flatMap(secretsOfFile)];
  // The longest first: one may be part of another.
  const secrets = [...new Set(found)].filter((one) => one.length >= LEAST).sort((a, b) => b.length - a.length);
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, "***"), text);
}

const decoded = (base64 = ""): string => Buffer.from(base64, "base64").toString("utf8");

function secretsOfEnv(env: string): string[] {
  const [name = "", value = ""] = env.split(/=(.*)/s);
  return SECRET_VARIABLE.test(name) ? [value] : passwordsInUrls(value);
}

/** Its lines, and the values in them, which a log may have in another line. */
function secretsOfFile(content: string): string[] {
  const lines = content.split("\n").map((line) => line.trim());
  const values = [...content.matchAll(SECRET_IN_FILE)].map((match) => (match.slice(1).find(Boolean) ?? "").trim());
  return [
    ...(lines.filter(Boolean).length === 1 ? lines : lines.filter((line) => line.length >= LEAST_LINE)),
    // The server reads an XML file's values before it prints any.
    ...values.flatMap((value) => [value, value.replace(/&(\w+);/g, (entity, name) => ENTITIES[name] ?? entity)]),
    ...passwordsInUrls(content),
  ];
}

const passwordsInUrls = (text: string): string[] =>
  [...text.matchAll(/:\/\/[^\s:/@]*:([^\s@]+)@/g)].map(([, password = ""]) => password);
