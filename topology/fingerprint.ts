import { createHash } from "node:crypto";
import type { Topology } from "./model";

/** A hash of the topology, 12 hexadecimal digits: equal for two versions of the program that build the same topology. */
export function fingerprint(topology: Topology): string {
  return createHash("sha256").update(JSON.stringify(topology)).digest("hex").slice(0, 12);
}
