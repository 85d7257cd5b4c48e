import type { Prepare } from "./command";
import { commandHelp, type Flag, parseCommand, runCommand } from "./engine/command";

const flags: readonly Flag[] = ["stack", "diff", "expect-no-changes", "parallel", "yes"];

export const help = commandHelp(
  "refresh",
  "Compares the recorded state with what really exists, and records the differences; the next `up` repairs them.",
  flags,
);

/** @returns the exit status: 1 when something could not be read. */
export async function run(args: string[], prepare: Prepare): Promise<number> {
  return runCommand("refresh", parseCommand(flags, args), prepare);
}
