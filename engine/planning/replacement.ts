/**
 * Replaces a resource: either creates the new one and deletes the old one at the end of the run, or deletes the old one and
 * its dependents before creating the new one.
 */

import type { Step } from "../events";
import type { ResourceState } from "../model";
import { unwrapProps } from "../values";
import { isDeletedWithAnother, type Plan, planDependents, protectionError } from "./plan";
import { toExisting } from "./stateProps";
import type { Steps } from "./steps";

export class Replacements {
  /** By URN: deletions before a replacement that are planned or in progress. */
  private readonly deletions = new Map<string, Promise<void>>();

  /**
   * @param seen the URNs that the program has registered so far
   * @param onDeleted called with the state that remains of a resource that was deleted before its replacement
   */
  constructor(
    private readonly steps: Steps,
    private readonly seen: ReadonlySet<string>,
    private readonly onDeleted: (state: ResourceState) => void,
  ) {}

  /** Resolves when the deletions of `urns` have ended; undefined if none is planned or in progress. */
  deletionsOf(urns: readonly string[]): Promise<unknown> | undefined {
    const all = urns.flatMap((urn) => this.deletions.get(urn) ?? []);
    return all.length > 0 ? Promise.allSettled(all) : undefined;
  }

  /** @throws when the old resource, or a dependent that must be deleted with it, is protected */
  async replace(step: Omit<Step, "op">, plan: Plan, state: ResourceState, old: ResourceState): Promise<ResourceState> {
    const create: Step = { ...step, op: "create-replacement" };
    if (old.protect && state.protect) throw new Error(protectionError("replaced"));
    this.steps.done({ ...step, op: "replace" });
    if (plan.kind === "recreate") return this.steps.create(create, state, old);
    if (!plan.deleteBeforeReplace) return this.steps.create(create, state, undefined, old);
    const dependents = await this.findDependents(old);
    for (const { urn, protect } of dependents) if (protect) throw new Error(`${urn} ${protectionError("replaced")}`);
    await this.deleteInOrder([...dependents.reverse(), old]);
    const left = this.steps.journal.remaining().find((each) => each.urn === old.urn && each.pendingReplacement);
    return this.steps.create(create, state, left);
  }

  /** The dependents of `root` that must be deleted before it, except those that the program has registered. */
  private async findDependents(root: ResourceState): Promise<ResourceState[]> {
    const { journal, registry } = this.steps;
    const unregistered = () => journal.remaining().filter(({ urn }) => !this.seen.has(urn));
    for (;;) {
      const dependents = await planDependents(root, unregistered(), (dependent, news) =>
        registry.providerFor(dependent).diff(toExisting(dependent), unwrapProps(news)),
      );
      // Start again if one was registered or deleted in the meantime: others may be included only because of it.
      const current = new Set(unregistered());
      if (dependents.every((each) => current.has(each))) return dependents;
    }
  }

  /** Deletes in order, and each resource only once, even if two replaced resources share a dependent. */
  private async deleteInOrder(states: readonly ResourceState[]): Promise<void> {
    const deleted = new Set(states.map(({ urn }) => urn));
    let last: Promise<unknown> = Promise.resolve();
    // All deletions are noted before the first one starts: a registration must wait for the deletion of its old resource.
    for (const state of states) {
      const { urn } = state;
      const gone = this.deletions.get(urn) ?? last.then(() => this.delete(state, deleted));
      this.deletions.set(urn, gone);
      const forget = () => void this.deletions.delete(urn);
      gone.then(forget, forget);
      last = Promise.all([last, gone]);
    }
    await last;
  }

  private async delete(state: ResourceState, deleted: ReadonlySet<string>): Promise<void> {
    const { urn } = state;
    const retain = state.retainOnDelete === true || isDeletedWithAnother(state, deleted);
    await this.steps.remove({ op: "delete-replaced", urn, old: state, retain }, state, retain, true);
    const left = this.steps.journal.remaining().find((each) => each.urn === urn && each.pendingReplacement);
    if (left) this.onDeleted(left);
  }
}
