/** Compares the state with the actual resources, and records the differences. */

import { errorMessage } from "../backend/errors";
import { type ResourceState, requirements, STACK_TYPE } from "../model";
import { changedOutputs, toExisting } from "./stateProps";
import type { Steps } from "./steps";

/**
 * Reads every resource. If one can't be read and a resource that it requires is gone or was changed (e.g. a stopped
 * server), its recorded state stays. A resource that is `deletedWith` one that is gone counts as gone too, and the next up
 * creates it again.
 *
 * @returns whether all other resources could be read
 */
export async function refreshAll(steps: Steps): Promise<boolean> {
  const { journal } = steps;
  const gone = new Set<string>();
  /** Gone because they are `deletedWith` a resource that is gone. */
  const goneWithAnother = new Set<string>();
  /** Gone or changed, or requiring such a resource. */
  const affected = new Set<string>();
  /** The errors of resources whose recorded state stays. */
  const unreadable: string[] = [];
  let complete = true;
  const readings = new Map<string, Promise<void>>();

  const read = async (state: ResourceState): Promise<void> => {
    const { urn, deletedWith = "" } = state;
    const same = () => steps.done({ op: "same", urn, old: state, new: state });
    const needed = requirements(state);
    await Promise.all(needed.map((other) => readings.get(other)));
    if (needed.some((other) => affected.has(other))) affected.add(urn);
    if (state.delete || state.pendingReplacement || !state.custom) return same();
    if (gone.has(deletedWith) || goneWithAnother.has(deletedWith)) {
      goneWithAnother.add(urn);
      await journal.replace(undefined, state, { ...state, pendingReplacement: true });
      return steps.done({ op: "delete", urn, old: state, retain: true });
    }
    if (steps.stopping) {
      complete = false;
      return same();
    }
    const started = Date.now();
    const found = await steps.withLimit(() =>
      steps.registry.providerFor(state).read(toExisting(state), steps.context(state)),
    );
    const ms = Date.now() - started;
    if (found === undefined) {
      gone.add(urn);
      affected.add(urn);
      await journal.settle(undefined, state);
      return steps.emit({ kind: "done", step: { op: "delete", urn, old: state }, ms });
    }
    const now = steps.refreshed(state, found);
    const diffs = changedOutputs(state, now);
    if (diffs.length > 0) affected.add(urn);
    await journal.replace(undefined, state, now);
    steps.emit({
      kind: "done",
      step: { op: diffs.length > 0 ? "refresh" : "same", urn, old: state, new: now, diffs },
      ms,
    });
  };

  for (const state of journal.resources())
    readings.set(
      state.urn,
      read(state).catch((error) => {
        if (requirements(state).some((other) => affected.has(other))) {
          unreadable.push(errorMessage(error));
          return steps.done({ op: "same", urn: state.urn, old: state, new: state });
        }
        complete = false;
        steps.fail(state.urn, errorMessage(error));
      }),
    );
  await Promise.all(readings.values());
  if (unreadable.length > 0) {
    const message = `${unreadable.length} resources could not be read because a resource that they require is gone or was changed; their recorded state stays: ${unreadable[0]}`;
    steps.emit({ kind: "log", severity: "warning", message });
  }
  const root = journal.resources().find(({ type }) => type === STACK_TYPE);
  if (root) steps.emit({ kind: "outputs", olds: root.outputs ?? {}, news: root.outputs ?? {} });
  return complete;
}
