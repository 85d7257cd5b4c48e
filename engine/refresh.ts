/** Compares the state with what is really there, and records that. */

import { isProviderType, type ResourceState, requirements } from "./model";
import { existing, messageOf, type Steps } from "./steps";

/** @returns whether every resource could be read */
export async function refreshAll(steps: Steps, stopping: () => boolean): Promise<boolean> {
  const { journal } = steps;
  const gone = new Set<string>();
  let complete = true;
  const readings = journal.resources().map(async (state) => {
    const unread = !state.custom || isProviderType(state.type) || state.delete || state.pendingReplacement;
    if (unread || stopping()) {
      if (!unread) complete = false;
      steps.emit({ kind: "done", step: { op: "same", urn: state.urn, old: state, new: state }, ms: 0 });
      return;
    }
    try {
      const started = Date.now();
      const found = await steps.limited(() =>
        steps.registry.get(state.provider).read(existing(state), steps.context(state)),
      );
      const ms = Date.now() - started;
      if (found === undefined) {
        gone.add(state.urn);
        await journal.settle(undefined, state);
        steps.emit({ kind: "done", step: { op: "delete", urn: state.urn, old: state }, ms });
        return;
      }
      const now = steps.refreshed(state, found);
      const diffs = steps.changedOutputs(state, now);
      await journal.replace(undefined, state, now);
      const step = { op: diffs.length > 0 ? "refresh" : "same", urn: state.urn, old: state, new: now, diffs } as const;
      steps.emit({ kind: "done", step, ms });
    } catch (error) {
      complete = false;
      steps.emit({ kind: "log", severity: "error", message: messageOf(error), urn: state.urn });
    }
  });
  await Promise.all(readings);
  for (const state of journal.resources())
    if (requirements(state).some((urn) => gone.has(urn))) await journal.replace(undefined, state, without(state, gone));
  const root = journal.resources().find((state) => state.parent === undefined && !state.custom);
  if (root) steps.emit({ kind: "outputs", olds: root.outputs ?? {}, news: root.outputs ?? {} });
  return complete;
}

/** The state must not refer to what is not in it. */
function without(state: ResourceState, gone: ReadonlySet<string>): ResourceState {
  const present = (urns: readonly string[] | undefined) => urns?.filter((urn) => !gone.has(urn));
  return {
    ...state,
    dependencies: present(state.dependencies),
    propertyDependencies:
      state.propertyDependencies &&
      Object.fromEntries(Object.entries(state.propertyDependencies).map(([key, urns]) => [key, present(urns) ?? []])),
    ...(state.deletedWith && gone.has(state.deletedWith) && { deletedWith: undefined }),
  };
}
