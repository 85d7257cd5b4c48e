import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** A command that was started, its output readable. */
export type Running = ChildProcessByStdio<null, Readable, Readable>;

/** The processes and the temporary directory of one piece of work, all of which end with it, whatever ends it. */
export interface Workplace {
  readonly directory: string;
  /** Starts a command in namespaces of its own: killing it takes its children and its mounts along. */
  start(command: string, args: readonly string[]): Running;
  /** Kills what still runs and removes the directory. */
  close(): void;
}

const endings = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function openWorkplace(): Workplace {
  const directory = mkdtempSync(join(tmpdir(), "wso2-apim-base-"));
  const running = new Set<Running>();

  const close = () => {
    for (const signal of endings) process.off(signal, onSignal);
    process.off("exit", close);
    for (const child of running) child.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  const onSignal = (signal: NodeJS.Signals) => {
    close();
    process.kill(process.pid, signal);
  };
  for (const signal of endings) process.on(signal, onSignal);
  process.on("exit", close);

  return {
    directory,
    close,
    start: (command, args) => {
      const child = spawn(
        "unshare",
        ["--mount", "--pid", "--fork", "--kill-child=KILL", "--", command, ...args],
        // A process group of its own, so that Ctrl-C in a terminal reaches only us.
        { stdio: ["ignore", "pipe", "pipe"], detached: true, env: { ...process.env, LC_ALL: "C" } },
      );
      running.add(child);
      child.once("close", () => running.delete(child));
      return child;
    },
  };
}

/** The end of a process: its status, and what it said on stderr and, unless somebody else reads that, on stdout. */
export function endOf(child: Running, keep: "all" | "errors"): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    let text = "";
    const append = (data: Buffer) => {
      text += data.toString();
    };
    if (keep === "all") child.stdout.on("data", append);
    child.stderr.on("data", append);
    child.once("error", reject);
    child.once("close", (code) => resolve({ status: code ?? 1, text }));
  });
}
