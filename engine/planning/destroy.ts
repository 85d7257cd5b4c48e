/** Deletes resources, dependents first, what is independent at the same time. */

import type { ResourceState } from "../model";
import { goesWithAnother, inReverse, refusal } from "./plan";
import { messageOf, type Steps, Stopped } from "./steps";

/**
 * All of `states`, or none when one of them is protected.
 *
 * @param going URNs of those that are deleted, or were replaced: what is `deletedWith` one of them goes without being asked
 * @returns whether all are gone
 */
export async function deleteAll(
  steps: Steps,
  states: readonly ResourceState[],
  going: ReadonlySet<string>,
): Promise<boolean> {
  const refused = states.filter((state) => !state.delete && state.protect);
  for (const { urn } of refused) steps.fail(urn, refusal("deleted"));
  if (refused.length > 0) return false;
  return inReverse(states, async (state) => {
    if (steps.stopping) return false;
    const retain = state.retainOnDelete === true || state.external === true || goesWithAnother(state, going);
    const op = state.delete ? "delete-replaced" : "delete";
    try {
      await steps.remove({ op, urn: state.urn, old: state, retain }, state, retain);
      return true;
    } catch (error) {
      if (!(error instanceof Stopped)) steps.fail(state.urn, messageOf(error));
      return false;
    }
  });
}

/** Everything in the state. */
export function destroyAll(steps: Steps): Promise<boolean> {
  const states = steps.journal.resources();
  return deleteAll(steps, states, new Set(states.map(({ urn }) => urn)));
}
