/** Runs the Pulumi program with the SDK's own runner, in a process of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Config, Project } from "../backend/project";

/** Exit status of the runner when it has told the engine what went wrong. */
const REPORTED = 32;
/** The SDK takes the stack of every promise; mapping ten lines of each back to TypeScript is most of a large run. */
const SHORT_STACKS = "Error.stackTraceLimit = 4;";
/**
 * Node 20 takes half a minute and gigabytes to print an error in colour when its stack goes through some node_modules
 * paths; the runner does so with whatever the program throws.
 */
const PLAIN_ERRORS =
  "import util from 'node:util'; const inspect = util.inspect;" +
  "util.inspect = Object.assign((value, options) => inspect(value, { ...options, colors: false }), inspect);";

export interface ProgramOptions {
  readonly project: Project;
  readonly config: Config;
  /** Of the monitor. */
  readonly address: string;
  readonly preview: boolean;
  readonly parallel: number;
  /** A line that the program printed. */
  line(text: string): void;
}

export interface Program {
  /** Undefined when the program ran to its end; else why not, "" when it was reported already. */
  readonly ended: Promise<string | undefined>;
  kill(): void;
}

/** @throws when the project's SDK is not installed. */
export function startProgram(options: ProgramOptions): Program {
  const { project, config, address } = options;
  const args = [
    `--import=data:text/javascript,${encodeURIComponent(PLAIN_ERRORS + SHORT_STACKS)}`,
    resolveIn(project.dir, "@pulumi/pulumi/cmd/run"),
    `--monitor=${address}`,
    `--engine=${address}`,
    `--project=${project.name}`,
    `--stack=${project.stack}`,
    "--organization=organization",
    `--root-directory=${project.dir}`,
    `--pwd=${project.dir}`,
    `--parallel=${options.parallel}`,
    ...(options.preview ? ["--dry-run"] : []),
    project.program,
  ];
  const child = spawn(process.execPath, args, {
    cwd: project.dir,
    env: {
      ...process.env,
      PULUMI_CONFIG: JSON.stringify(config.values),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(config.secretKeys),
      PULUMI_NODEJS_TYPESCRIPT: "true",
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    },
    stdio: ["ignore", "pipe", "pipe"],
    // Ctrl-C on the terminal is for the engine alone: it lets the step under way finish.
    detached: true,
  });
  forwardLines(child, options.line);
  const ended = new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(`the program could not be started: ${error.message}`));
    child.once("close", (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(code === REPORTED ? "" : `the program ended with ${signal ?? `exit status ${code}`}`);
    });
  });
  return { ended, kill: () => child.kill("SIGKILL") };
}

/** @throws with the remedy when `module` is not installed for the project. */
function resolveIn(dir: string, module: string): string {
  try {
    return require.resolve(module, { paths: [dir] });
  } catch {
    throw new Error(`${module}: not found from ${dir}; run npm install there`);
  }
}

function forwardLines(child: ChildProcess, line: (text: string) => void): void {
  for (const stream of [child.stdout, child.stderr])
    if (stream) createInterface({ input: stream }).on("line", (text) => text.trim() !== "" && line(text));
}
