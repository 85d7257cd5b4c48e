/** Deletes everything in the state, dependents first, what is independent at the same time. */

import { goesWithAnother, inReverse, refusal } from "./plan";
import { messageOf, type Steps } from "./steps";

/** @returns whether all is gone */
export async function destroyAll(steps: Steps, stopping: () => boolean): Promise<boolean> {
  const states = steps.journal.resources();
  const fail = (urn: string, message: string) => steps.emit({ kind: "log", severity: "error", message, urn });
  const refused = states.filter((state) => refusal(state, "deleted") !== undefined);
  for (const state of refused) fail(state.urn, refusal(state, "deleted") ?? "");
  if (refused.length > 0) return false;
  const condemned = new Set(states.map((state) => state.urn));
  return inReverse(states, async (state) => {
    if (stopping()) return false;
    const retain = state.retainOnDelete === true || goesWithAnother(state, condemned);
    try {
      await steps.remove({ op: "delete", urn: state.urn, old: state, retain }, state, retain);
      return true;
    } catch (error) {
      fail(state.urn, messageOf(error));
      return false;
    }
  });
}
