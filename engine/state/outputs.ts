/** Reads the state without running anything. */

import { nameOf, STACK_TYPE } from "../model";
import { type Project, readProject } from "../project";
import { fromState, type Props, unwrapProps } from "../values";
import { type Keys, openKeys } from "./passphrase";
import { backendDir, StateFile } from "./stateFile";

/** One resource as recorded, secrets in plain. */
export interface RecordedResource {
  readonly name: string;
  readonly type: string;
  readonly inputs: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
}

interface ReadOptions {
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
}

/** The stack's outputs as recorded; undefined when it was never brought up. Secrets are "[secret]" unless shown. */
export async function stackOutputs(
  projectDir: string,
  stack: string,
  options: ReadOptions & { readonly showSecrets?: boolean } = {},
): Promise<Record<string, unknown> | undefined> {
  const state = readState(projectDir, stack, options);
  const root = state?.resources.find(({ type }) => type === STACK_TYPE);
  if (state === undefined || root === undefined) return undefined;
  const decrypt = options.showSecrets === true ? await state.decrypt() : () => JSON.stringify("[secret]");
  return unwrapProps(fromState(root.outputs ?? {}, decrypt) as Props);
}

/** Every resource as recorded, for tests and measurements; undefined when the stack was never brought up. */
export async function stackResources(
  projectDir: string,
  stack: string,
  options: ReadOptions = {},
): Promise<RecordedResource[] | undefined> {
  const state = readState(projectDir, stack, options);
  if (state === undefined) return undefined;
  const decrypt = await state.decrypt();
  const plain = (props: Props | undefined) => unwrapProps(fromState(props ?? {}, decrypt) as Props);
  return state.resources.map(({ urn, type, inputs, outputs }) => ({
    name: nameOf(urn),
    type,
    inputs: plain(inputs),
    outputs: plain(outputs),
  }));
}

function readState(projectDir: string, stack: string, { env = process.env }: ReadOptions) {
  const project = readProject(projectDir, stack);
  const file = new StateFile(backendDir(projectDir, env), { project: project.name, stack });
  const stored = file.read();
  if (stored === undefined) return undefined;
  const needs = { ...keyNeeds(file, project, env), stateSalt: stored.salt, writes: false, say: () => {} };
  return { resources: stored.resources, decrypt: async () => decrypter(await openKeys(needs)) };
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
