/** Resolves aliases: the other URNs under which a resource may be recorded. */

import type { StackName } from "../backend/checkpoint";
import { type Alias, type Goal, makeUrn, nameOf } from "../model";

/**
 * The URNs that the goal's aliases resolve to, including those that follow from an alias of its parent.
 *
 * @param aliased URN -> the URN under which the resource is recorded
 */
export function recordedUrns(stack: StackName, goal: Goal, aliased: ReadonlyMap<string, string>): string[] {
  const result = new Set<string>();
  for (const alias of [{}, ...(goal.aliases ?? [])] as Alias[]) {
    if (typeof alias === "string") {
      result.add(alias);
      continue;
    }
    const where = { stack: alias.stack ?? stack.stack, project: alias.project ?? stack.project };
    const type = alias.type ?? goal.type;
    const parent = alias.noParent ? undefined : (alias.parent ?? goal.parent);
    const name = alias.name ?? goal.name;
    result.add(makeUrn(where, type, name, parent));
    const recordedParent = parent === undefined ? undefined : aliased.get(parent);
    if (parent === undefined || recordedParent === undefined) continue;
    result.add(makeUrn(where, type, name, recordedParent));
    // Child names usually start with the parent's name.
    const prefix = nameOf(parent);
    if (name.startsWith(prefix))
      result.add(makeUrn(where, type, nameOf(recordedParent) + name.slice(prefix.length), recordedParent));
  }
  return [...result];
}
