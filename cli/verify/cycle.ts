import { type CycleOptions, CycleRun, type LeftBehind } from "./cycleRun";
import { cleaningSteps, cycleSteps } from "./cycleSteps";
import { runSteps, type StepResult } from "./runSteps";

export interface CycleResult {
  readonly steps: readonly StepResult[];
  /** What the run did not remove: with --keep, or because cleaning up failed. */
  readonly left?: LeftBehind;
}

/**
 * Publishes and calls an API with the product's own requests, then removes what it created, also after a failure or a
 * stop half-way. Never rejects: the result's steps say what failed.
 */
export async function runCycle(options: CycleOptions): Promise<CycleResult> {
  const run = new CycleRun(options);
  const { signal, checks, hanging, done, progress, keep } = options;
  const common = { checks, ...(hanging && { hanging }), ...(done && { done }), ...(progress && { progress }) };
  const steps = await runSteps(cycleSteps(run), { ...common, signal, stopAtFailure: true });
  if (!keep) {
    // Ctrl-C ends the cycle, but not the clean-up.
    const neverAborted = new AbortController().signal;
    steps.push(...(await runSteps(cleaningSteps(run), { ...common, signal: neverAborted, stopAtFailure: false })));
  }
  const left = run.left();
  return { steps, ...(left && { left }) };
}
