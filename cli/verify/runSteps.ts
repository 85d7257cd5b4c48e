import { blame } from "./blame";
import { NoAnswer } from "./httpProbe";
import type { Check } from "./linkChecks";
import { NoServer } from "./product";
import type { Suspect } from "./suspects";

/** With several gateway environments, each has a group of its own. */
export type Group = "Publisher" | "Store" | "Gateway" | `Gateway ${string}` | "Clean up";

/** One step of the cycle. */
export interface Step {
  readonly group: Group;
  readonly name: string;
  /** What it needs to work, in the order of the calls. */
  readonly needs: readonly Suspect[];
  /** Rejects with what was expected and found. */
  readonly run: (progress: (text: string) => void) => Promise<void>;
}

/** A step as it went. */
export interface StepResult {
  readonly group: Group;
  readonly name: string;
  readonly status: "ok" | "failed" | "not run";
  readonly ok: boolean;
  /** Absent when it was not run. */
  readonly ms?: number;
  /** On failure: what was expected and found. */
  readonly detail?: string;
  /** On failure: the links that can be at fault, and what decides them; one when it is sure. */
  readonly faults?: readonly Suspect[];
}

export interface RunOptions {
  /** Ends the run between two steps, and waits at once. */
  readonly signal: AbortSignal;
  /** What the nodes say of their links from inside. */
  readonly checks: readonly Check[];
  /** Whether a failure ends the run. */
  readonly stopAtFailure: boolean;
  readonly done?: (result: StepResult) => void;
  readonly progress?: (text: string) => void;
}

/** A failure that says itself which needs can be at fault. */
export class StepFailure extends Error {
  constructor(
    message: string,
    readonly at: readonly Suspect[],
  ) {
    super(message);
  }
}

/** Runs steps in order; those after a failure or a stop are reported as not run. Never rejects. */
export async function runSteps(steps: readonly Step[], options: RunOptions): Promise<StepResult[]> {
  const proven = new Set<string>();
  const results: StepResult[] = [];
  let goOn = true;
  for (const step of steps) {
    goOn &&= !options.signal.aborted;
    const result = goOn ? await runStep(step, proven, options) : notRun(step);
    results.push(result);
    options.done?.(result);
    if (result.ok) for (const { link } of step.needs) proven.add(link);
    else if (options.stopAtFailure) goOn = false;
  }
  return results;
}

function notRun({ group, name }: Step): StepResult {
  return { group, name, status: "not run", ok: false };
}

async function runStep(step: Step, proven: ReadonlySet<string>, options: RunOptions): Promise<StepResult> {
  const { group, name } = step;
  const started = performance.now();
  const taken = () => Math.round(performance.now() - started);
  try {
    await step.run(options.progress ?? (() => undefined));
    return { group, name, status: "ok", ok: true, ms: taken() };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const failed = { group, name, status: "failed", ok: false, ms: taken(), detail } as const;
    if (options.signal.aborted) return { ...failed, detail: "stopped" };
    const evidence = { words: detail, proven, checks: options.checks };
    return { ...failed, faults: blame({ ...evidence, suspects: suspectsOf(step, error) }) };
  }
}

/** Without an answer of a node, it is the balancer's link that failed. */
function suspectsOf({ needs }: Step, error: unknown): readonly Suspect[] {
  if (error instanceof StepFailure) return error.at;
  if (!(error instanceof NoServer || error instanceof NoAnswer)) return needs;
  const fronts = needs.filter(({ node }) => node === "loadbalancer");
  return fronts.length > 0 ? fronts : needs;
}
