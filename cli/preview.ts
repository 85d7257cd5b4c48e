import type { Prepare } from "./command";
import { commandHelp, type Flag, parseCommand, runCommand } from "./engine/command";

const flags: readonly Flag[] = ["stack", "diff", "json", "expect-no-changes", "parallel"];

export const help = commandHelp("preview", "Shows what `up` would change; changes nothing.", flags);

/** @returns the exit status: 1 when the program failed or, with --expect-no-changes, when there are changes. */
export async function run(args: string[], prepare: Prepare): Promise<number> {
  return runCommand("preview", parseCommand(flags, args), prepare);
}
