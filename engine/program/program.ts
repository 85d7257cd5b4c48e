/** Runs the Pulumi program with the SDK's own runner, in a child process. */

import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Config, Project } from "../backend/project";
import { startSdk } from "../sdkProcess";

/** The runner's exit status when it has already reported the error to the engine. */
const REPORTED = 32;
export interface ProgramOptions {
  readonly project: Project;
  readonly config: Config;
  /** The monitor's address. */
  readonly address: string;
  readonly preview: boolean;
  readonly parallel: number;
  /** Called with each line that the program prints. */
  line(text: string): void;
}

export interface Program {
  /** Resolves to undefined after success, else to the error message; "" if the error was already reported. */
  readonly ended: Promise<string | undefined>;
  kill(): void;
}

/** @throws when the project's SDK is not installed. */
export function startProgram(options: ProgramOptions): Program {
  const { project, config, address } = options;
  const args = [
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
  const child = startSdk({
    module: "@pulumi/pulumi/cmd/run",
    dir: project.dir,
    args,
    env: {
      PULUMI_CONFIG: JSON.stringify(config.values),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(config.secretKeys),
      PULUMI_NODEJS_TYPESCRIPT: "true",
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    },
    stdio: ["ignore", "pipe", "pipe"],
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

function forwardLines(child: ChildProcess, line: (text: string) => void): void {
  for (const stream of [child.stdout, child.stderr])
    if (stream) createInterface({ input: stream }).on("line", (text) => text.trim() !== "" && line(text));
}
