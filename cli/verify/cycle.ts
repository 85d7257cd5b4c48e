import { type CycleOptions, CycleRun, type LeftBehind } from "./cycleRun";
import { cleaningSteps, cycleSteps } from "./cycleSteps";
import { slowSteps } from "./gatewaySteps";
import { runSteps, type StepResult } from "./runSteps";
import { signUpCleaning, signUpSteps } from "./signUpSteps";

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
  const signUp = run.again ? undefined : run.signUp();
  const { signal, checks, hanging, done, progress, keep } = options;
  const common = { checks, ...(hanging && { hanging }), ...(done && { done }), ...(progress && { progress }) };
  const wanted = [...cycleSteps(run), ...(signUp ? signUpSteps(run, signUp) : []), ...slowSteps(run)];
  const steps = await runSteps(wanted, { ...common, signal, stopAtFailure: true });
  // The user goes first, because an API with subscriptions can't be removed; --keep keeps API and application only.
  const cleaning = [...(signUp ? signUpCleaning(run, signUp) : []), ...(keep ? [] : cleaningSteps(run))];
  // Ctrl-C ends the cycle, but not the clean-up.
  const neverAborted = new AbortController().signal;
  steps.push(...(await runSteps(cleaning, { ...common, signal: neverAborted, stopAtFailure: false })));
  const left = run.left();
  return { steps, ...(left && { left }) };
}
