import type { NodeControl } from "./nodeControl";

/** A closed terminal sends SIGHUP: then, too, nodes that were stopped must be started again. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type Signal = (typeof signals)[number];

/** The parts of `process` that are used here. */
export interface Signalled {
  on(signal: Signal, listener: () => void): unknown;
  off(signal: Signal, listener: () => void): unknown;
  exit(status: number): void;
  readonly stderr: { write(text: string): unknown };
}

/**
 * The first Ctrl-C ends the cycle and cleans up; a second Ctrl-C ends at once.
 * @param nodes the nodes that --resilience may have stopped
 */
export function stopper(
  nodes?: Pick<NodeControl, "stopped" | "container" | "startCommand">,
  by: Signalled = process,
): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  const stop = () => {
    const stopped = [...(nodes?.stopped ?? [])];
    const down = stopped.map((name) => nodes?.container(name));
    if (controller.signal.aborted) {
      if (nodes && down.length > 0) by.stderr.write(`Not started again; run: ${nodes.startCommand(stopped)}\n`);
      by.exit(130);
      return;
    }
    const first = down.length > 0 ? `starting ${down.join(", ")} and ` : "";
    by.stderr.write(`Stopping; ${first}removing what verify created. Press Ctrl-C again to end at once.\n`);
    controller.abort(new Error("stopped"));
  };
  for (const signal of signals) by.on(signal, stop);
  return {
    signal: controller.signal,
    end: () => {
      for (const signal of signals) by.off(signal, stop);
    },
  };
}
