/** Handles the program's registrations: compares each with the state, plans it and applies the plan. */

import type { StackName } from "../backend/checkpoint";
import { errorMessage } from "../backend/errors";
import type { Config } from "../backend/project";
import { type Goal, isProviderType, makeUrn, type ResourceState, requirements, STACK_TYPE, stateFor } from "../model";
import { type Properties, unknownFunction } from "../provider";
import { containsUnknown, equal, markPaths, markSecrets, type Props, unwrapProps } from "../values";
import { recordedUrns } from "./aliases";
import { DefaultProviders } from "./defaultProviders";
import { deleteAll } from "./destroy";
import { applyIgnoreChanges, isImport, planRegistration } from "./plan";
import { recover } from "./recover";
import { Replacements } from "./replacement";
import { knownProps, plannedOutputs, toExisting } from "./stateProps";
import { type Steps, Stopped } from "./steps";

/** The answer to the program: after `fail` and `skip` the outputs are unknown, so that dependents are skipped too. */
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
  /** Failed or skipped resources; resources that require one of them are skipped. */
  private readonly missing = new Set<string>();
  private readonly providers: DefaultProviders;
  private readonly replacements: Replacements;
  /** URN -> the URN under which the resource is recorded. */
  private readonly aliased = new Map<string, string>();
  private readonly inProgress = new Set<Promise<unknown>>();

  /** @param config the stack's configuration for default providers, e.g. `docker:host` */
  constructor(
    private readonly stack: StackName,
    private readonly steps: Steps,
    config: Config,
  ) {
    this.providers = new DefaultProviders(stack, config, (urn, goal) => {
      this.seen.add(urn);
      return this.apply(urn, goal);
    });
    this.replacements = new Replacements(steps, this.seen, (state) => this.olds.set(state.urn, state));
    for (const state of steps.journal.remaining()) if (!state.delete) this.olds.set(state.urn, state);
  }

  async register(goal: Goal): Promise<Registration> {
    return this.track(() => this.registerResource(goal));
  }

  /** Runs a provider function. @throws the provider's error */
  async invoke(token: string, args: Props, provider: string | undefined, version: string | undefined): Promise<Props> {
    return this.track(async () => {
      const instance = this.steps.registry.instance(await this.providers.reference(token, provider, version));
      if (instance.invoke === undefined) throw unknownFunction(token);
      return instance.invoke(token, unwrapProps(args));
    });
  }

  /** Records the outputs that a component registers after its children. */
  async registerOutputs(urn: string, outputs: Props): Promise<void> {
    // The stack's outputs are recorded only when the program has succeeded.
    if (urn === this.rootUrn) this.rootOutputs = outputs;
    else await this.track(() => this.recordOutputs(urn, outputs));
  }

  private async recordOutputs(urn: string, outputs: Props): Promise<void> {
    const state = this.steps.journal.find(urn);
    if (state === undefined) return;
    const news = this.recordable(outputs, state.outputs);
    if (urn === this.rootUrn) this.steps.emit({ kind: "outputs", olds: state.outputs ?? {}, news });
    await this.steps.journal.replace(undefined, state, { ...state, outputs: news });
  }

  /** Starts no new steps; resolves when the steps in progress have ended. */
  async stop(): Promise<void> {
    this.steps.stopping = true;
    await Promise.allSettled(this.inProgress);
  }

  /** After a successful program: deletes the resources that it did not register. */
  async finish(): Promise<void> {
    if (this.rootUrn && this.rootOutputs) await this.recordOutputs(this.rootUrn, this.rootOutputs);
    if (this.failed || this.steps.stopping) return;
    const leftovers = this.steps.journal.remaining();
    // Replaced resources count as deleted too, although their URNs stay in use.
    const deleted = leftovers.filter((state) => state.delete || !this.seen.has(state.urn));
    const gone = await deleteAll(this.steps, leftovers, new Set(deleted.map(({ urn }) => urn)));
    this.failed ||= !gone && !this.steps.stopping;
  }

  private async track<T>(work: () => Promise<T>): Promise<T> {
    this.steps.refuseWhenStopping();
    const done = work();
    this.inProgress.add(done);
    return done.finally(() => this.inProgress.delete(done));
  }

  private async registerResource(goal: Goal): Promise<Registration> {
    const urn = makeUrn(this.stack, goal.type, goal.name, goal.parent);
    if (goal.type === STACK_TYPE) this.rootUrn = urn;
    const nothing = { urn, id: "", outputs: goal.inputs };
    try {
      if (this.seen.has(urn)) throw new Error(`registered twice; give each ${goal.type} below one parent its own name`);
      this.seen.add(urn);
      const provider = await this.providers.referenceFor(goal);
      // Components continue without missing dependencies, and the state must not refer to those.
      const dependencies = goal.dependencies?.filter((each) => goal.custom || !this.missing.has(each));
      const complete: Goal = { ...goal, dependencies, provider };
      if (this.mustSkip(complete)) {
        this.missing.add(urn);
        return { ...nothing, result: "skip" };
      }
      const { id = "", outputs = {} } = await this.apply(urn, complete);
      // A component's recorded outputs may refer to children that the program has not registered yet.
      return { urn, id, outputs: goal.custom ? outputs : {}, result: "success" };
    } catch (error) {
      if (error instanceof Stopped) throw error;
      this.failed = true;
      this.missing.add(urn);
      this.steps.fail(urn, errorMessage(error));
      return { ...nothing, result: "fail" };
    }
  }

  private mustSkip(goal: Goal): boolean {
    // A component continues without its dependencies, but not without its parent.
    if (!goal.custom) return this.missing.has(goal.parent ?? "");
    if (requirements(goal).some((each) => this.missing.has(each))) return true;
    return !this.steps.preview && containsUnknown(goal.inputs);
  }

  private async apply(urn: string, goal: Goal): Promise<ResourceState> {
    const { steps } = this;
    const names = recordedUrns(this.stack, goal, this.aliased);
    await this.replacements.deletionsOf([urn]);
    await this.retryRecovery(urn);
    for (let gone = this.replacements.deletionsOf(names); gone; gone = this.replacements.deletionsOf(names)) await gone;
    const { old, aliases } = this.findOld(urn, goal, names);
    const provider = steps.registry.providerFor(goal);
    const given = goal.custom ? goal.inputs : this.recordable(goal.inputs, old?.inputs);
    if (goal.readId !== undefined)
      return steps.readOrImport("read", stateFor(urn, { ...goal, inputs: given }, aliases, old), old, goal.readId);
    const news =
      goal.version && isProviderType(goal.type) ? { ...given, __internal: {}, version: goal.version } : given;
    const wanted = old?.inputs ? applyIgnoreChanges(news, old.inputs, goal.ignoreChanges) : news;
    const check = async (olds: ResourceState | undefined): Promise<ResourceState> => {
      const before: Properties | undefined = olds?.inputs && unwrapProps(olds.inputs);
      const { inputs, failures } = await provider.check({ urn, type: goal.type }, before, unwrapProps(wanted));
      if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("; "));
      const marked = markPaths(markSecrets(inputs as Props, wanted), goal.additionalSecretOutputs ?? []);
      // Unchanged inputs stay the same object, so that their secrets keep the same ciphertext.
      const kept = olds?.inputs && equal(olds.inputs, marked) ? olds.inputs : marked;
      return stateFor(urn, { ...goal, inputs: kept }, aliases, olds);
    };
    const state = await check(old);
    const comparable = old !== undefined && !old.external && old.custom === goal.custom;
    const diff = comparable ? await provider.diff(toExisting(old), unwrapProps(state.inputs)) : undefined;
    const plan = planRegistration(old, goal, diff, provider.replacesBroken?.(goal.type) ?? false);
    steps.refuseWhenStopping();
    const { diffs, replaces, detailed } = plan;
    const step = { urn, old, diffs, replaces, detailed };
    const importing = isImport(old, goal) && goal.importId;
    if (old === undefined || plan.kind === "create") {
      if (importing) return steps.readOrImport("import", state, old, importing, goal.ignoreChanges);
      return steps.create({ op: "create", urn }, state, old);
    }
    if (plan.kind === "update") return steps.update({ ...step, op: "update" }, state, old);
    if (plan.kind === "same") {
      const same = { ...state, outputs: steps.markSecretOutputs(state, old.outputs ?? {}) };
      await steps.journal.settle(undefined, old, same);
      steps.registry.configure(same);
      steps.done({ op: "same", urn, old, new: same });
      return same;
    }
    const fresh = await check(undefined);
    if (importing) return steps.readOrImport("import", fresh, old, importing, goal.ignoreChanges);
    if (goal.importId !== undefined)
      throw new Error(
        "import: an imported resource can't be replaced while it has the import option; remove that option",
      );
    // Without a detailed diff, all outputs of the new resource count as unknown.
    const unknown = Object.keys(detailed).length === 0 ? { outputs: plannedOutputs(old, fresh.inputs ?? {}) } : {};
    return this.replacements.replace({ ...step, new: { ...fresh, ...unknown } }, plan, fresh, old);
  }

  /** Retries the recovery of operations that were still pending at the start of the run: their server may run by now. */
  private async retryRecovery(urn: string): Promise<void> {
    const { journal } = this.steps;
    const pending = this.steps.preview ? [] : journal.pendingFor(urn);
    if (pending.length === 0) return;
    for (const operation of pending) await recover(operation, this.steps);
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
        throw new Error(`aliases: ${candidate} is another resource of this program; remove the alias`);
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
   * The inputs or outputs of a component to record. Outside a preview, an unknown value comes from a failed resource; the
   * recorded value is kept in its place.
   */
  private recordable(given: Props, recorded: Props | undefined): Props {
    if (this.steps.preview) return given;
    const before = Object.entries(recorded ?? {}).filter(([key]) => key in given);
    return { ...Object.fromEntries(before), ...knownProps(given) };
  }
}
