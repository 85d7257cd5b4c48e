/** One run of the program: what it registers is compared with the state, planned and carried out. */

import { recordedUrns } from "./aliases";
import { DefaultProviders } from "./defaultProviders";
import { stateFor } from "./goalState";
import {
  type Goal,
  isProviderType,
  makeUrn,
  type ResourceState,
  requirements,
  STACK_TYPE,
  type StackName,
} from "./model";
import { registerComponent, registerImport, registerProvider, registerRead } from "./otherKinds";
import { goesWithAnother, inReverse, type Plan, planRegistration, refusal } from "./plan";
import { unknownKind } from "./registry";
import { Replacements } from "./replacement";
import { existing, known, messageOf, plannedOutputs, type Steps } from "./steps";
import { containsUnknown, markPaths, markSecrets, type Props, parsePath, resetPath, unwrapProps } from "./values";

/** What the program is told: `fail` and `skip` leave its outputs unknown, so that dependents can be skipped too. */
export interface Registration {
  readonly urn: string;
  readonly id: string;
  readonly outputs: Props;
  readonly result: "success" | "fail" | "skip";
}

/** Thrown at the program when the run was asked to stop. */
export class Stopped extends Error {}

export class Deployment {
  failed = false;
  rootUrn: string | undefined;
  private rootOutputs: Props | undefined;
  private readonly olds = new Map<string, ResourceState>();
  private readonly seen = new Set<string>();
  /** Failed or skipped: what needs one of these is skipped. */
  private readonly missing = new Set<string>();
  private readonly providers: DefaultProviders;
  private readonly replacements: Replacements;
  /** URN -> the URN that it is recorded under. */
  private readonly aliased = new Map<string, string>();
  private active = 0;
  private idle: (() => void)[] = [];
  private stopping = false;

  /** @param config of the stack, for providers that are not made by the program: `docker:host`... */
  constructor(
    private readonly stack: StackName,
    private readonly steps: Steps,
    config: Props,
  ) {
    this.providers = new DefaultProviders(stack, config, (urn, goal) => {
      this.seen.add(urn);
      return this.carryOut(urn, goal);
    });
    this.replacements = new Replacements(steps, this.seen, (state) => this.olds.set(state.urn, state));
    for (const state of steps.journal.remaining()) if (!state.delete) this.olds.set(state.urn, state);
  }

  async register(goal: Goal): Promise<Registration> {
    return this.tracked(() => this.registerTracked(goal));
  }

  /** The outputs that a component registers when all its children are. */
  async registerOutputs(urn: string, outputs: Props): Promise<void> {
    // A program that throws registers no outputs for the stack: those wait until it is known to have gone well.
    if (urn === this.rootUrn) this.rootOutputs = outputs;
    else await this.tracked(() => this.recordOutputs(urn, outputs));
  }

  private async recordOutputs(urn: string, outputs: Props): Promise<void> {
    const state = this.steps.journal.find(urn);
    if (state === undefined) return;
    // Unknown outside a preview means: comes from something that failed. What it was is better than nothing.
    const news = this.steps.preview ? outputs : { ...pick(state.outputs, outputs), ...known(outputs) };
    if (urn === this.rootUrn) this.steps.emit({ kind: "outputs", olds: state.outputs ?? {}, news });
    await this.steps.journal.replace(undefined, state, { ...state, outputs: news });
  }

  /** No new steps; resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.stopping = true;
    while (this.active > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  /** After a program that went well: deletes what it did not register. */
  async finish(): Promise<void> {
    if (this.rootUrn && this.rootOutputs) await this.recordOutputs(this.rootUrn, this.rootOutputs);
    if (this.failed || this.stopping) return;
    const leftovers = this.steps.journal.remaining();
    const refused = leftovers.filter((state) => !state.delete && refusal(state, "deleted") !== undefined);
    for (const state of refused) this.fail(state.urn, refusal(state, "deleted") ?? "");
    if (refused.length > 0) return;
    const condemned = new Set(leftovers.map((state) => state.urn).filter((urn) => !this.seen.has(urn)));
    await inReverse(leftovers, async (state) => {
      if (this.stopping) return false;
      const retain = state.retainOnDelete === true || goesWithAnother(state, condemned);
      const op = state.delete ? "delete-replaced" : "delete";
      return this.attempt(state.urn, () =>
        this.steps.remove({ op, urn: state.urn, old: state, retain }, state, retain),
      );
    });
  }

  private async tracked<T>(work: () => Promise<T>): Promise<T> {
    if (this.stopping) throw new Stopped("the run was asked to stop");
    this.active += 1;
    try {
      return await work();
    } finally {
      this.active -= 1;
      if (this.active === 0) for (const resolve of this.idle.splice(0)) resolve();
    }
  }

  private async registerTracked(goal: Goal): Promise<Registration> {
    const urn = makeUrn(this.stack, goal.type, goal.name, goal.parent);
    if (goal.type === STACK_TYPE) this.rootUrn = urn;
    const nothing = { urn, id: "", outputs: goal.inputs };
    if (this.seen.has(urn)) {
      this.fail(urn, `registered twice; give each ${goal.type} below one parent a name of its own`);
      return { ...nothing, result: "fail" };
    }
    this.seen.add(urn);
    try {
      const reference = await this.providers.referenceFor(goal);
      // Components go on without what is missing, and the state must not refer to that.
      const present = goal.custom ? goal.dependencies : goal.dependencies.filter((each) => !this.missing.has(each));
      const complete: Goal = {
        ...goal,
        dependencies: present,
        ...(reference !== undefined && { provider: reference }),
      };
      if (complete.custom && this.mustSkip(urn, complete)) {
        this.missing.add(urn);
        return { ...nothing, result: "skip" };
      }
      const state = await this.carryOut(urn, complete);
      return { urn, id: state.id ?? "", outputs: state.outputs ?? {}, result: "success" };
    } catch (error) {
      if (error instanceof Stopped) throw error;
      this.fail(urn, messageOf(error));
      return { ...nothing, result: "fail" };
    }
  }

