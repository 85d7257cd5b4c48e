import { type Options, type Result, type RunKind, run } from "../../engine";

/** Runs the embedded engine with its own providers. @throws as {@link run} does */
export function runLocalEngine(operation: RunKind, options: Omit<Options, "providers">): Promise<Result> {
  return run(operation, {
    ...options,
    providers: async (host) => (await import("../../engine/providers")).providersFor(host),
  });
}
