import { parseArgs } from "node:util";
import type { RunKind } from "../../engine";
import { stackCommand } from "../../settings/field";
import type { Prepare } from "../command";
import { projectDirectory, stackName, stackOption } from "../project";
import { chooseEngine } from "./chooseEngine";
import { runPulumi } from "./pulumiCli";

const flags = {
  ...stackOption,
  diff: { type: "boolean" },
  json: { type: "boolean" },
  "expect-no-changes": { type: "boolean" },
  parallel: { type: "string", short: "p" },
  yes: { type: "boolean", short: "y" },
  "skip-verify": { type: "boolean" },
} as const;
export type Flag = keyof typeof flags;

/** The options of up, preview, refresh and destroy. */
export interface EngineCommand {
  readonly stack: string;
  readonly diff: boolean;
  readonly json: boolean;
  readonly expectNoChanges: boolean;
  readonly parallel: number | undefined;
  readonly yes: boolean;
  readonly skipVerify: boolean;
}

const HELP: Readonly<Record<Flag, string>> = {
  stack: "  -s, --stack NAME         default: dev, or APIM_STACK",
  diff: "      --diff               show every change in full, line by line",
  json: "      --json               print one JSON document instead of text",
  "expect-no-changes": "      --expect-no-changes  exit with status 1 when there are changes",
  parallel: "  -p, --parallel N         run up to N steps at the same time, 1 or more",
  yes: "  -y, --yes                do not ask for confirmation; only destroy asks",
  "skip-verify": "      --skip-verify        do not check the links afterwards",
};

/** The text that `--help` prints. @param known the flags of the command */
export function commandHelp(name: RunKind, about: string, known: readonly Flag[]): string {
  return `Usage: npm run ${name} -- [options]\n\n${about}\n\n${known.map((flag) => HELP[flag]).join("\n")}`;
}

/** @throws when a flag is not one of `known`, or --parallel is not a whole number from 1 */
export function parseCommand(known: readonly Flag[], args: string[]): EngineCommand {
  const options = Object.fromEntries(Object.entries(flags).filter(([key]) => known.includes(key as never)));
  const values = parseArgs({ args, options: options as typeof flags }).values;
  const parallel = values.parallel === undefined ? undefined : Number(values.parallel);
  if (parallel !== undefined && (!Number.isInteger(parallel) || parallel < 1))
    throw new Error(`--parallel: expected a whole number from 1, found "${values.parallel}"`);
  return {
    stack: stackName(values.stack),
    diff: values.diff ?? false,
    json: values.json ?? false,
    expectNoChanges: values["expect-no-changes"] ?? false,
    parallel,
    yes: values.yes ?? false,
    skipVerify: values["skip-verify"] ?? false,
  };
}

/** Prepares the machine and runs the command with the chosen engine. @returns the exit status */
export async function runCommand(name: RunKind, command: EngineCommand, prepare: Prepare): Promise<number> {
  await prepare(command.stack);
  if ((await chooseEngine()) === "pulumi") {
    // Stdout may be JSON.
    if (name === "up" && !command.json)
      process.stderr.write(`Without a preview; to see one first, run: ${stackCommand("preview", command.stack)}\n`);
    return runPulumi(
      pulumiArguments(name, command, process.stdin.isTTY === true),
      command.stack,
      name === "up" || name === "preview",
    );
  }
  const { runLocalEngine } = await import("./localEngine");
  const { stack, diff, json, expectNoChanges, parallel } = command;
  const result = await runLocalEngine(name, {
    projectDir: projectDirectory,
    stack,
    diff,
    json,
    expectNoChanges,
    parallel,
  });
  return result.exitCode;
}

/** The command as arguments of the Pulumi CLI. @param terminal whether the user can answer questions */
export function pulumiArguments(name: RunKind, command: EngineCommand, terminal: boolean): string[] {
  const confirmed = name === "up" || name === "refresh" || (name === "destroy" && command.yes);
  return [
    name,
    "--stack",
    command.stack,
    // With --yes, the CLI would run the program twice: for a preview that nobody can stop, and for the update.
    ...(confirmed ? ["--yes", "--skip-preview"] : []),
    ...(terminal ? [] : ["--non-interactive"]),
    ...(command.diff ? ["--diff"] : []),
    ...(command.json ? ["--json"] : []),
    ...(command.expectNoChanges ? ["--expect-no-changes"] : []),
    ...(command.parallel === undefined ? [] : ["--parallel", String(command.parallel)]),
  ];
}
