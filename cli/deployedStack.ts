import { exportedResources, outputsIn, type RecordedResource, stackResources } from "../engine";
import type { StackOutputs } from "../outputs";
import { firstReachable } from "../services/reachable";
import { completeSettings } from "../settings/derived";
import { plainStackName, stackCommand } from "../settings/field";
import { buildTopology, fingerprint, type Topology } from "../topology";
import { chooseEngine } from "./engine/chooseEngine";
import { exportStack } from "./engine/pulumiCli";
import { projectDirectory, stackName } from "./project";

/** A stack that is up. */
export interface DeployedStack extends StackOutputs {
  readonly topology: Topology;
}

/** The outputs of the stack's last `up`. @throws as {@link outputsOf} and {@link deployedTopology} do */
export async function readStack(option: string | undefined, showSecrets = true): Promise<DeployedStack> {
  const stack = stackName(option);
  return withReachableBalancer(deployedStack(await readResources(stack, showSecrets), stack));
}

/** On a swarm, the machine of the load balancer that is asked may be down, or have none: the topology gets another one. */
async function withReachableBalancer(stack: DeployedStack): Promise<DeployedStack> {
  const { reachableAddress, furtherAddresses, balancer } = stack.topology;
  const [entrance] = balancer.ports;
  if (furtherAddresses.length === 0 || entrance === undefined) return stack;
  const address = await firstReachable([reachableAddress, ...furtherAddresses], entrance.published);
  return { ...stack, topology: { ...stack.topology, reachableAddress: address, reachableManagementAddress: address } };
}

/** The stack whose resources these are. @throws as {@link outputsOf} and {@link deployedTopology} do */
export function deployedStack(resources: readonly RecordedResource[] | undefined, stack: string): DeployedStack {
  const outputs = outputsOf(resources, stack) as unknown as StackOutputs;
  return { ...outputs, topology: deployedTopology(outputs, stack) };
}

/**
 * What the stack's engine recorded, by whichever version of this program; undefined if the stack was never brought up.
 *
 * @param showSecrets false: no passphrase is needed and no key has to be derived
 */
export async function readResources(stack: string, showSecrets: boolean): Promise<RecordedResource[] | undefined> {
  if ((await chooseEngine()) === "pulumi") return exportedResources(await exportStack(stack, showSecrets));
  return stackResources(projectDirectory, stack, { showSecrets });
}

/** The outputs of the stack's last `up`. @throws when the stack is not up */
export function outputsOf(resources: readonly RecordedResource[] | undefined, stack: string): Record<string, unknown> {
  const outputs = outputsIn(resources);
  if (!outputs || Object.keys(outputs).length === 0)
    throw new Error(`stack ${stack}: nothing is up; run: ${stackCommand("up", stack)}`);
  return outputs;
}

/** @throws when another version of the program brought the stack up with a layout that this version does not know */
export function deployedTopology(
  { settings, layout, machines }: Pick<StackOutputs, "settings" | "layout" | "machines">,
  stack: string,
): Topology {
  try {
    const topology = buildTopology(completeSettings(settings, plainStackName(stack)), undefined, machines);
    if (fingerprint(topology) === layout) return topology;
  } catch {
    // This version does not have the recorded settings.
  }
  const [preview, up] = [stackCommand("preview", stack), stackCommand("up", stack)];
  throw new Error(
    `stack ${stack}: another version of this program brought the stack up, with another layout; to see what would change, run: ${preview}, then: ${up}`,
  );
}

/** The command that shows the log of a server. */
export function logsCommand({ platform, prefix }: Pick<Topology, "platform" | "prefix">, server: string): string {
  return `docker ${platform === "swarm" ? "service logs" : "logs"} ${prefix}-${server}`;
}

/** The command that starts a server again. */
export function restartCommand({ platform, prefix }: Pick<Topology, "platform" | "prefix">, server: string): string {
  return `docker ${platform === "swarm" ? "service update --force" : "restart"} ${prefix}-${server}`;
}
