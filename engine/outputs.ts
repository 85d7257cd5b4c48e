/** Reads the state without running anything. */

import { STACK_TYPE } from "./model";
import { type Keys, openKeys } from "./passphrase";
import { type Project, readProject } from "./project";
import { backendDir, StateFile } from "./stateFile";
import { fromState, unwrap } from "./values";

/** The stack's outputs as recorded; undefined when it was never brought up. Secrets are "[secret]" unless shown. */
export async function stackOutputs(
  projectDir: string,
  stack: string,
  options: { showSecrets?: boolean; env?: NodeJS.ProcessEnv } = {},
): Promise<Record<string, unknown> | undefined> {
  const env = options.env ?? process.env;
  const project = readProject(projectDir, stack);
  const file = new StateFile(backendDir(projectDir, env), { project: project.name, stack });
  const stored = file.read();
  const root = stored?.resources.find((state) => state.type === STACK_TYPE);
  if (stored === undefined || root === undefined) return undefined;
  if (options.showSecrets !== true) {
    const masked = fromState(root.outputs ?? {}, () => JSON.stringify("[secret]"));
    return unwrap(masked) as Record<string, unknown>;
  }
  const keys = await openKeys({
    ...keyNeeds(file, project, env),
    stateSalt: stored.salt,
    writes: false,
    say: () => {},
  });
  return unwrap(fromState(root.outputs ?? {}, decrypter(keys))) as Record<string, unknown>;
}

/** What finding the keys of a stack takes, but for the state itself. */
export function keyNeeds(file: StateFile, project: Project, env: NodeJS.ProcessEnv) {
  return {
    bookkeeping: file.bookkeeping,
    configSalt: project.salt,
    stateFile: file.file,
    stackFile: project.stackFile,
    env,
  };
}

/** Decrypts what the state file holds. */
export function decrypter(keys: Keys): (ciphertext: string) => string {
  return (ciphertext) => {
    if (keys.state === undefined) throw new Error("the state holds secrets but no salt");
    return keys.state.decrypt(ciphertext);
  };
}
