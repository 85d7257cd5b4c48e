import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDirectory } from "./projectDirectory";

/**
 * What a command needs of the machine before it runs: `docker` is an engine that answers, `contexts` that and what its
 * stack's program reads, `images` the full setup, `stack` that and what its stack's images are built from.
 */
export type Need = "nothing" | "docker" | "contexts" | "images" | "stack";

/** One line of cli/commands.json, the list that start.mjs shows as well. */
export interface Command {
  readonly name: string;
  readonly needs: Need;
  readonly summary: string;
}

/**
 * Sees that the machine has what the command needs. Called once the arguments are known to be right: for those that are
 * not, nothing is installed.
 *
 * @param stack that the command is about
 */
export type Prepare = (stack?: string) => Promise<void>;

interface CommandModule {
  /** What `--help` shows. */
  readonly help: string;
  /** @returns the exit status. */
  run(args: string[], prepare: Prepare): Promise<number>;
}

/** Loaded only when called: a command's start must not pay for the packages of the others. */
const modules: Record<string, () => Promise<CommandModule>> = {
  up: () => import("./up"),
  preview: () => import("./preview"),
  refresh: () => import("./refresh"),
  destroy: () => import("./destroy"),
  verify: () => import("./verify"),
  status: () => import("./status"),
  output: () => import("./output"),
  config: async () => {
    const { help, run } = await import("./config");
    return { help, run: (args) => run(args) };
  },
  render: () => import("./render"),
  topology: () => import("./topology"),
  setup: () => import("./setup"),
  bench: () => import("./bench"),
  test: () => import("./test"),
  check: () => import("./check"),
};

export function commands(): readonly Command[] {
  return JSON.parse(readFileSync(join(projectDirectory, "cli", "commands.json"), "utf8")) as Command[];
}

/** The message of an error; with APIM_DEBUG=1 its stack. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return process.env.APIM_DEBUG === "1" && error.stack !== undefined ? error.stack : error.message || error.name;
}

async function prepare(needs: Need, stack?: string): Promise<void> {
  if (needs === "nothing") return;
  const { ensureDockerAnswers, ensureMachine } = await import("./setup");
  const read = needs === "contexts" || needs === "stack" ? stack : undefined;
  await (needs === "images" || needs === "stack" ? ensureMachine(read) : ensureDockerAnswers(read));
}

/**
 * Runs one command of cli/commands.json.
 * @returns the exit status: the command's own, or 1 with one message on stderr when it throws.
 */
export async function main(name: string, args: string[]): Promise<number> {
  forgiveClosedReaders();
  try {
    const command = commands().find((candidate) => candidate.name === name);
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

/** Behind `--` stand values. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? undefined : end).some((arg) => arg === "--help" || arg === "-h");
}

/** Who reads in `less` or `head` may have seen enough before the end: that must not cut a run off half way. */
function forgiveClosedReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.listenerCount("error") > 0) continue;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}
