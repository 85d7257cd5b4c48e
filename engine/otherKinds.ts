/** Registrations that need no plan of steps: components, providers, and what is read or imported. */

import { randomUUID } from "node:crypto";
import type { Step } from "./events";
import type { Goal, ResourceState } from "./model";
import { planRegistration } from "./plan";
import type { Provider } from "./provider";
import { existing, type Steps } from "./steps";
import { containsUnknown, equal, type Props, UNKNOWN_ID, unwrapProps } from "./values";

/** Components have no provider: only what they were given is compared. */
export async function registerComponent(
  steps: Steps,
  state: ResourceState,
  old: ResourceState | undefined,
  goal: Goal,
): Promise<ResourceState> {
  const result = { ...state, outputs: old?.outputs };
  const plan = planRegistration(old, goal, { inputsEqual: equal(old?.inputs ?? {}, state.inputs ?? {}) });
  if (plan.kind === "replace" && old) await steps.journal.replace(undefined, old, { ...old, delete: true });
  await steps.journal.settle(undefined, plan.kind === "replace" ? undefined : old, result);
  const op = plan.kind === "same" || plan.kind === "update" ? plan.kind : "create";
  steps.emit({ kind: "done", step: { op, urn: state.urn, old, new: result }, ms: 0 });
  return result;
}

/** Providers are the engine's own: registering one makes it ready to use. */
export async function registerProvider(
  steps: Steps,
  state: ResourceState,
  old: ResourceState | undefined,
  goal: Goal,
): Promise<ResourceState> {
  const inputs: Props = { ...state.inputs, ...(goal.version && { __internal: {}, version: goal.version }) };
  const { __internal: _internal, ...outputs } = inputs;
  const now = new Date().toISOString();
  const id = old?.id ?? (steps.preview ? UNKNOWN_ID : randomUUID());
  const result: ResourceState = { created: now, modified: now, ...state, inputs, outputs, id };
  const plan = planRegistration(old, goal, { inputsEqual: equal(old?.inputs, inputs) });
  const op = plan.kind === "same" || plan.kind === "update" ? plan.kind : "create";
  await steps.journal.settle(undefined, old, result);
  steps.registry.configure(result);
  const diffs = old && Object.keys(inputs).filter((key) => !equal(old.inputs?.[key], inputs[key]));
  steps.emit({ kind: "done", step: { op, urn: state.urn, old, new: result, diffs }, ms: 0 });
  return result;
}

/** What is only read is recorded as none of ours. */
export async function registerRead(
  steps: Steps,
  state: ResourceState,
  old: ResourceState | undefined,
  id: string,
): Promise<ResourceState> {
  const step: Step = { op: "read", urn: state.urn, old, new: { ...state, id, external: true } };
  const provider = steps.registry.get(state.provider);
  const query = { ...existing(state), id, outputs: {} };
  if (containsUnknown(id) || id === UNKNOWN_ID) return { ...state, id: "" };
  // Reading changes nothing, so a preview does it too.
  const found = await provider.read(query, steps.context(state));
  if (found === undefined) throw new Error(`can't be read: there is no ${state.type} with id "${id}"`);
  const result = { ...state, id, external: true, outputs: steps.marked(state, found.outputs) };
  if (old && !old.external) await steps.journal.replace(undefined, old, { ...old, delete: true });
  await steps.journal.settle(undefined, old?.external ? old : undefined, result);
  steps.emit({ kind: "done", step: { ...step, new: result }, ms: 0 });
  return result;
}

/** @throws when what is there is not what the program says */
export async function registerImport(
  steps: Steps,
  state: ResourceState,
  old: ResourceState | undefined,
  id: string,
  provider: Provider,
): Promise<ResourceState> {
  const found = await provider.read({ ...existing(state), id, inputs: {}, outputs: {} }, steps.context(state));
  if (found === undefined) throw new Error(`can't be imported: there is no ${state.type} with id "${id}"`);
  const diff = await provider.diff({ ...existing(state), id, ...found }, unwrapProps(state.inputs));
  if (diff.changes)
    throw new Error(
      `can't be imported: ${Object.keys(diff.detailed).concat(diff.replaces).join(", ")} of "${id}" differ from the program; make the program say what is there`,
    );
  const now = new Date().toISOString();
  const outputs = steps.marked(state, found.outputs);
  const result = { ...state, id, importID: id, outputs, created: now, modified: now };
  await steps.journal.settle(undefined, old, result);
  steps.emit({ kind: "done", step: { op: "import", urn: state.urn, new: result }, ms: 0 });
  return result;
}
