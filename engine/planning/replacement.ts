/** Replaces a resource: the new one first and the old one at the run's end, or the old one and its dependents first. */

import type { Step } from "../events";
import type { ResourceState } from "../model";
import { unwrapProps } from "../values";
import { goesWithAnother, type Plan, planDependents, refusal } from "./plan";
import { existing, type Steps } from "./steps";

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
    const create: Step = { ...step, op: "create-replacement" };
    if (old.protect && state.protect) throw new Error(refusal("replaced"));
    this.steps.done({ ...step, op: "replace" });
    if (plan.kind === "recreate") return this.steps.create(create, state, old);
    if (!plan.deleteBeforeReplace) return this.steps.create(create, state, undefined, old);
    const dependents = await planDependents(old, this.steps.journal.remaining(), async (dependent, news) => {
      const diff = await this.steps.registry.of(dependent).diff(existing(dependent), unwrapProps(news));
      return diff.replaces;
    });
    const doomed = dependents.filter(({ urn }) => !this.seen.has(urn));
    for (const { urn, protect } of doomed) if (protect) throw new Error(`${urn} ${refusal("replaced")}`);
    const going = new Set([old, ...doomed].map(({ urn }) => urn));
    for (const dependent of doomed.reverse()) await this.deleteFirst(dependent, going);
    return this.steps.create(create, state, await this.deleteFirst(old, going));
  }

  /** Once, even when two replaced resources share a dependent. @returns what the state has of it now */
  private async deleteFirst(state: ResourceState, going: ReadonlySet<string>): Promise<ResourceState> {
    const { urn } = state;
    const retain = state.retainOnDelete === true || goesWithAnother(state, going);
    const step: Step = { op: "delete-replaced", urn, old: state, retain };
    const begun = this.deletions.get(state) ?? this.steps.remove(step, state, retain, true);
    this.deletions.set(state, begun);
    await begun;
    const left = this.steps.journal.remaining().find((each) => each.urn === urn && each.pendingReplacement) ?? state;
    this.deleted(left);
    return left;
  }
}
