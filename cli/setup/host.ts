import { spawn } from "node:child_process";
import { existsSync, openSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface CommandResult {
  readonly status: number;
  /** stdout and stderr, in the order of arrival. */
  readonly output: string;
}

/** Everything that setup asks of, or does to, the machine. Tests pass a fake. */
export interface Host {
  readonly platform: string;
  /** Effective user id; -1 on Windows, which has none. */
  readonly uid: number;
  /** Whether `command` is on PATH or in the system directories. */
  has(command: string): boolean;
  exists(path: string): boolean;
  /** Runs a command to its end, without showing its output. */
  run(command: string, args: readonly string[]): Promise<CommandResult>;
  /** Starts a command that outlives this process, and appends the command's output to `logFile`. */
  startInBackground(command: string, args: readonly string[], logFile: string): BackgroundProcess;
  readText(path: string): string;
  sleep(milliseconds: number): Promise<void>;
}

export interface BackgroundProcess {
  /** How the process has ended; undefined while it runs. */
  ended(): string | undefined;
}

/** Progress of the setup, one line per event. */
export type Report = (line: string) => void;

export const toStderr: Report = (line) => {
  process.stderr.write(`${line}\n`);
};

const systemDirectories = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];

function startInBackground(command: string, args: readonly string[], logFile: string): BackgroundProcess {
  const log = openSync(logFile, "a", 0o640);
  const child = spawn(command, [...args], { detached: true, stdio: ["ignore", log, log], env: commandEnvironment() });
  let end: string | undefined;
  child.on("error", (error) => {
    end = error.message;
  });
  child.on("exit", (code, signal) => {
    end = `ended with ${signal ?? `status ${code}`}`;
  });
  child.unref();
  return { ended: () => end };
}

function commandEnvironment(): NodeJS.ProcessEnv {
  // The PATH of a normal user lacks the sbin directories.
  const path = [process.env.PATH ?? "", ...systemDirectories].join(delimiter);
  return { ...process.env, PATH: path, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };
}

function run(command: string, args: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], { stdio: ["ignore", "pipe", "pipe"], env: commandEnvironment() });
    let output = "";
    child.stdout.on("data", (data: Buffer) => {
      output += data.toString();
    });
    child.stderr.on("data", (data: Buffer) => {
      output += data.toString();
    });
    child.on("error", (error) => resolve({ status: 127, output: error.message }));
    child.on("close", (code) => resolve({ status: code ?? 1, output }));
  });
}

/** This machine. */
export function thisHost(): Host {
  return {
    platform: process.platform,
    uid: process.geteuid?.() ?? -1,
    has: (command) =>
      [...(process.env.PATH ?? "").split(delimiter), ...systemDirectories].some((directory) =>
        existsSync(join(directory, command)),
      ),
    exists: existsSync,
    run,
    startInBackground,
    readText: (path) => readFileSync(path, "utf8"),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  };
}

/** The last lines of a command's output, for an error message. */
export function lastLines(output: string, count = 5): string {
  return output.trimEnd().split("\n").slice(-count).join("\n");
}
