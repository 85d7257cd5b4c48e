import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { configurationFiles } from "../../product/files";

/** What the product sets in Hazelcast, in seconds. */
const productTimeout = 600;

/** The seconds after which a silent member has left the cluster: hazelcast.properties overrides the product's own value. */
export function readMemberTimeout(carbonHome: string): number {
  const file = join(carbonHome, configurationFiles.hazelcast.path);
  const text = existsSync(file) ? readFileSync(file, "latin1") : "";
  const value = Number(/^\s*hazelcast\.max\.no\.heartbeat\.seconds\s*[=:]\s*(\d+)\s*$/m.exec(text)?.[1]);
  return value > 0 ? value : productTimeout;
}
