import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bundleFiles } from "../../product/files";

/**
 * Whether the server loads an OSGi bundle: the list of its profile names it, or a copy is in dropins. Without a list, as
 * with the profile `default`, it loads all.
 */
export function hasBundle(carbonHome: string, profile: string, bundle: string): boolean {
  const list = join(carbonHome, bundleFiles.list(profile));
  const dropins = join(carbonHome, bundleFiles.dropins);
  return (
    !existsSync(list) ||
    readFileSync(list, "utf8")
      .split("\n")
      .some((line) => line.startsWith(`${bundle},`)) ||
    (existsSync(dropins) && readdirSync(dropins).some((file) => file.startsWith(`${bundle}_`) && file.endsWith(".jar")))
  );
}
