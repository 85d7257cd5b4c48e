/** Reads the state without running the program. */

import { type Checkpoint, readExport } from "./backend/checkpoint";
import { openKeys } from "./backend/passphrase";
import { readOwnProject } from "./backend/project";
import { StateFile } from "./backend/stateFile";
import { nameOf, STACK_TYPE } from "./model";
import type { Properties } from "./provider";
import { fromState, type Props, unwrapProps } from "./values";

/** A recorded resource; secrets are decrypted or shown as "[secret]". */
export interface RecordedResource {
  readonly name: string;
  readonly type: string;
  /** False for one that was deleted and is not created again yet. */
  readonly exists: boolean;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

export interface RecordedOptions {
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Decrypts secrets, which needs the passphrase. @default false */
  readonly showSecrets?: boolean;
}

/** The resources of a stack; undefined if it was never brought up. */
export async function stackResources(
  projectDir: string,
  stack: string,
  { env = process.env, showSecrets = false }: RecordedOptions = {},
): Promise<RecordedResource[] | undefined> {
  const project = readOwnProject(projectDir, stack);
  const file = StateFile.of(project, env);
  const stored = file.read();
  if (stored === undefined) return undefined;
  const needs = { file, project, env, stateSalt: stored.salt, writes: false, say: () => {} };
  return resourcesIn(stored, showSecrets ? (await openKeys(needs)).state : masking);
}

/**
 * The resources in what `pulumi stack export` prints. Secrets are shown if it was called with --show-secrets.
 *
 * @throws when the text is no export
 */
export function exportedResources(text: string): RecordedResource[] {
  return resourcesIn(readExport(text), masking);
}

const masking = { decrypt: (_ciphertext: string) => JSON.stringify("[secret]") };

function resourcesIn({ resources }: Checkpoint, key: typeof masking | undefined): RecordedResource[] {
  const plain = (props: Props = {}) => unwrapProps(fromState(props, key) as Props);
  return resources.map((state) => ({
    name: nameOf(state.urn),
    type: state.type,
    exists: !state.delete && !state.pendingReplacement,
    inputs: plain(state.inputs),
    outputs: plain(state.outputs),
  }));
}

/** The outputs of a stack among its resources; undefined if it was never brought up, or was destroyed. */
export function outputsIn(resources: readonly RecordedResource[] | undefined): Properties | undefined {
  return resources?.find(({ type }) => type === STACK_TYPE)?.outputs;
}

/** As {@link outputsIn} the resources that the state file has. */
export async function stackOutputs(...where: Parameters<typeof stackResources>): Promise<Properties | undefined> {
  return outputsIn(await stackResources(...where));
}
