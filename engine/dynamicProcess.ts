/** The process in which the code of dynamic resources runs: dynamicServer.cjs. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ProviderHost } from "./provider";

/** One level below the project, as the bundle of the commands is, too. */
const SERVER = join(__dirname, "..", "engine", "dynamicServer.cjs");
const DEFAULT_TIMEOUT_MS = 20 * 60_000;
const TOO_LONG = "took longer than its customTimeouts allow";
/** In which the process ends by itself, and keeps its compiled code, before it is killed. */
const END_MS = 2000;

/** Why a call failed; with `id` and `properties` of what was created all the same. */
export interface Failure {
  readonly message: string;
  readonly id?: string;
  readonly properties?: unknown;
}

interface Answer {
  readonly result?: Record<string, unknown>;
  readonly error?: Failure;
}

/** The process. What the resources' code prints goes to the host's log. */
export class DynamicProcess {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private calls = 0;
  /** Why the process answers nothing. */
  private ended: string | undefined;

  /** Starts the process at once: its start overlaps with the start of the program. */
  constructor({ dir, log }: ProviderHost) {
    // In a process group of its own: Ctrl-C must reach only the engine, which lets the steps in progress finish. The process
    // ends when the channel between the two closes, so that it does not outlive an engine that is killed.
    const stdio = ["ignore", "pipe", "pipe", "ipc"] as const;
    const child = spawn(process.execPath, [SERVER], { cwd: dir, stdio: [...stdio], detached: true });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on("line", log);
    child.on("message", ({ number, ...answer }: Answer & { number: number }) => this.waiting.get(number)?.(answer));
    child.once("error", ({ message }) =>
      this.fail(`the process of dynamic resources could not be started: ${message}`),
    );
    child.once("exit", (code, signal) =>
      this.fail(`the process of dynamic resources ended with ${signal ?? `exit status ${code}`}`),
    );
  }

  /** @throws when the process ends, or the call takes too long */
  async call(method: string, args: object, signal?: AbortSignal): Promise<Answer> {
    const number = this.calls++;
    const limit = AbortSignal.timeout(DEFAULT_TIMEOUT_MS);
    const abort = signal ? AbortSignal.any([signal, limit]) : limit;
    try {
      return await new Promise<Answer>((resolve, reject) => {
        if (this.ended !== undefined) throw new Error(this.ended);
        if (abort.aborted) throw new Error(TOO_LONG);
        this.waiting.set(number, resolve);
        abort.addEventListener("abort", () => reject(new Error(TOO_LONG)), { once: true });
        this.child.send({ number, method, args }, (failed) => failed && this.fail(failed.message));
      });
    } finally {
      this.waiting.delete(number);
    }
  }

  async end(): Promise<void> {
    const { child } = this;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
    await ended;
    clearTimeout(timer);
  }

  private fail(message: string): void {
    this.ended ??= message;
    for (const answer of this.waiting.values()) answer({ error: { message } });
  }
}
