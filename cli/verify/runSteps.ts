import { errorMessage } from "../../errors";
import { NoServer } from "./answers";
import { blame } from "./blame";
import { NoAnswer } from "./httpProbe";
import type { Check } from "./linkChecks";
import type { Suspect } from "./suspects";

/** With several gateway environments, each has its own group; so has each node that --resilience stops. */
export type Group =
  | "Publisher"
  | "Store"
  | "Gateway"
  | `Gateway ${string}`
  | `Without ${string}`
  | "Console"
  | "Self sign-up"
  | "Tenant"
  | "Clean up";

/** One step of the cycle. */
export interface Step {
  readonly group: Group;
  readonly name: string;
  /** What the step needs, in the order of the calls. */
  readonly needs: readonly Suspect[];
  /** Rejects with what was expected and found. */
  readonly run: (progress: (text: string) => void) => Promise<void>;
}

/** Returns a function for steps of one group whose requests go through one route of the load balancer. */
export function stepsOf(group: Group, front: readonly Suspect[]) {
  return (name: string, needs: readonly Suspect[], action: Step["run"]): Step => ({
    group,
    name,
    needs: [...front, ...needs],
    run: action,
  });
}

/** The outcome of a step. */
export interface StepResult {
  readonly group: Group;
  readonly name: string;
  readonly status: "ok" | "failed" | "not run";
  readonly ok: boolean;
  /** Milliseconds; absent when the step was not run. */
  readonly ms?: number;
  /** On failure: what was expected and found. */
  readonly detail?: string;
  /** On failure: the links that can be at fault, with the files to look at; only one link if that is certain. */
  readonly faults?: readonly Suspect[];
}

export interface RunOptions {
  /** Ends the run before the next step, and ends a wait at once. */
  readonly signal: AbortSignal;
  /** The nodes' reports of their links. */
  readonly checks: readonly Check[];
  /** Finds the nodes that hang, after a failure. @default nobody looks for them */
  readonly hanging?: () => Promise<readonly Suspect[]>;
  /** Whether a failure ends the run. */
  readonly stopAtFailure: boolean;
  readonly done?: (result: StepResult) => void;
  readonly progress?: (text: string) => void;
}

/** A failure that names the needs that can be at fault. */
export class StepFailure extends Error {
  constructor(
    message: string,
    readonly suspects: readonly Suspect[],
  ) {
    super(message);
  }
}

/** Runs steps in order, and reports those after a failure or a stop as not run. Never rejects. */
export async function runSteps(steps: readonly Step[], options: RunOptions): Promise<StepResult[]> {
  const proven = new Set<string>();
  const results: StepResult[] = [];
  let continues = true;
  for (const step of steps) {
    continues &&= !options.signal.aborted;
    const result = continues ? await runStep(step, proven, options) : notRun(step);
    results.push(result);
    options.done?.(result);
    if (result.ok) for (const { link } of step.needs) proven.add(link);
    else if (options.stopAtFailure) continues = false;
  }
  return results;
}

function notRun({ group, name }: Step): StepResult {
  return { group, name, status: "not run", ok: false };
}

async function runStep(step: Step, proven: ReadonlySet<string>, options: RunOptions): Promise<StepResult> {
  const { group, name } = step;
  const started = performance.now();
  const elapsed = () => Math.round(performance.now() - started);
  try {
    await step.run(options.progress ?? (() => undefined));
    return { group, name, status: "ok", ok: true, ms: elapsed() };
  } catch (error) {
    const detail = errorMessage(error);
    const failed = { group, name, status: "failed", ok: false, ms: elapsed(), detail } as const;
    if (options.signal.aborted) return { ...failed, detail: "stopped" };
    const hanging = hangingIn(step, error, (await options.hanging?.()) ?? []);
    if (hanging.length > 0) return { ...failed, faults: hanging };
    const suspects = suspectsOf(step, error);
    return { ...failed, faults: blame({ suspects, message: detail, proven, checks: options.checks }) };
  }
}

/** The hanging nodes that explain a failure: any of them if no node answered, else those that the step needs. */
function hangingIn({ needs }: Step, error: unknown, hanging: readonly Suspect[]): readonly Suspect[] {
  if (error instanceof NoServer || error instanceof NoAnswer) return hanging;
  const texts = needs.flatMap(({ link, node, also }) => [link, node, ...also]);
  const isNeeded = (name: string) => texts.some((text) => text.split(/[\s,]+/).includes(name));
  return hanging.filter(({ node }) => isNeeded(node));
}

/**
 * The load balancer's link has failed if it can't be reached, or if it has no server. When the time limit was reached, any node
 * on the way can be the one that does not answer.
 */
function suspectsOf({ needs }: Step, error: unknown): readonly Suspect[] {
  if (error instanceof StepFailure) return error.suspects;
  if (!(error instanceof NoServer || (error instanceof NoAnswer && !error.timedOut))) return needs;
  const fronts = needs.filter(({ node }) => node === "loadbalancer");
  return fronts.length > 0 ? fronts : needs;
}
