import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { stackOutputs as localStackOutputs } from "../engine";
import type { StackOutputs } from "../outputs";
import { chooseEngine } from "./engineChoice";

/** The option that every command about a stack has. */
export const stackOption = { stack: { type: "string", short: "s" } } as const;

export const projectDirectory = join(__dirname, "..");

/** The stack that is meant: the option, else APIM_STACK, else `dev`. */
export function stackName(option: string | undefined): string {
  return option ?? process.env.APIM_STACK ?? "dev";
}

/** What the stack's last `up` told. @throws Error when it was never brought up */
export async function readStack(option: string | undefined): Promise<StackOutputs> {
  const stack = stackName(option);
  const outputs =
    (await chooseEngine()) === "pulumi"
      ? await cliOutputs(stack)
      : await localStackOutputs(projectDirectory, stack, { showSecrets: true });
  if (!outputs?.topology) throw new Error(`stack ${stack}: nothing is up; run: npm run up`);
  return outputs as unknown as StackOutputs;
}

async function cliOutputs(stack: string): Promise<Record<string, unknown>> {
  const args = ["stack", "output", "--json", "--show-secrets", "--stack", stack];
  const { stdout } = await promisify(execFile)("pulumi", args, { cwd: projectDirectory, maxBuffer: 16 * 1024 * 1024 });
  return JSON.parse(stdout) as Record<string, unknown>;
}