  private async carryOut(urn: string, goal: Goal): Promise<ResourceState> {
    const { journal } = this.steps;
    const { old, aliases } = this.findOld(urn, goal);
    if (!goal.custom)
      return registerComponent(this.steps, stateFor(urn, goal, aliases, old, this.usableInputs(goal, old)), old, goal);
    if (isProviderType(goal.type))
      return registerProvider(this.steps, stateFor(urn, goal, aliases, old, goal.inputs), old, goal);
    const provider = this.steps.registry.get(goal.provider);
    if (!provider.types.includes(goal.type)) throw unknownKind(goal.type);
    if (goal.readId !== undefined)
      return registerRead(this.steps, stateFor(urn, goal, aliases, old, goal.inputs), old, goal.readId);
    const wanted = goal.ignoreChanges.reduce<Props>(
      (inputs, path) => (old?.inputs ? (resetPath(inputs, old.inputs, parsePath(path)) as Props) : inputs),
      goal.inputs,
    );
    const check = async (olds: Props | undefined): Promise<ResourceState> => {
      const ref = { urn, type: goal.type };
      const { inputs, failures } = await provider.check(ref, olds && unwrapProps(olds), unwrapProps(wanted));
      if (failures.length > 0)
        throw new Error(failures.map(({ property, reason }) => `${property}: ${reason}`).join("; "));
      return stateFor(
        urn,
        goal,
        aliases,
        old,
        markPaths(markSecrets(inputs as Props, wanted), goal.additionalSecretOutputs),
      );
    };
    const state = await check(old?.inputs);
    const usable = old !== undefined && !old.external && old.custom;
    const diff = usable ? await provider.diff(existing(old), unwrapProps(state.inputs)) : undefined;
    const plan = planRegistration(old, goal, { diff, inputsEqual: false });
    const step = { urn, old, diffs: plan.diffs, replaces: plan.replaces, detailed: plan.detailed };
    if (this.stopping) throw new Stopped("the run was asked to stop");
    switch (plan.kind) {
      case "create":
        if (goal.importId !== undefined) return registerImport(this.steps, state, old, goal.importId, provider);
        return this.steps.create({ op: "create", urn }, state, undefined);
      case "discard":
        return this.steps.create({ op: "create", urn }, state, old);
      case "same": {
        const kept = { ...state, id: old?.id, outputs: this.steps.marked(state, old?.outputs ?? {}) };
        await journal.settle(undefined, old, kept);
        this.steps.emit({ kind: "done", step: { op: "same", urn, old, new: kept }, ms: 0 });
        return kept;
      }
      case "update":
        return this.steps.update({ ...step, op: "update" }, { ...state, id: old?.id }, old as ResourceState);
      default: {
        const fresh = await check(undefined);
        if (goal.importId !== undefined && plan.kind === "replace") {
          const imported = await registerImport(this.steps, fresh, undefined, goal.importId, provider);
          if (old) await journal.replace(undefined, old, { ...old, delete: true });
          return imported;
        }
        const shown = { ...step, new: this.planned(fresh, plan, old) };
        return this.replacements.replace(shown, plan, fresh, old as ResourceState);
      }
    }
  }

  private findOld(urn: string, goal: Goal): { old?: ResourceState; aliases: readonly string[] } {
    const aliases = recordedUrns(this.stack, goal, this.aliased).filter((alias) => alias !== urn);
    for (const candidate of [urn, ...aliases]) {
      const old = this.olds.get(candidate);
      if (old === undefined || (candidate !== urn && this.seen.has(candidate))) continue;
      if (candidate !== urn) {
        this.aliased.set(urn, candidate);
        this.seen.add(candidate);
        this.steps.journal.rename(candidate, urn);
      }
      return { old, aliases: goal.aliases.length > 0 ? aliases : [] };
    }
    return { aliases: goal.aliases.length > 0 ? aliases : [] };
  }

  /** What the display shows as new: with unknowns for what only exists after the replacement. */
  private planned(state: ResourceState, plan: Plan, old: ResourceState | undefined): ResourceState {
    if (old === undefined || Object.keys(plan.detailed).length > 0) return state;
    return { ...state, outputs: plannedOutputs(old, state.inputs ?? {}) };
  }

  /** Components go on when something that they take is missing; only what is known of their inputs is recorded. */
  private usableInputs(goal: Goal, old: ResourceState | undefined): Props {
    if (this.steps.preview) return goal.inputs;
    return { ...pick(old?.inputs, goal.inputs), ...known(goal.inputs) };
  }

  private mustSkip(urn: string, goal: Goal): boolean {
    const state = stateFor(urn, goal, [], undefined, goal.inputs);
    if (requirements(state).some((each) => this.missing.has(each))) return true;
    return !this.steps.preview && containsUnknown(goal.inputs);
  }

  private async attempt(urn: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.fail(urn, messageOf(error));
      return false;
    }
  }

  private fail(urn: string, message: string): void {
    this.failed = true;
    this.missing.add(urn);
    this.steps.emit({ kind: "log", severity: "error", message, urn });
  }
}

/** Those of `olds` whose keys are in `wanted`. */
function pick(olds: Props | undefined, wanted: Props): Props {
  return Object.fromEntries(Object.entries(olds ?? {}).filter(([key]) => key in wanted));
}
