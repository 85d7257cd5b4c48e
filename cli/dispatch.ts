import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "../errors";
import type { Command, CommandModules, Need } from "./command";
import { projectDirectory } from "./project";

/** The commands of a folder, from its commands.json. */
export function commandsOf(folder: "cli" | "tools"): readonly Command[] {
  return JSON.parse(readFileSync(join(projectDirectory, folder, "commands.json"), "utf8")) as Command[];
}

/** The message of an error; with APIM_DEBUG=1 the stack trace. */
export function errorText(error: unknown): string {
  if (process.env.APIM_DEBUG === "1" && error instanceof Error && error.stack) return error.stack;
  // Errors of several connection attempts have no message of their own.
  return errorMessage(error) || String(error);
}

async function prepare(needs: Need, stack?: string): Promise<void> {
  if (needs === "nothing") return;
  const { ensureDockerAnswers, ensureMachine } = await import("./setup");
  const read = needs === "contexts" || needs === "stack" ? stack : undefined;
  await (needs === "images" || needs === "stack" ? ensureMachine(read) : ensureDockerAnswers(read));
}

/**
 * Runs one command of a folder.
 * @returns the command's exit status; 1, with one message on stderr, when the command throws
 */
export async function dispatch(
  folder: "cli" | "tools",
  modules: CommandModules,
  name: string,
  args: string[],
): Promise<number> {
  ignoreBrokenPipe();
  try {
    const command = commandsOf(folder).find((candidate) => candidate.name === name);
    const module = modules[name];
    if (command === undefined || module === undefined) {
      throw new Error(`${name}: no such command; expected one of ${Object.keys(modules).join(", ")}`);
    }
    const { help, run } = await module();
    if (asksForHelp(args)) {
      console.log(help);
      return 0;
    }
    return await run(args, (stack) => prepare(command.needs, stack));
  } catch (error) {
    process.stderr.write(`${errorText(error)}${isWrongUsage(error) ? `; see: npm run ${name} -- --help` : ""}\n`);
    return 1;
  }
}

function isWrongUsage(error: unknown): boolean {
  return error instanceof Error && String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS_");
}

/** Whether --help is among the options; arguments after `--` are values. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? undefined : end).some((arg) => arg === "--help" || arg === "-h");
}

/** A reader such as `less` or `head` may close the pipe early; the command must still run to its end. */
function ignoreBrokenPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.listenerCount("error") > 0) continue;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}
