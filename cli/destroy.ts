import { createInterface } from "node:readline/promises";
import type { Prepare } from "./command";
import { chooseEngine } from "./engine/chooseEngine";
import { commandHelp, type Flag, parseCommand, runCommand } from "./engine/command";

const flags: readonly Flag[] = ["stack", "diff", "parallel", "yes"];

export const help = commandHelp(
  "destroy",
  "Removes all that the stack made: containers, networks, volumes, and the databases with them. What is on a MySQL\nserver of your own stays there.",
  flags,
);

/**
 * Asks on a terminal, unless --yes.
 *
 * @returns the exit status: 1 when something could not be deleted, or nobody agreed.
 */
export async function run(args: string[], prepare: Prepare): Promise<number> {
  const command = parseCommand(flags, args);
  if (!command.yes) {
    if (!process.stdin.isTTY)
      throw new Error(`destroy: no terminal to ask on; add --yes to remove stack ${command.stack}`);
    // The CLI asks by itself.
    if ((await chooseEngine()) === "local" && !(await agrees(command.stack))) {
      console.log("Nothing was removed.");
      return 1;
    }
  }
  return runCommand("destroy", command, prepare);
}

async function agrees(stack: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(
      `Remove everything of stack ${stack}, with its data? Type its name to go on: `,
    );
    return answer.trim() === stack;
  } finally {
    terminal.close();
  }
}
