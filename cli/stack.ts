import { stackOutputs as localStackOutputs } from "../engine";
import type { StackOutputs } from "../outputs";
import { completeSettings } from "../settings/derived";
import { plainStackName, stackCommand } from "../settings/field";
import type { Settings } from "../settings/schema";
import { buildTopology, type Topology } from "../topology";
import { chooseEngine } from "./engineChoice";
import { projectDirectory } from "./projectDirectory";
import { readPulumi } from "./pulumi";
import { stackName, stackOption } from "./stackOption";

export { projectDirectory, stackName, stackOption };

/** A stack that is up. */
export interface DeployedStack extends StackOutputs {
  readonly topology: Topology;
}

/**
 * What the stack's last `up` told.
 *
 * @param showSecrets without them, no passphrase is needed and no key has to be derived. @default true
 * @throws Error when it was never brought up
 */
export async function readStack(option: string | undefined, showSecrets = true): Promise<DeployedStack> {
  const stack = stackName(option);
  const outputs =
    (await chooseEngine()) === "pulumi"
      ? await cliOutputs(stack, showSecrets)
      : await localStackOutputs(projectDirectory, stack, { showSecrets });
  if (!outputs || Object.keys(outputs).length === 0)
    throw new Error(`stack ${stack}: nothing is up; run: ${stackCommand("up", stack)}`);
  return { ...(outputs as unknown as StackOutputs), topology: buildTopology(settingsOf(outputs, stack)) };
}

function settingsOf(outputs: Record<string, unknown>, stack: string): Settings {
  try {
    return completeSettings(outputs.settings as StackOutputs["settings"], plainStackName(stack));
  } catch {
    throw new Error(
      `stack ${stack}: another version of this program has brought it up; run: ${stackCommand("up", stack)}`,
    );
  }
}

async function cliOutputs(stack: string, showSecrets: boolean): Promise<Record<string, unknown>> {
  const args = ["stack", "output", "--json", ...(showSecrets ? ["--show-secrets"] : []), "--stack", stack];
  return JSON.parse(await readPulumi(args, stack)) as Record<string, unknown>;
}
