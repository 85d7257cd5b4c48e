/** Compares the state with what is really there, and records that. */

import { type ResourceState, requirements, STACK_TYPE } from "../model";
import { changedOutputs, existing, messageOf, type Steps } from "./steps";

/**
 * What can't be looked at because something that it needs is gone or was changed (a stopped server) stays as recorded;
 * what is `deletedWith` something that is gone is gone too, and waits to be made again.
 *
 * @returns whether every other resource could be read
 */
export async function refreshAll(steps: Steps): Promise<boolean> {
  const { journal } = steps;
  const [gone, lost, unsound] = [new Set<string>(), new Set<string>(), new Set<string>()];
  /** Why, for each that stays as recorded. */
  const unseen: string[] = [];
  let complete = true;
  const readings = new Map<string, Promise<void>>();

  const read = async (state: ResourceState): Promise<void> => {
    const { urn, deletedWith = "" } = state;
    const same = () => steps.done({ op: "same", urn, old: state, new: state });
    const needed = requirements(state);
    await Promise.all(needed.map((other) => readings.get(other)));
    if (needed.some((other) => unsound.has(other))) unsound.add(urn);
    if (state.delete || state.pendingReplacement || !state.custom) return same();
    if (gone.has(deletedWith) || lost.has(deletedWith)) {
      lost.add(urn);
      await journal.replace(undefined, state, { ...state, pendingReplacement: true });
      return steps.done({ op: "delete", urn, old: state, retain: true });
    }
    if (steps.stopping) {
      complete = false;
      return same();
    }
    const started = Date.now();
    const found = await steps.limited(() => steps.registry.of(state).read(existing(state), steps.context(state)));
    const ms = Date.now() - started;
    if (found === undefined) {
      gone.add(urn);
      unsound.add(urn);
      await journal.settle(undefined, state);
      return steps.emit({ kind: "done", step: { op: "delete", urn, old: state }, ms });
    }
    const now = steps.refreshed(state, found);
    const diffs = changedOutputs(state, now);
    if (diffs.length > 0) unsound.add(urn);
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
        if (requirements(state).some((other) => unsound.has(other))) {
          unseen.push(messageOf(error));
          return steps.done({ op: "same", urn: state.urn, old: state, new: state });
        }
        complete = false;
        steps.fail(state.urn, messageOf(error));
      }),
    );
  await Promise.all(readings.values());
  if (unseen.length > 0) {
    const message = `${unseen.length} resources of what was stopped or changed stay as recorded: ${unseen[0]}`;
    steps.emit({ kind: "log", severity: "warning", message });
  }
  const root = journal.resources().find(({ type }) => type === STACK_TYPE);
  if (root) steps.emit({ kind: "outputs", olds: root.outputs ?? {}, news: root.outputs ?? {} });
  return complete;
}
