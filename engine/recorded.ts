/** Reads the state without running the program. */

import { openKeys } from "./backend/passphrase";
import { readProject } from "./backend/project";
import { StateFile } from "./backend/stateFile";
import { nameOf, STACK_TYPE } from "./model";
import type { Properties } from "./provider";
import { fromState, type Props, unwrapProps } from "./values";

/** A recorded resource; secrets are decrypted or shown as "[secret]". */
export interface RecordedResource {
  readonly name: string;
  readonly type: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/**
 * The resources of a stack; undefined if it was never brought up.
 *
 * @param showSecrets decrypts secrets, which needs the passphrase. @default false
 */
export async function stackResources(
  projectDir: string,
  stack: string,
  { env = process.env, showSecrets = false }: { readonly env?: NodeJS.ProcessEnv; readonly showSecrets?: boolean } = {},
): Promise<RecordedResource[] | undefined> {
  const project = readProject(projectDir, stack);
  const file = StateFile.of(project, env);
  const stored = file.read();
  if (stored === undefined) return undefined;
  const needs = { file, project, env, stateSalt: stored.salt, writes: false, say: () => {} };
  const key = showSecrets ? (await openKeys(needs)).state : { decrypt: () => JSON.stringify("[secret]") };
  const plain = (props: Props = {}) => unwrapProps(fromState(props, key) as Props);
  return stored.resources.map(({ urn, type, inputs, outputs }) => ({
    name: nameOf(urn),
    type,
    inputs: plain(inputs),
    outputs: plain(outputs),
  }));
}

/** The outputs of a stack; undefined if it was never brought up, or was destroyed. */
export async function stackOutputs(...where: Parameters<typeof stackResources>): Promise<Properties | undefined> {
  return (await stackResources(...where))?.find(({ type }) => type === STACK_TYPE)?.outputs;
}
