/** One run of the program: what it registers is compared with the state, planned and carried out. */

import type { StackName } from "../backend/checkpoint";
import type { Config } from "../backend/project";
import { type Goal, isProviderType, makeUrn, type ResourceState, requirements, STACK_TYPE, stateFor } from "../model";
import type { Properties } from "../provider";
import { containsUnknown, equal, markPaths, markSecrets, type Props, unwrapProps } from "../values";
import { recordedUrns } from "./aliases";
import { DefaultProviders } from "./defaultProviders";
import { deleteAll } from "./destroy";
import { ignoring, isImport, planRegistration } from "./plan";
import { recover } from "./recover";
import { Replacements } from "./replacement";
import { existing, known, messageOf, plannedOutputs, type Steps, Stopped } from "./steps";

/** What the program is told: `fail` and `skip` leave its outputs unknown, so that dependents can be skipped too. */
export interface Registration {
  readonly urn: string;
  readonly id: string;
  readonly outputs: Props;
  readonly result: "success" | "fail" | "skip";
}

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
  private readonly underWay = new Set<Promise<unknown>>();

  /** @param config of the stack, for providers that are not made by the program: `docker:host`... */
  constructor(
    private readonly stack: StackName,
    private readonly steps: Steps,
    config: Config,
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
    const news = this.usable(outputs, state.outputs);
    if (urn === this.rootUrn) this.steps.emit({ kind: "outputs", olds: state.outputs ?? {}, news });
    await this.steps.journal.replace(undefined, state, { ...state, outputs: news });
  }

  /** No new steps; resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.steps.stopping = true;
    await Promise.allSettled(this.underWay);
  }

  /** After a program that went well: deletes what it did not register. */
  async finish(): Promise<void> {
    if (this.rootUrn && this.rootOutputs) await this.recordOutputs(this.rootUrn, this.rootOutputs);
    if (this.failed || this.steps.stopping) return;
    const leftovers = this.steps.journal.remaining();
    // What was replaced goes as well, though its name stays.
    const going = new Set(leftovers.filter((state) => state.delete || !this.seen.has(state.urn)).map(({ urn }) => urn));
    const gone = await deleteAll(this.steps, leftovers, going);
    this.failed ||= !gone && !this.steps.stopping;
  }

  private async tracked<T>(work: () => Promise<T>): Promise<T> {
    this.steps.refuseWhenStopping();
    const done = work();
    this.underWay.add(done);
    return done.finally(() => this.underWay.delete(done));
  }

  private async registerTracked(goal: Goal): Promise<Registration> {
    const urn = makeUrn(this.stack, goal.type, goal.name, goal.parent);
    if (goal.type === STACK_TYPE) this.rootUrn = urn;
    const nothing = { urn, id: "", outputs: goal.inputs };
    try {
      if (this.seen.has(urn)) throw new Error(`registered twice; give each ${goal.type} below one parent its own name`);
      this.seen.add(urn);
      const provider = await this.providers.referenceFor(goal);
      // Components go on without what is missing, and the state must not refer to that.
      const dependencies = goal.dependencies?.filter((each) => goal.custom || !this.missing.has(each));
      const complete: Goal = { ...goal, dependencies, provider };
      if (this.mustSkip(complete)) {
        this.missing.add(urn);
        return { ...nothing, result: "skip" };
      }
      const { id = "", outputs = {} } = await this.carryOut(urn, complete);
      // A component's recorded outputs may refer to children that the program has yet to register.
      return { urn, id, outputs: goal.custom ? outputs : {}, result: "success" };
    } catch (error) {
      if (error instanceof Stopped) throw error;
      this.failed = true;
      this.missing.add(urn);
      this.steps.fail(urn, messageOf(error));
      return { ...nothing, result: "fail" };
    }
  }

  private mustSkip(goal: Goal): boolean {
    // A component goes on without what it waits for, but not without what holds it.
    if (!goal.custom) return this.missing.has(goal.parent ?? "");
    if (requirements(goal).some((each) => this.missing.has(each))) return true;
    return !this.steps.preview && containsUnknown(goal.inputs);
  }

  private async carryOut(urn: string, goal: Goal): Promise<ResourceState> {
    const { steps } = this;
    const names = recordedUrns(this.stack, goal, this.aliased);
    await this.replacements.underWay([urn]);
    await this.lookAgain(urn);
    for (let gone = this.replacements.underWay(names); gone; gone = this.replacements.underWay(names)) await gone;
    const { old, aliases } = this.findOld(urn, goal, names);
    const provider = steps.registry.of(goal);
    const given = goal.custom ? goal.inputs : this.usable(goal.inputs, old?.inputs);
    if (goal.readId !== undefined)
      return steps.take("read", stateFor(urn, { ...goal, inputs: given }, aliases, old), old, goal.readId);
    const news =
      goal.version && isProviderType(goal.type) ? { ...given, __internal: {}, version: goal.version } : given;
    const wanted = old?.inputs ? ignoring(news, old.inputs, goal.ignoreChanges) : news;
    const check = async (olds: ResourceState | undefined): Promise<ResourceState> => {
      const before: Properties | undefined = olds?.inputs && unwrapProps(olds.inputs);
      const { inputs, failures } = await provider.check({ urn, type: goal.type }, before, unwrapProps(wanted));
      if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("; "));
      const marked = markPaths(markSecrets(inputs as Props, wanted), goal.additionalSecretOutputs ?? []);
      // Values that did not change stay the same objects, and their secrets the same ciphertext.
      const kept = olds?.inputs && equal(olds.inputs, marked) ? olds.inputs : marked;
      return stateFor(urn, { ...goal, inputs: kept }, aliases, olds);
    };
    const state = await check(old);
    const comparable = old !== undefined && !old.external && old.custom === goal.custom;
    const diff = comparable ? await provider.diff(existing(old), unwrapProps(state.inputs)) : undefined;
    const plan = planRegistration(old, goal, diff, provider.replacesBroken?.(goal.type) ?? false);
    steps.refuseWhenStopping();
    const { diffs, replaces, detailed } = plan;
    const step = { urn, old, diffs, replaces, detailed };
    const importing = isImport(old, goal) && goal.importId;
    if (old === undefined || plan.kind === "create") {
      if (importing) return steps.take("import", state, old, importing, goal.ignoreChanges);
      return steps.create({ op: "create", urn }, state, old);
    }
    if (plan.kind === "update") return steps.update({ ...step, op: "update" }, state, old);
    if (plan.kind === "same") {
      const same = { ...state, outputs: steps.marked(state, old.outputs ?? {}) };
      await steps.journal.settle(undefined, old, same);
      steps.registry.configure(same);
      steps.done({ op: "same", urn, old, new: same });
      return same;
    }
    const fresh = await check(undefined);
    if (importing) return steps.take("import", fresh, old, importing, goal.ignoreChanges);
    if (goal.importId !== undefined)
      throw new Error("import: what was imported can't be replaced while the program says import; remove that option");
    // Without details of what differs, all that the new one will have counts as not known yet.
    const unknown = Object.keys(detailed).length === 0 ? { outputs: plannedOutputs(old, fresh.inputs ?? {}) } : {};
    return this.replacements.replace({ ...step, new: { ...fresh, ...unknown } }, plan, fresh, old);
  }

  /** What an earlier run left open and could not be looked after: its server may be back by now. */
  private async lookAgain(urn: string): Promise<void> {
    const { journal } = this.steps;
    const open = this.steps.preview ? [] : journal.open(urn);
    if (open.length === 0) return;
    for (const operation of open) await recover(operation, this.steps);
    const old = journal.remaining().find((each) => each.urn === urn && !each.delete);
    if (old === undefined) this.olds.delete(urn);
    else this.olds.set(urn, old);
  }

  private findOld(urn: string, goal: Goal, names: readonly string[]) {
    const candidates = names.filter((alias) => alias !== urn);
    const aliases = (goal.aliases ?? []).length > 0 ? candidates : [];
    for (const candidate of [urn, ...candidates]) {
      const old = this.olds.get(candidate);
      if (old === undefined) continue;
      if (candidate !== urn && this.seen.has(candidate))
        throw new Error(`aliases: ${candidate} is another resource of this program too; remove the alias`);
      if (candidate !== urn) {
        this.aliased.set(urn, candidate);
        this.seen.add(candidate);
        this.steps.journal.rename(candidate, urn);
      }
      return { old, aliases };
    }
    return { old: undefined, aliases };
  }

  /**
   * What of a component's inputs or outputs can be recorded: unknown outside a preview means that it comes from
   * something that failed, and what it was is better than nothing.
   */
  private usable(given: Props, recorded: Props | undefined): Props {
    if (this.steps.preview) return given;
    const before = Object.entries(recorded ?? {}).filter(([key]) => key in given);
    return { ...Object.fromEntries(before), ...known(given) };
  }
}
