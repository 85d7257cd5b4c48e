import { stackOutputs as localStackOutputs } from "../engine";
import type { StackOutputs } from "../outputs";
import { stackCommand } from "../settings/field";
import { chooseEngine } from "./engineChoice";
import { projectDirectory } from "./projectDirectory";
import { readPulumi } from "./pulumi";
import { stackName, stackOption } from "./stackOption";

export { projectDirectory, stackName, stackOption };

/**
 * What the stack's last `up` told.
 *
 * @param showSecrets without them, no passphrase is needed and no key has to be derived. @default true
 * @throws Error when it was never brought up
 */
export async function readStack(option: string | undefined, showSecrets = true): Promise<StackOutputs> {
  const stack = stackName(option);
  const outputs =
    (await chooseEngine()) === "pulumi"
      ? await cliOutputs(stack, showSecrets)
      : await localStackOutputs(projectDirectory, stack, { showSecrets });
  if (!outputs?.topology) throw new Error(`stack ${stack}: nothing is up; run: ${stackCommand("up", stack)}`);
  return outputs as unknown as StackOutputs;
}

async function cliOutputs(stack: string, showSecrets: boolean): Promise<Record<string, unknown>> {
  const args = ["stack", "output", "--json", ...(showSecrets ? ["--show-secrets"] : []), "--stack", stack];
  return JSON.parse(await readPulumi(args, stack)) as Record<string, unknown>;
}
