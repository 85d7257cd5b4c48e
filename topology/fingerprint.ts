import { createHash } from "node:crypto";
import type { Topology } from "./model";

/** 12 hex digits; the same for two programs that lay a stack out alike, whatever their defaults and rules are. */
export function fingerprint(topology: Topology): string {
  return createHash("sha256").update(JSON.stringify(topology)).digest("hex").slice(0, 12);
}
