import { createHash } from "node:crypto";

/** The first 12 hexadecimal digits of a SHA-256 over parts, each followed by a zero byte. */
export function contentHash(parts: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 12);
}
