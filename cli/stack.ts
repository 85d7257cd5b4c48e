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

/** What the stack's last `up` told. @throws as {@link readOutputs} and {@link deployedTopology} */
export async function readStack(option: string | undefined, showSecrets = true): Promise<DeployedStack> {
  const stack = stackName(option);
  const outputs = await readOutputs(stack, showSecrets);
  const told = outputs as unknown as StackOutputs;
  return { ...told, topology: deployedTopology(told, stack) };
}

/**
 * The same as it is recorded, whichever version of the program recorded it.
 *
 * @param showSecrets without them, no passphrase is needed and no key has to be derived
 * @throws Error when nothing is up
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

/** @throws when another version of the program brought the stack up, and would be looked for in the wrong places */
export function deployedTopology(
  { settings, layout }: Pick<StackOutputs, "settings" | "layout">,
  stack: string,
): Topology {
  try {
    const topology = buildTopology(completeSettings(settings, plainStackName(stack)));
    if (fingerprint(topology) === layout) return topology;
  } catch {
    // Settings that this version does not have.
  }
  const [preview, up] = [stackCommand("preview", stack), stackCommand("up", stack)];
  throw new Error(
    `stack ${stack}: another version of this program has brought it up, and laid it out otherwise; see what changes: ${preview}, then: ${up}`,
  );
}

async function cliOutputs(stack: string, showSecrets: boolean): Promise<Record<string, unknown>> {
  const args = ["stack", "output", "--json", ...(showSecrets ? ["--show-secrets"] : []), "--stack", stack];
  return JSON.parse(await readPulumi(args, stack)) as Record<string, unknown>;
}
