import { bundleFiles } from "../product/files";
import { roleRecords, roles } from "../product/roles";
import type { Home } from "./home";

/** A file of the pack that nodes get in another place as well, byte for byte. */
export interface CopiedFile {
  /** The copy's path below APIM_HOME. */
  readonly path: string;
  readonly base64: string;
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
      const file = bundleOf(home, bundle);
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

/** The bundle as the server runs it: of the last patch that has it, else of the plug-ins. */
function bundleOf(home: Home, bundle: string): CopiedFile | undefined {
  const { plugins, patches, patch, dropins } = bundleFiles;
  const directories = home.list(patches).filter((name) => patch.test(name));
  for (const directory of [
    ...directories
      .sort()
      .reverse()
      .map((name) => `${patches}/${name}`),
    plugins,
  ]) {
    const name = home.list(directory).find((file) => isBundle(bundle, file));
    const content = name === undefined ? undefined : home.read(`${directory}/${name}`);
    if (content) return { path: `${dropins}/${name}`, base64: content.toString("base64") };
  }
  return undefined;
}

/** Whether a file is a version of the bundle: `a.b_1.0.jar` is one of `a.b`, `a.b.ui_1.0.jar` is not. */
function isBundle(bundle: string, file: string): boolean {
  return file.startsWith(`${bundle}_`) && file.endsWith(".jar");
}

/** Whether a file of a pack is read for {@link missingBundles}. @param path below APIM_HOME */
export function isOfBundles(path: string): boolean {
  const { plugins, patches } = bundleFiles;
  const [directory, file] = [path.slice(0, path.lastIndexOf("/")), path.slice(path.lastIndexOf("/") + 1)];
  const isOfPack = directory === plugins || directory.startsWith(`${patches}/`);
  return roles.some((role) => {
    const { profile, bundles = [] } = roleRecords[role];
    if (bundles.length === 0) return false;
    return path === bundleFiles.list(profile) || (isOfPack && bundles.some((bundle) => isBundle(bundle, file)));
  });
}
