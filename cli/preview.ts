import { parseCommand, runCommand } from "./engineCommand";
import type { Prepare } from "./main";

/** @returns the exit status: 1 when the program failed or, with --expect-no-changes, when there are changes. */
export async function run(args: string[], prepare: Prepare): Promise<number> {
  const about = "Shows what `up` would change; changes nothing.";
  const command = parseCommand("preview", about, ["stack", "diff", "json", "expect-no-changes", "parallel"], args);
  return command === undefined ? 0 : runCommand("preview", command, prepare);
}
