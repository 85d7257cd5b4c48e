import { createInterface } from "node:readline/promises";
import type { Prepare } from "./command";
import { chooseEngine } from "./engine/chooseEngine";
import { commandHelp, type Flag, parseCommand, runCommand } from "./engine/command";

const flags: readonly Flag[] = ["stack", "diff", "parallel", "yes"];

export const help = commandHelp(
  "destroy",
  "Removes everything that the stack created: containers, networks, volumes, and the databases in them. Databases on your\nown MySQL server are kept.",
  flags,
);

/**
 * Asks for confirmation on the terminal, unless --yes is given.
 *
 * @returns the exit status: 1 when something could not be deleted, or the user did not confirm
 */
export async function run(args: string[], prepare: Prepare): Promise<number> {
  const command = parseCommand(flags, args);
  if (!command.yes) {
    if (!process.stdin.isTTY)
      throw new Error(`destroy: there is no terminal for the confirmation; add --yes to remove stack ${command.stack}`);
    // The Pulumi CLI asks for confirmation itself.
    if ((await chooseEngine()) === "local" && !(await confirms(command.stack))) {
      console.log("Nothing was removed.");
      return 1;
    }
  }
  return runCommand("destroy", command, prepare);
}

async function confirms(stack: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(
      `Remove everything in stack ${stack}, including its data? Type the stack's name to continue: `,
    );
    return answer.trim() === stack;
  } finally {
    terminal.close();
  }
}
