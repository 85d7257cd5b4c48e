/** Exports and imports a stack's state in the format of `pulumi stack export`. */

import { type Checkpoint, readExport } from "../backend/checkpoint";
import { errorMessage } from "../backend/errors";
import { openKeys } from "../backend/passphrase";
import { readOwnProject } from "../backend/project";
import { StateFile } from "../backend/stateFile";
import { whileLocked } from "../backend/stateLock";
import { fromState, type Props, plainState } from "../values";
import { withProps, writeEncrypted } from "./encrypted";

/**
 * The state as JSON.
 *
 * @param showSecrets decrypts secrets, which needs the passphrase
 * @throws when the stack has no state
 */
export async function exportState(
  projectDir: string,
  stack: string,
  showSecrets: boolean,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const project = readOwnProject(projectDir, stack);
  const file = StateFile.of(project, env);
  const stored = file.read();
  if (stored === undefined) throw new Error(`stack ${stack}: there is no state in ${file.file}; nothing to export`);
  const needs = { file, project, env, stateSalt: stored.salt, writes: false, say: () => {} };
  const key = showSecrets ? (await openKeys(needs)).state : undefined;
  const { resources, pending } = key
    ? withProps(stored, (props) => plainState(fromState(props, key)) as Props)
    : stored;
  const { secretsProvider, salt } = stored;
  const deployment = {
    manifest: { time: new Date().toISOString(), magic: "", version: "" },
    ...(secretsProvider && { secrets_providers: { type: secretsProvider, state: { salt } } }),
    resources,
    ...(pending.length > 0 && { pending_operations: pending }),
    metadata: {},
  };
  return `${JSON.stringify({ version: 3, deployment }, null, 4)}\n`;
}

/**
 * Replaces the stack's state by an exported one; the previous state is kept as `.bak`. Secrets are encrypted with the
 * stack's key.
 *
 * @param text as {@link exportState} or `pulumi stack export` gives it
 * @returns the number of resources
 * @throws when the text is no export of this stack, or its secrets can't be decrypted; nothing is changed then
 */
export async function importState(
  projectDir: string,
  stack: string,
  text: string,
  say: (message: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const project = readOwnProject(projectDir, stack);
  const file = StateFile.of(project, env);
  const given = readGiven(text);
  for (const { urn } of given.resources)
    if (!urn.startsWith(`urn:pulumi:${stack}::${project.name}::`))
      throw new Error(`stack import: expected resources of stack ${stack} of ${project.name}, found ${urn}`);
  const { secretsProvider = "passphrase", salt } = given;
  if (secretsProvider !== "passphrase" && text.includes('"ciphertext"'))
    throw new Error(
      `stack import: expected secrets of the passphrase provider, found ${secretsProvider}; export the stack with --show-secrets`,
    );
  await whileLocked(file, say, async () => {
    const keys = await openKeys({ file, project, env, ...(salt && { stateSalt: salt }), writes: true, say });
    if (keys.write === undefined) throw new Error("stack import: found no key to encrypt with");
    await writeEncrypted(file, given, keys.state, keys.write);
  });
  return given.resources.length;
}

function readGiven(text: string): Checkpoint {
  try {
    return readExport(text);
  } catch (error) {
    throw new Error(`stack import: expected what stack export prints, found something else: ${errorMessage(error)}`);
  }
}
