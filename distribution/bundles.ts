import { createHash } from "node:crypto";
import { posix } from "node:path";
import { effectiveBundle, isBundle } from "../product/bundles";
import { bundleFiles } from "../product/files";
import { roleRecords, roles } from "../product/roles";
import type { Home } from "./home";

/** A file of the pack that nodes get in another place as well, byte for byte. */
export interface CopiedFile {
  /** The copy's path below APIM_HOME. */
  readonly path: string;
  readonly base64: string;
}

/** The line that stands for a copied file where people read texts, e.g. in a preview. */
export function checksumLine(base64: string): string {
  return `sha256 ${createHash("sha256").update(base64, "base64").digest("hex")}\n`;
}

/** What a pack lacks in the bundle lists of its server profiles. */
export interface MissingBundles {
  /** Value of `-Dprofile` -> copies that make the server load the bundles. */
  readonly copies: ReadonlyMap<string, readonly CopiedFile[]>;
  /** Bundles that are neither in the profile nor among the pack's plug-ins, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Finds the bundles that a role needs and its profile's list lacks. The server loads a copy in its dropins directory. A
 * pack without the list, for example one with configuration only, gets none.
 *
 * @param source the pack, for messages
 */
export function missingBundles(source: string, home: Home): MissingBundles {
  const copies = new Map<string, readonly CopiedFile[]>();
  const warnings: string[] = [];
  for (const role of roles) {
    const { title, profile, bundles = [] } = roleRecords[role];
    const list = home.read(bundleFiles.list(profile))?.toString("utf8");
    if (list === undefined) continue;
    const lacking = bundles.filter((bundle) => !list.split(/\r?\n/).some((line) => line.startsWith(`${bundle},`)));
    const found = lacking.flatMap((bundle) => {
      const file = copyOf(home, bundle);
      if (!file)
        warnings.push(
          `${bundleFiles.plugins}/${bundle}_*.jar: not in ${source}, though ${bundleFiles.list(profile)} lacks it; log-in pages and userinfo of the ${title} will fail`,
        );
      return file ?? [];
    });
    if (found.length > 0) copies.set(profile, found);
  }
  return { copies, warnings };
}

function copyOf(home: Home, bundle: string): CopiedFile | undefined {
  const path = effectiveBundle(bundle, (directory) => home.list(directory));
  const content = path === undefined ? undefined : home.read(path);
  if (path === undefined || content === undefined) return undefined;
  return { path: `${bundleFiles.dropins}/${posix.basename(path)}`, base64: content.toString("base64") };
}

/** Whether a file of a pack is read for {@link missingBundles}. @param path below APIM_HOME */
export function isOfBundles(path: string): boolean {
  const { plugins, patches } = bundleFiles;
  const [directory, file] = [posix.dirname(path), posix.basename(path)];
  const isOfPack = directory === plugins || directory.startsWith(`${patches}/`);
  return roles.some((role) => {
    const { profile, bundles = [] } = roleRecords[role];
    if (bundles.length === 0) return false;
    return path === bundleFiles.list(profile) || (isOfPack && bundles.some((bundle) => isBundle(bundle, file)));
  });
}
