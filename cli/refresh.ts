import { parseCommand, runCommand } from "./engineCommand";
import type { Prepare } from "./main";

/** @returns the exit status: 1 when something could not be read. */
export async function run(args: string[], prepare: Prepare): Promise<number> {
  const about = "Compares the recorded state with what really exists, and records that; the next `up` puts it right.";
  const command = parseCommand("refresh", about, ["stack", "diff", "expect-no-changes", "parallel", "yes"], args);
  return command === undefined ? 0 : runCommand("refresh", command, prepare);
}
