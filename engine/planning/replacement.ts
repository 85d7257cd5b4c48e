/** Replaces a resource: the new one first and the old one at the run's end, or the old one and its dependents first. */

import type { Step } from "../events";
import type { ResourceState } from "../model";
import { unwrapProps } from "../values";
import { goesWithAnother, type Plan, planDependents, refusal } from "./plan";
import { existing, type Steps } from "./steps";

export class Replacements {
  /** By URN, those that were chosen to be deleted first and are not gone yet. */
  private readonly deletions = new Map<string, Promise<void>>();

  /**
   * @param seen URNs that the program registered by now
   * @param deleted told what remains of a resource that was deleted before its replacement is made
   */
  constructor(
    private readonly steps: Steps,
    private readonly seen: ReadonlySet<string>,
    private readonly deleted: (state: ResourceState) => void,
  ) {}

  /** Resolves when those of `urns` that are being deleted for something else are gone, or stay; undefined if none is. */
  underWay(urns: readonly string[]): Promise<unknown> | undefined {
    const all = urns.flatMap((urn) => this.deletions.get(urn) ?? []);
    return all.length > 0 ? Promise.allSettled(all) : undefined;
  }

  /** @throws when the old one, or a dependent that has to go with it, is protected. */
  async replace(step: Omit<Step, "op">, plan: Plan, state: ResourceState, old: ResourceState): Promise<ResourceState> {
    const create: Step = { ...step, op: "create-replacement" };
    if (old.protect && state.protect) throw new Error(refusal("replaced"));
    this.steps.done({ ...step, op: "replace" });
    if (plan.kind === "recreate") return this.steps.create(create, state, old);
    if (!plan.deleteBeforeReplace) return this.steps.create(create, state, undefined, old);
    const doomed = await this.choose(old);
    for (const { urn, protect } of doomed) if (protect) throw new Error(`${urn} ${refusal("replaced")}`);
    await this.deleteFirst([...doomed.reverse(), old]);
    const left = this.steps.journal.remaining().find((each) => each.urn === old.urn && each.pendingReplacement);
    return this.steps.create(create, state, left);
  }

  /** The dependents of `root` that have to go before it: none that the program has registered by now. */
  private async choose(root: ResourceState): Promise<ResourceState[]> {
    const { journal, registry } = this.steps;
    const unseen = () => journal.remaining().filter(({ urn }) => !this.seen.has(urn));
    for (;;) {
      const doomed = await planDependents(root, unseen(), (dependent, news) =>
        registry.of(dependent).diff(existing(dependent), unwrapProps(news)),
      );
      // One that was registered, or deleted for another one, meanwhile may have been all that others depend on.
      const still = new Set(unseen());
      if (doomed.every((each) => still.has(each))) return doomed;
    }
  }

  /** One after another; each only once, even when two replaced resources share a dependent. */
  private async deleteFirst(states: readonly ResourceState[]): Promise<void> {
    const going = new Set(states.map(({ urn }) => urn));
    let last: Promise<unknown> = Promise.resolve();
    // All are marked before the first one goes: whoever registers meanwhile has to wait for its own deletion.
    for (const state of states) {
      const { urn } = state;
      const gone = this.deletions.get(urn) ?? last.then(() => this.delete(state, going));
      this.deletions.set(urn, gone);
      const forget = () => void this.deletions.delete(urn);
      gone.then(forget, forget);
      last = Promise.all([last, gone]);
    }
    await last;
  }

  private async delete(state: ResourceState, going: ReadonlySet<string>): Promise<void> {
    const { urn } = state;
    const retain = state.retainOnDelete === true || goesWithAnother(state, going);
    await this.steps.remove({ op: "delete-replaced", urn, old: state, retain }, state, retain, true);
    const left = this.steps.journal.remaining().find((each) => each.urn === urn && each.pendingReplacement);
    if (left) this.deleted(left);
  }
}
