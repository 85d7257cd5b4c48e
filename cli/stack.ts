import { stackOutputs as localStackOutputs } from "../engine";
import type { StackOutputs } from "../outputs";
import { completeSettings } from "../settings/derived";
import { plainStackName, stackCommand } from "../settings/field";
import { buildTopology, fingerprint, type Topology } from "../topology";
import { chooseEngine } from "./engine/chooseEngine";
import { readPulumi } from "./engine/pulumiCli";
import { projectDirectory, stackName } from "./project";

/** A stack that is up. */
export interface DeployedStack extends StackOutputs {
  readonly topology: Topology;
}

/** The outputs of the stack's last `up`. @throws as {@link readOutputs} and {@link deployedTopology} do */
export async function readStack(option: string | undefined, showSecrets = true): Promise<DeployedStack> {
  const stack = stackName(option);
  const outputs = await readOutputs(stack, showSecrets);
  const typed = outputs as unknown as StackOutputs;
  return { ...typed, topology: deployedTopology(typed, stack) };
}

/**
 * The recorded outputs of the stack's last `up`, by whichever version of this program.
 *
 * @param showSecrets false: no passphrase is needed and no key has to be derived
 * @throws when the stack is not up
 */
export async function readOutputs(stack: string, showSecrets: boolean): Promise<Record<string, unknown>> {
  const outputs =
    (await chooseEngine()) === "pulumi"
      ? await cliOutputs(stack, showSecrets)
      : await localStackOutputs(projectDirectory, stack, { showSecrets });
  if (!outputs || Object.keys(outputs).length === 0)
    throw new Error(`stack ${stack}: nothing is up; run: ${stackCommand("up", stack)}`);
  return outputs;
}

/** @throws when another version of the program brought the stack up with a layout that this version does not know */
export function deployedTopology(
  { settings, layout }: Pick<StackOutputs, "settings" | "layout">,
  stack: string,
): Topology {
  try {
    const topology = buildTopology(completeSettings(settings, plainStackName(stack)));
    if (fingerprint(topology) === layout) return topology;
  } catch {
    // This version does not have the recorded settings.
  }
  const [preview, up] = [stackCommand("preview", stack), stackCommand("up", stack)];
  throw new Error(
    `stack ${stack}: another version of this program brought the stack up, with another layout; to see what would change, run: ${preview}, then: ${up}`,
  );
}

async function cliOutputs(stack: string, showSecrets: boolean): Promise<Record<string, unknown>> {
  const args = ["stack", "output", "--json", ...(showSecrets ? ["--show-secrets"] : []), "--stack", stack];
  return JSON.parse(await readPulumi(args, stack)) as Record<string, unknown>;
}
