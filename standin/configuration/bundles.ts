import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isBundle } from "../../product/bundles";
import { bundleFiles } from "../../product/files";

/**
 * Whether the server loads an OSGi bundle: the list of its profile names it, or a copy is in dropins. Without a list, as
 * with the profile `default`, it loads all.
 */
export function hasBundle(carbonHome: string, profile: string, bundle: string): boolean {
  const list = join(carbonHome, bundleFiles.list(profile));
  if (!existsSync(list)) {
    return true;
  }
  const lines = readFileSync(list, "utf8").split(/\r?\n/);
  const dropins = join(carbonHome, bundleFiles.dropins);
  const dropped = existsSync(dropins) ? readdirSync(dropins) : [];
  return lines.some((line) => line.startsWith(`${bundle},`)) || dropped.some((file) => isBundle(bundle, file));
}
