import { type CycleOptions, CycleRun, type LeftBehind } from "./cycleRun";
import { cleaningSteps, cycleSteps } from "./cycleSteps";
import { slowSteps } from "./gatewaySteps";
import { runSteps, type StepResult } from "./runSteps";
import { signUpCleaning, signUpSteps } from "./signUpSteps";
import { type LeftTenant, TenantRun } from "./tenantRun";
import { tenantCleaningSteps, tenantSteps } from "./tenantSteps";
import { hasTenants } from "./tenantSuspects";
import { neverAborted } from "./waiting";

export interface CycleResult {
  readonly steps: readonly StepResult[];
  /** What the run did not remove: with --keep, or because cleaning up failed. */
  readonly left?: LeftBehind;
  /** With tenants: the run's tenant, which the product can't delete. */
  readonly leftTenant?: LeftTenant;
}

/**
 * Publishes and calls an API with the product's own requests, then removes what it created, also after a failure or a
 * stop half-way. Never rejects: the result's steps say what failed.
 */
export async function runCycle(options: CycleOptions): Promise<CycleResult> {
  const run = new CycleRun(options);
  // With --kept, nothing new is made.
  const signUp = run.again ? undefined : run.signUp();
  const tenant =
    options.tenant !== false && hasTenants(options.outputs.topology) && !run.again ? new TenantRun(options) : undefined;
  const { signal, checks, hanging, done, progress, keep } = options;
  const common = { checks, ...(hanging && { hanging }), ...(done && { done }), ...(progress && { progress }) };
  const wanted = [
    ...cycleSteps(run),
    ...(signUp ? signUpSteps(run, signUp) : []),
    ...(tenant ? tenantSteps(tenant) : []),
    ...slowSteps(run),
  ];
  const steps = await runSteps(wanted, { ...common, signal, stopAtFailure: true });
  const cleaning = [
    // The user goes first, because an API with subscriptions can't be removed.
    ...(signUp ? signUpCleaning(run, signUp) : []),
    // Nobody could use a kept tenant: its password is not printed.
    ...(tenant ? tenantCleaningSteps(tenant) : []),
    ...(keep ? [] : cleaningSteps(run)),
  ];
  // Ctrl-C ends the cycle, but not the clean-up.
  steps.push(...(await runSteps(cleaning, { ...common, signal: neverAborted, stopAtFailure: false })));
  const [left, leftTenant] = [run.left(), tenant?.leftTenant()];
  return { steps, ...(left && { left }), ...(leftTenant && { leftTenant }) };
}
