import { createInterface } from "node:readline/promises";
import { outputsIn } from "../engine";
import type { Settings } from "../settings";
import { stackLabelName } from "../topology";
import type { Prepare } from "./command";
import { readResources } from "./deployedStack";
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
  const left = await leftOnMachines(command.stack);
  const status = await runCommand("destroy", command, prepare);
  if (status === 0 && left !== undefined) console.log(left);
  return status;
}

/** What Swarm leaves of the stack, and how to remove it; undefined on one Docker engine, or when nothing is up. */
async function leftOnMachines(stack: string): Promise<string | undefined> {
  // A stack that cannot be read is reported by the command itself.
  const outputs = outputsIn(await readResources(stack, false).catch(() => undefined));
  const { platform, namePrefix, sharedDirectory } = (outputs?.settings ?? {}) as Partial<Settings>;
  if (platform !== "swarm") return undefined;
  const volumes = `docker volume rm $(docker volume ls -q --filter label=${stackLabelName}=${namePrefix})`;
  const shared = sharedDirectory ? `; and, once, remove ${sharedDirectory}/${namePrefix}-*` : "";
  return `Swarm leaves volumes on the machines on which the servers ran. To remove them, run on each of these machines: ${volumes}${shared}`;
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
