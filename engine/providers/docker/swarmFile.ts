/** What Swarm secrets and configs have in common: names, contents in base64, and their limits. */

import { type Field, str } from "../schema";

/** Swarm refuses more, and empty contents. */
export const SECRET_LIMIT = 500 * 1024 - 1;
export const CONFIG_LIMIT = 1000 * 1024 - 1;

export const fileName: Field = str({
  required: true,
  reported: true,
  pattern: [/^[A-Za-z0-9](?:[-\w.]{0,62}[A-Za-z0-9])?$/, "up to 64 letters, digits, -, _ and ."],
});

const isBase64 = (text: string): boolean =>
  Buffer.from(text, "base64").toString("base64") === text.replaceAll(/[\r\n]/g, "");

/** Contents are not shown, because they may be secret. */
export const base64: Field = str({ pattern: [{ test: isBase64 }, "base64 with padding", "something else"] });

/** Why Swarm would refuse contents of that many bytes. */
export function sizeProblem(what: string, bytes: number, limit: number): string | undefined {
  if (bytes >= 1 && bytes <= limit) return undefined;
  const remedy = bytes === 0 ? "leave it out" : "make it smaller, split it, or put it into the image or a volume";
  return `${what}: expected 1 to ${limit} bytes, which is what Swarm stores, found ${bytes}; ${remedy}`;
}
