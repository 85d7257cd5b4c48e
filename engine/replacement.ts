/** Replaces a resource: the new one first and the old one at the run's end, or the old one and its dependents first. */

import type { Step } from "./events";
import type { ResourceState } from "./model";
import { type Plan, planDependents, refusal } from "./plan";
import type { DiffResult } from "./provider";
import { existing, type Steps } from "./steps";
import { unwrapProps } from "./values";

export class Replacements {
  private readonly deletions = new Map<ResourceState, Promise<void>>();

  /**
   * @param seen URNs that the program registered by now
   * @param deleted told what remains of a resource that was deleted before its replacement is made
   */
  constructor(
    private readonly steps: Steps,
    private readonly seen: ReadonlySet<string>,
    private readonly deleted: (state: ResourceState) => void,
  ) {}

  /** @throws when the old one, or a dependent that has to go with it, is protected. */
  async replace(step: Omit<Step, "op">, plan: Plan, state: ResourceState, old: ResourceState): Promise<ResourceState> {
    const shown: Step = { ...step, op: "replace" };
    const create: Step = { ...step, op: "create-replacement" };
    const refused = refusal(old, "replaced");
    if (refused !== undefined) throw new Error(refused);
    this.steps.emit({ kind: "done", step: shown, ms: 0 });
    if (plan.kind === "recreate") return this.steps.create(create, state, old);
    if (!plan.deleteBeforeReplace) return this.steps.create(create, state, undefined, old);
    const dependents = await planDependents(old, this.steps.journal.remaining(), async (dependent, news) => {
      const provider = this.steps.registry.get(dependent.provider);
      const diff: DiffResult = await provider.diff(existing(dependent), unwrapProps(news));
      return diff.replaces;
    });
    const doomed = dependents.filter((dependent) => !this.seen.has(dependent.urn));
    for (const dependent of doomed) {
      const why = refusal(dependent, "replaced");
      if (why !== undefined) throw new Error(`${dependent.urn} ${why}`);
    }
    for (const dependent of doomed.reverse()) await this.deleteForReplacement(dependent);
    await this.deleteForReplacement(old);
    const deleted = this.steps.journal.remaining().find((each) => each.urn === old.urn && each.pendingReplacement);
    return this.steps.create(create, state, deleted);
  }

  /** Once, even when two replaced resources share a dependent. */
  private deleteForReplacement(state: ResourceState): Promise<void> {
    const retain = state.retainOnDelete === true;
    const step: Step = { op: "delete-replaced", urn: state.urn, old: state, retain };
    const begun = this.deletions.get(state) ?? this.steps.remove(step, state, retain, true);
    this.deletions.set(state, begun);
    return begun.then(() => {
      this.deleted(this.steps.journal.remaining().find((each) => each.urn === state.urn) ?? state);
    });
  }
}
