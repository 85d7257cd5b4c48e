import { bundleFiles } from "./files";

/** With it, a Key Manager reads the claims of a user: after a log-in on its page, and at userinfo. */
export const claimBundle = "org.wso2.carbon.claim.mgt";

/** Whether a file is a version of the bundle: `a.b_1.0.jar` is one of `a.b`, `a.b.ui_1.0.jar` is not. */
export function isBundle(bundle: string, file: string): boolean {
  return file.startsWith(`${bundle}_`) && file.endsWith(".jar");
}

/**
 * The path of a bundle as the server runs it: of the last patch that has it, else of the plug-ins. Undefined: the pack does
 * not have it.
 *
 * @param list names of the files and directories in a directory; both below APIM_HOME
 */
export function effectiveBundle(bundle: string, list: (directory: string) => readonly string[]): string | undefined {
  const { plugins, patches, patch } = bundleFiles;
  const patched = list(patches)
    .filter((name) => patch.test(name))
    .sort()
    .reverse()
    .map((name) => `${patches}/${name}`);
  for (const directory of [...patched, plugins]) {
    const name = list(directory).find((file) => isBundle(bundle, file));
    if (name !== undefined) return `${directory}/${name}`;
  }
  return undefined;
}
