/** From what the program wants to what is recorded. */

import type { Goal, ResourceState } from "./model";
import { equal, type Props } from "./values";

/** What would be recorded of `goal`; values that did not change stay the same objects. */
export function stateFor(
  urn: string,
  goal: Goal,
  aliases: readonly string[],
  old: ResourceState | undefined,
  inputs: Props,
): ResourceState {
  const now = new Date().toISOString();
  const present = (list: readonly string[]) => (list.length > 0 ? list : undefined);
  return {
    urn,
    custom: goal.custom,
    type: goal.type,
    inputs: old?.inputs && equal(old.inputs, inputs) ? old.inputs : inputs,
    ...(goal.parent && { parent: goal.parent }),
    ...(goal.protect && { protect: true }),
    dependencies: present(goal.dependencies),
    ...(goal.provider && goal.custom && { provider: goal.provider }),
    ...(goal.custom && Object.keys(goal.propertyDependencies).length > 0
      ? { propertyDependencies: goal.propertyDependencies }
      : {}),
    additionalSecretOutputs: present(goal.additionalSecretOutputs),
    aliases: present(aliases),
    customTimeouts: goal.customTimeouts,
    importID: old?.importID,
    ...(goal.retainOnDelete && { retainOnDelete: true }),
    deletedWith: goal.deletedWith,
    created: old?.created ?? now,
    modified: old?.modified ?? now,
    sourcePosition: goal.sourcePosition,
  };
}

/** A goal with no option set. */
export const NO_OPTIONS = {
  protect: false,
  dependencies: [],
  propertyDependencies: {},
  ignoreChanges: [],
  replaceOnChanges: [],
  additionalSecretOutputs: [],
  aliases: [],
  retainOnDelete: false,
} as const;
