/** Runs the Pulumi CLI on the state that the embedded engine would use, so that one can continue where the other stopped. */

import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants, homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ownPassphrase } from "../../engine/backend/passphrase";
import { type Project, readProject } from "../../engine/backend/project";
import { backendDir, StateFile } from "../../engine/backend/stateFile";
import { removeDeadLocks } from "../../engine/backend/stateLock";
import { projectDirectory } from "../project";
import { toStderr } from "../setup/host";

export interface PulumiPlace {
  /** The directory of Pulumi.yaml. @default this project */
  readonly projectDir?: string;
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Ends the CLI that {@link readPulumi} has started. */
  readonly signal?: AbortSignal | undefined;
  /** Prints what was chosen for the user. @default to stderr, since stdout may be JSON */
  say?(message: string): void;
}

/**
 * The environment of a CLI command about `stack`: the user's own, completed as the embedded engine would do.
 *
 * Without PULUMI_BACKEND_URL, the CLI uses the project's own state if the stack is in there, or if the user is not
 * logged in. Without a passphrase, the CLI uses the one that the embedded engine keeps beside the state.
 *
 * @param creates whether the command may create the stack; a missing passphrase is then created too, and the choice of
 * the state is printed
 */
export async function pulumiEnvironment(
  stack: string,
  creates: boolean,
  { projectDir = projectDirectory, env = process.env, say = toStderr }: PulumiPlace = {},
): Promise<NodeJS.ProcessEnv> {
  const result = { ...env };
  const own = ownStack(stack);
  const project = readProject(projectDir, own ?? "dev");
  let isOurs = false;
  if (!env.PULUMI_BACKEND_URL && own !== undefined) {
    const { file } = new StateFile(projectDir, { project: project.name, stack: own });
    const recorded = existsSync(file) || existsSync(`${file}.gz`);
    isOurs = recorded || !(await isLoggedIn(projectDir, env));
    if (isOurs) result.PULUMI_BACKEND_URL = pathToFileURL(projectDir).href;
    if (isOurs && !recorded && creates)
      say(
        `The Pulumi CLI is not logged in: the state of stack ${stack} is kept in ${join(projectDir, ".pulumi")}. To keep it elsewhere, run pulumi login or set PULUMI_BACKEND_URL.`,
      );
  }
  if (env.PULUMI_CONFIG_PASSPHRASE === undefined && !env.PULUMI_CONFIG_PASSPHRASE_FILE)
    await addPassphrase(result, project, isOurs && creates, say);
  return result;
}

async function addPassphrase(
  env: NodeJS.ProcessEnv,
  project: Project,
  creates: boolean,
  say: (message: string) => void,
): Promise<void> {
  const isFile = env.PULUMI_BACKEND_URL?.startsWith("file://") === true;
  const bookkeeping = join(isFile ? backendDir(project.dir, env) : project.dir, ".pulumi");
  const file = join(bookkeeping, "passphrase");
  // A salt belongs to the passphrase that it was created with. A new passphrase would not fit; the CLI asks for the old.
  if (creates && !existsSync(file) && project.salt === undefined) await ownPassphrase(bookkeeping, say);
  if (existsSync(file)) env.PULUMI_CONFIG_PASSPHRASE_FILE = file;
}

/** The stack's name in the file backend; undefined for a stack of an organisation, which has another backend. */
function ownStack(stack: string): string | undefined {
  const parts = stack.split("/");
  return parts.length === 1 || parts[0] === "organization" ? parts.at(-1) : undefined;
}

/** A login that can't be checked, e.g. without network, counts: its stacks must not be created here a second time. */
async function isLoggedIn(projectDir: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (env.PULUMI_ACCESS_TOKEN) return true;
  const { status } = await runQuietly(["whoami", "--non-interactive"], projectDir, env);
  if (status === 0) return true;
  const home = env.PULUMI_CREDENTIALS_PATH || env.PULUMI_HOME || join(env.HOME ?? homedir(), ".pulumi");
  try {
    const { current } = JSON.parse(readFileSync(join(home, "credentials.json"), "utf8")) as { current?: unknown };
    return typeof current === "string" && current !== "";
  } catch {
    return false;
  }
}

/**
 * Selects the stack, and creates it if it is missing, so that a fresh clone needs no preparation.
 *
 * @throws with the message of the CLI
 */
