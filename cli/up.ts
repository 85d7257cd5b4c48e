import type { Prepare } from "./command";
import { commandHelp, type Flag, parseCommand, runCommand } from "./engine/command";

const flags: readonly Flag[] = ["stack", "diff", "expect-no-changes", "parallel", "yes", "skip-verify"];

export const help = commandHelp(
  "up",
  "Brings the stack up, or applies changed settings; then checks every link and shows the nodes.",
  flags,
);

/**
 * Brings the stack up, then checks every link and shows the nodes.
 *
 * @returns the exit status: 1 when the program, a step or a link failed, 130 when the user stopped the run
 */
export async function run(args: string[], prepare: Prepare): Promise<number> {
  const command = parseCommand(flags, args);
  const status = await runCommand("up", command, prepare);
  if (status !== 0) return status;
  return command.skipVerify ? 0 : check(command.stack);
}

async function check(stack: string): Promise<number> {
  const { run: verify } = await import("./verify");
  const { run: showNodes } = await import("./status");
  console.log("");
  // Without the call of a slow back end, for which `up` would wait 40 s longer, and without a tenant, which would stay.
  const links = await verify(["--stack", stack, "--slow", "0", "--no-tenant"]);
  console.log("");
  const nodes = await showNodes(["--stack", stack]);
  return links || nodes;
}
