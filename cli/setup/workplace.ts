import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** A started command with readable output. */
export type Running = ChildProcessByStdio<null, Readable, Readable>;

/** A temporary directory and processes that are removed and killed together, however this process ends. */
export interface Workplace {
  readonly directory: string;
  /** Starts a command in its own namespaces: killing the command also ends its children and its mounts. */
  start(command: string, args: readonly string[]): Running;
  /** Kills the running commands and removes the directory. */
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
        // In its own process group, so that Ctrl-C in a terminal reaches this process only.
        { stdio: ["ignore", "pipe", "pipe"], detached: true, env: { ...process.env, LC_ALL: "C" } },
      );
      running.add(child);
      child.once("close", () => running.delete(child));
      return child;
    },
  };
}

/** Waits for the end of a process. @returns its status, and its stderr with (`all`) or without (`errors`) its stdout */
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
