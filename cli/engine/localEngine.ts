import { type Options, type Result, type RunKind, run } from "../../engine";

/** The local engine with this project's providers. @throws as the engine does */
export function runLocalEngine(operation: RunKind, options: Omit<Options, "providers">): Promise<Result> {
  return run(operation, {
    ...options,
    providers: async (host) => (await import("../../engine/providers")).providersFor(host),
  });
}
