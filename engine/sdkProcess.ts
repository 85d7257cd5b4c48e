/** Starts the SDK's own programs, such as the runner of Pulumi programs. */

import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { basename, join } from "node:path";

/** One level below the project, as the bundle of the commands is, too. */
const START = join(__dirname, "..", "engine", "sdkStart.cjs");

export interface SdkProcess {
  /** e.g. `@pulumi/pulumi/cmd/run` */
  readonly module: string;
  /** The directory of the project whose SDK it is. */
  readonly dir: string;
  readonly args: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdio: StdioOptions;
}

/**
 * Starts a module of the SDK in a process group of its own: Ctrl-C must reach only the engine, which lets the steps in
 * progress finish. The process keeps the code that it compiles in `node_modules/.cache` of the project.
 *
 * @throws with the remedy when the module is not installed for the project
 */
export function startSdk({ module, dir, args, env, stdio }: SdkProcess): ChildProcess {
  const file = resolveIn(dir, module);
  const start = JSON.stringify({ project: dir, name: basename(module) });
  return spawn(process.execPath, ["--require", START, file, ...args], {
    cwd: dir,
    env: { ...process.env, ...env, APIM_SDK_START: start },
    stdio,
    detached: true,
  });
}

function resolveIn(dir: string, module: string): string {
  try {
    return require.resolve(module, { paths: [dir] });
  } catch {
    throw new Error(`${module}: not found from ${dir}; run npm install there`);
  }
}
