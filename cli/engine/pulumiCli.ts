/** Runs the Pulumi CLI on the state that the local engine would take, so that either can go on from the other. */

import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants, homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ownPassphrase } from "../../engine/backend/passphrase";
import { type Project, readProject } from "../../engine/backend/project";
import { backendDir, StateFile } from "../../engine/backend/stateFile";
import { projectDirectory } from "../project";

export interface PulumiPlace {
  /** Where Pulumi.yaml is. @default this project */
  readonly projectDir?: string;
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Ends what {@link readPulumi} has begun. */
  readonly signal?: AbortSignal | undefined;
  /** Told what was chosen for the user. @default stderr, since stdout may be JSON */
  say?(message: string): void;
}

const toStderr = (message: string): void => {
  process.stderr.write(`${message}\n`);
};

/**
 * The environment for a CLI command about `stack`: what the user set, completed as the local engine would.
 *
 * Without PULUMI_BACKEND_URL the project's own state is taken when it holds the stack, or when the user is logged in
 * nowhere. Without a passphrase the one that the local engine keeps beside the state is taken.
 *
 * @param creates whether the stack may be made: then a passphrase is made too when there is none, and the choice told
 */
async function pulumiEnvironment(
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
        `The Pulumi CLI is logged in nowhere: the state of stack ${stack} is kept in ${join(projectDir, ".pulumi")}. For another place: pulumi login, or PULUMI_BACKEND_URL.`,
      );
  }
  if (env.PULUMI_CONFIG_PASSPHRASE === undefined && !env.PULUMI_CONFIG_PASSPHRASE_FILE)
    await addPassphrase(result, project, isOurs && creates, say);
  return result;
}

async function addPassphrase(
  env: NodeJS.ProcessEnv,
  project: Project,
  makes: boolean,
  say: (message: string) => void,
): Promise<void> {
  const isFile = env.PULUMI_BACKEND_URL?.startsWith("file://") === true;
  const bookkeeping = join(isFile ? backendDir(project.dir, env) : project.dir, ".pulumi");
  const file = join(bookkeeping, "passphrase");
  // A salt was made with a passphrase that a new one would not fit: the CLI says that it is needed.
  if (makes && !existsSync(file) && project.salt === undefined) await ownPassphrase(bookkeeping, say);
  if (existsSync(file)) env.PULUMI_CONFIG_PASSPHRASE_FILE = file;
}

/** The stack's name as the file backend has it; undefined when it belongs to an organisation elsewhere. */
function ownStack(stack: string): string | undefined {
  const parts = stack.split("/");
  return parts.length === 1 || parts[0] === "organization" ? parts.at(-1) : undefined;
}

/** A login that only fails at the moment, e.g. without network, is one: its stacks must not be made a second time here. */
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
 * Makes and selects the stack unless it is there, so that a fresh clone needs no preparation.
 *
 * @throws with what the CLI said.
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
 * @param stack made first when `creates`
 * @returns its exit status, or 128 and the number of the signal that ended it
 */
export async function runPulumi(
  args: readonly string[],
  stack: string,
  creates: boolean,
  place: PulumiPlace = {},
): Promise<number> {
  const { projectDir = projectDirectory } = place;
  const env = await pulumiEnvironment(stack, creates, place);
  if (creates) await selectStack(stack, projectDir, env);
  return runToItsEnd(args, projectDir, env);
}

/** What the CLI prints on stdout. @throws with what it said on stderr when it fails. */
export async function readPulumi(args: readonly string[], stack: string, place: PulumiPlace = {}): Promise<string> {
  const env = await pulumiEnvironment(stack, false, place);
  const { status, output, stdout } = await runQuietly(args, place.projectDir ?? projectDirectory, env, place.signal);
  if (status !== 0) throw new Error(`pulumi ${args.join(" ")}: ${output || `exit status ${status}`}`);
  return stdout;
}

/** The CLI takes a second signal as an order to drop what it does, so each must reach it once. */
function runToItsEnd(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<number> {
  // On a terminal it must stay in the foreground to ask and to draw, and Ctrl-C reaches it by itself.
  const terminal = process.stdin.isTTY === true;
  return new Promise((resolve, reject) => {
    const child = spawn("pulumi", args, { cwd, env, stdio: "inherit", detached: !terminal });
    const told = new Set<NodeJS.Signals>();
    const pass = (signal: NodeJS.Signals) => {
      // npm sends on what its whole process group got already.
      if (told.has(signal) || (terminal && signal === "SIGINT")) return;
      told.add(signal);
      setTimeout(() => told.delete(signal), 500).unref();
      child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM"] as const;
    for (const signal of signals) process.on(signal, pass);
    const end = () => {
      for (const signal of signals) process.off(signal, pass);
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

interface Said {
  readonly status: number;
  readonly stdout: string;
  /** The error without the CLI's own prefix, else all that it printed. */
  readonly output: string;
}

function runQuietly(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<Said> {
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
    // Nobody answers a question.
    child.stdin?.end();
  });
}
