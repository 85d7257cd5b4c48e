/** Deletes resources, dependents first and independent ones concurrently. */

import { errorMessage } from "../backend/errors";
import type { ResourceState } from "../model";
import { isDeletedWithAnother, protectionError, runDependentsFirst } from "./plan";
import { type Steps, Stopped } from "./steps";

/**
 * Deletes all of `states`, or nothing if one of them is protected.
 *
 * @param deleted URNs of deleted or replaced resources: a resource that is `deletedWith` one of them needs no provider call
 * @returns whether all were deleted
 */
export async function deleteAll(
  steps: Steps,
  states: readonly ResourceState[],
  deleted: ReadonlySet<string>,
): Promise<boolean> {
  const refused = states.filter((state) => !state.delete && state.protect);
  for (const { urn } of refused) steps.fail(urn, protectionError("deleted"));
  if (refused.length > 0) return false;
  return runDependentsFirst(states, async (state) => {
    if (steps.stopping) return false;
    const retain = state.retainOnDelete === true || state.external === true || isDeletedWithAnother(state, deleted);
    const op = state.delete ? "delete-replaced" : "delete";
    try {
      await steps.remove({ op, urn: state.urn, old: state, retain }, state, retain);
      return true;
    } catch (error) {
      if (!(error instanceof Stopped)) steps.fail(state.urn, errorMessage(error));
      return false;
    }
  });
}

/** Deletes all resources in the state. */
export function destroyAll(steps: Steps): Promise<boolean> {
  const states = steps.journal.resources();
  return deleteAll(steps, states, new Set(states.map(({ urn }) => urn)));
}
