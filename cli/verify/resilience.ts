import type { LeftBehind } from "./cycleRun";
import { containerOf, type ResilienceOptions, repeatedNodes, type Scenario, scenarios } from "./resilienceSteps";
import { type RunOptions, runSteps, type Step, type StepResult } from "./runSteps";
import { neverAborted } from "./waiting";

export interface ResilienceResult {
  /** The nodes that were to be stopped and started; empty: no role has several nodes. */
  readonly nodes: readonly string[];
  readonly steps: readonly StepResult[];
  /** What could not be removed. */
  readonly left: readonly LeftBehind[];
}

/**
 * Stops one node after another, tests what must work without it, and starts it again, also after a failure or a stop.
 * A node that does not become healthy again ends the run. The result's steps say what failed.
 */
export async function runResilience(options: ResilienceOptions): Promise<ResilienceResult> {
  const steps: StepResult[] = [];
  const left: LeftBehind[] = [];
  for (const scenario of scenarios(options)) {
    steps.push(...(await runScenario(scenario, options)));
    const behind = scenario.left();
    if (behind) left.push(behind);
  }
  return { nodes: repeatedNodes(options.outputs.topology).map(({ name }) => name), steps, left };
}

async function runScenario(
  scenario: Scenario,
  { control, signal, checks, hanging, done, progress }: ResilienceOptions,
): Promise<StepResult[]> {
  const { group } = scenario;
  const { name: node } = scenario.node;
  const suspect = containerOf(scenario.node, control);
  const common = { checks, ...(hanging && { hanging }), ...(done && { done }), ...(progress && { progress }) };
  const run = (steps: readonly Step[], options: Pick<RunOptions, "signal" | "stopAtFailure">) =>
    runSteps(steps, { ...common, ...options });
  const stop: Step = { group, name: `stop ${node}`, needs: [suspect], run: () => control.stop(node) };
  const start: Step = {
    group,
    name: `start ${node} and wait until it is healthy`,
    needs: [suspect],
    run: (say) => control.start(node, signal, say),
  };
  // After an earlier node did not come back, no further one is stopped.
  const may = control.stopped.size === 0 ? signal : AbortSignal.abort();
  if (may.aborted) return run([stop], { signal: may, stopAtFailure: true });
  const results = await run([...scenario.before, stop, ...scenario.without], { signal, stopAtFailure: true });
  if (control.stopped.has(node)) results.push(...(await run([start], { signal: neverAborted, stopAtFailure: true })));
  const good = results.every(({ ok }) => ok);
  results.push(...(await run(scenario.after, { signal: good ? signal : AbortSignal.abort(), stopAtFailure: true })));
  results.push(...(await run(scenario.cleaning(), { signal: neverAborted, stopAtFailure: false })));
  return results;
}