async function selectStack(stack: string, projectDir: string, env: NodeJS.ProcessEnv): Promise<void> {
  const { status, output } = await runQuietly(
    ["stack", "select", "--create", stack, "--non-interactive"],
    projectDir,
    env,
  );
  if (status !== 0) throw new Error(`pulumi stack select --create ${stack}: ${output || `exit status ${status}`}`);
}

/**
 * Runs the CLI on the terminal's own streams.
 *
 * @param creates whether to create a missing stack first
 * @returns the CLI's exit status, or 128 plus the number of the signal that ended it
 */
export async function runPulumi(
  args: readonly string[],
  stack: string,
  creates: boolean,
  place: PulumiPlace = {},
): Promise<number> {
  const { projectDir = projectDirectory } = place;
  const env = await pulumiEnvironment(stack, creates, place);
  dropDeadLocks(stack, projectDir, env, place.say ?? toStderr);
  if (creates) await selectStack(stack, projectDir, env);
  return runToItsEnd(args, projectDir, env);
}

/** A run of the embedded engine that was killed leaves its lock, for which the CLI would wait. */
function dropDeadLocks(
  stack: string,
  projectDir: string,
  env: NodeJS.ProcessEnv,
  say: (message: string) => void,
): void {
  const own = ownStack(stack);
  if (own === undefined || !env.PULUMI_BACKEND_URL?.startsWith("file://")) return;
  const { bookkeeping, stack: name } = StateFile.of(readProject(projectDir, own), env);
  removeDeadLocks(bookkeeping, name, say);
}

/** @returns what the CLI prints on stdout. @throws with the CLI's stderr when it fails */
async function readPulumi(args: readonly string[], stack: string, place: PulumiPlace = {}): Promise<string> {
  const env = await pulumiEnvironment(stack, false, place);
  const { status, output, stdout } = await runQuietly(args, place.projectDir ?? projectDirectory, env, place.signal);
  if (status !== 0) throw new Error(`pulumi ${args.join(" ")}: ${output || `exit status ${status}`}`);
  return stdout;
}

/** The stack's state as `pulumi stack export` prints it. @throws as {@link readPulumi} does */
export function exportStack(stack: string, showSecrets: boolean, place: PulumiPlace = {}): Promise<string> {
  const args = ["stack", "export", ...(showSecrets ? ["--show-secrets"] : []), "--non-interactive", "--stack", stack];
  return readPulumi(args, stack, place);
}

/** The CLI drops all work at a second signal, so each signal must reach the CLI only once. */
function runToItsEnd(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<number> {
  // On a terminal the CLI must stay in the foreground to ask and to draw, and Ctrl-C reaches it directly.
  const terminal = process.stdin.isTTY === true;
  return new Promise((resolve, reject) => {
    const child = spawn("pulumi", args, { cwd, env, stdio: "inherit", detached: !terminal });
    const forwarded = new Set<NodeJS.Signals>();
    const forward = (signal: NodeJS.Signals) => {
      // npm forwards each signal to this process, even if the whole process group has received the signal already.
      if (forwarded.has(signal) || (terminal && signal === "SIGINT")) return;
      forwarded.add(signal);
      setTimeout(() => forwarded.delete(signal), SIGNAL_ECHO_MS).unref();
      child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM"] as const;
    for (const signal of signals) process.on(signal, forward);
    const end = () => {
      for (const signal of signals) process.off(signal, forward);
    };
    child.once("error", (error) => {
      end();
      reject(error);
    });
    child.once("close", (code, signal) => {
      end();
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}

/** A second signal of the same kind within this time is npm's copy of the first. */
const SIGNAL_ECHO_MS = 500;

interface CliResult {
  readonly status: number;
  readonly stdout: string;
  /** The CLI's error without the prefix `error: `, else all that the CLI printed. */
  readonly output: string;
}

function runQuietly(
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<CliResult> {
  return new Promise((resolve) => {
    const child = execFile(
      "pulumi",
      args,
      { cwd, env, signal, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        const output = (stderr.trim() || (error !== null && stdout.trim()) || error?.message) ?? "";
        resolve({ status: code, stdout, output: String(output).replace(/^error: /, "") });
      },
    );
    // The CLI must not wait for an answer.
    child.stdin?.end();
  });
}
