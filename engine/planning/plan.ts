/** Decides what happens to a resource, from plain data to plain data; calls no provider. */

import { type Goal, providerUrn, type ResourceState, requirements } from "../model";
import { type DiffKind, type DiffResult, Unknown } from "../provider";
import { coversPath, type Props, parsePath, resetPath, Secret } from "../values";

export interface Plan {
  /** `recreate`: a replacement whose old resource was already deleted. */
  readonly kind: "create" | "same" | "update" | "replace" | "recreate";
  readonly deleteBeforeReplace: boolean;
  readonly diffs: readonly string[];
  readonly replaces: readonly string[];
  readonly detailed: Readonly<Record<string, DiffKind>>;
}

/** The official engine's name for a failed create in lists of properties. */
const BROKEN = "#initerror";
const NOTHING = { deleteBeforeReplace: false, diffs: [], replaces: [], detailed: {} } as const;

/**
 * Plans one registration; the first rule that matches decides.
 *
 * @param diff the provider's diff; undefined if there is no recorded resource of the same kind
 * @param replacesBroken whether the provider replaces partly created resources
 */
export function planRegistration(
  old: ResourceState | undefined,
  goal: Goal,
  diff: DiffResult | undefined,
  replacesBroken: boolean,
): Plan {
  // A resource that was only read is not deleted.
  if (old === undefined || old.external === true) return { ...NOTHING, kind: "create" };
  if (old.custom !== goal.custom || diff === undefined) return replaceFor(goal, ["type"]);
  if (old.pendingReplacement === true) return { ...detail(old, goal, diff), kind: "recreate" };
  if (isImport(old, goal)) return replaceFor(goal, ["id"]);
  const broken = (old.initErrors?.length ?? 0) > 0;
  // The partly created object still uses the name, so it must be deleted first.
  if (broken && replacesBroken) return { ...replaceFor(goal, [BROKEN]), deleteBeforeReplace: true };
  if (!broken && !diff.changes) return { ...NOTHING, kind: "same" };
  const changes = detail(old, goal, diff);
  const replaces = broken && isForced(goal, BROKEN) ? [...changes.replaces, BROKEN] : changes.replaces;
  return { ...changes, replaces, kind: replaces.length > 0 ? "replace" : "update" };
}

function replaceFor(goal: Goal, reasons: string[]): Plan {
  const deleteBeforeReplace = goal.deleteBeforeReplace ?? false;
  return { kind: "replace", deleteBeforeReplace, diffs: reasons, replaces: reasons, detailed: {} };
}

/** The provider's diff with the options replaceOnChanges and deleteBeforeReplace applied; hides paths within secrets. */
function detail(old: ResourceState, goal: Goal, diff: DiffResult): Omit<Plan, "kind"> {
  const forced = (path: string) => isForced(goal, path);
  const secret = (key: string) => [old.inputs?.[key], goal.inputs[key]].some((value) => value instanceof Secret);
  const replaces = new Set(diff.replaces);
  const diffs = new Set<string>(diff.replaces);
  const detailed: Record<string, DiffKind> = {};
  for (const [path, kind] of Object.entries(diff.detailed)) {
    const key = String(parsePath(path)[0] ?? path);
    diffs.add(key);
    if (forced(path)) replaces.add(key);
    const shown = secret(key) ? key : path;
    const change: DiffKind = secret(key) ? (kind.endsWith("-replace") ? "update-replace" : "update") : kind;
    detailed[shown] = forced(path) && !change.endsWith("-replace") ? (`${change}-replace` as DiffKind) : change;
  }
  return {
    deleteBeforeReplace: goal.deleteBeforeReplace ?? diff.deleteBeforeReplace,
    diffs: [...diffs],
    replaces: [...replaces],
    detailed,
  };
}

const isForced = ({ replaceOnChanges = [] }: Pick<Goal, "replaceOnChanges">, path: string): boolean =>
  replaceOnChanges.some((pattern) => coversPath(pattern, path));

/** `news` with the properties in `ignoreChanges` reset to their values in `olds`. */
export const applyIgnoreChanges = (news: Props, olds: Props, ignoreChanges: readonly string[] = []): Props =>
  ignoreChanges.reduce((inputs, path) => resetPath(inputs, olds, parsePath(path)) as Props, news);

/** Whether the goal imports an object; false if an earlier run has already imported it. */
export function isImport(old: ResourceState | undefined, { importId }: Goal): boolean {
  return (
    importId !== undefined && (old === undefined || old.external === true || ![old.id, old.importID].includes(importId))
  );
}

/**
 * The dependents of `root` that must be deleted before it because replacing it replaces them too. These are the resources
 * that are `deletedWith` a replaced resource, that have it as their provider, or that would be replaced if an input that
 * comes from it became unknown. Recorded options such as ignoreChanges count.
 *
 * @param olds recorded resources, each after its requirements
 * @param diffOf the provider's diff between a dependent and `news`
 */
export async function planDependents(
  root: ResourceState,
  olds: readonly ResourceState[],
  diffOf: (dependent: ResourceState, news: Props) => Promise<DiffResult>,
): Promise<ResourceState[]> {
  const replaced = new Set([root.urn]);
  const result: ResourceState[] = [];
  for (const each of olds) {
    if (each === root || !each.custom || each.external || each.delete || each.pendingReplacement) continue;
    const usesReplacedProvider = each.provider !== undefined && replaced.has(providerUrn(each.provider));
    if (isDeletedWithAnother(each, replaced) || usesReplacedProvider) {
      replaced.add(each.urn);
      result.push(each);
      continue;
    }
    const news: Props = { ...each.inputs };
    const touched = Object.entries(each.propertyDependencies ?? {}).filter(
      ([key, urns]) => key in news && urns.some((urn) => replaced.has(urn)),
    );
    if (touched.length === 0) continue;
    for (const [key] of touched) news[key] = Unknown.instance;
    const diff = await diffOf(each, applyIgnoreChanges(news, each.inputs ?? {}, each.ignoreChanges));
    const forced = diff.changes && Object.keys(diff.detailed).some((path) => isForced(each, path));
    if (diff.replaces.length === 0 && !forced) continue;
    replaced.add(each.urn);
    result.push(each);
  }
  return result;
}

/** The error message for a protected resource. */
export const protectionError = (verb: "deleted" | "replaced"): string =>
  `can't be ${verb}: it is protected; set protect to false in the program and run up first`;

/** Whether deleting one of the resources `deleted` also deletes `state`, without a provider call. */
export function isDeletedWithAnother(state: ResourceState, deleted: ReadonlySet<string>): boolean {
  return state.deletedWith !== undefined && deleted.has(state.deletedWith);
}

/**
 * Runs `work` on each resource after its dependents in the list; independent resources run concurrently. A resource with
 * a failed dependent is skipped.
 *
 * @param work resolves to whether it succeeded
 */
export async function runDependentsFirst(
  states: readonly ResourceState[],
  work: (state: ResourceState) => Promise<boolean>,
) {
  const byUrn = new Map<string, ResourceState[]>();
  for (const state of states) byUrn.set(state.urn, [...(byUrn.get(state.urn) ?? []), state]);
  const dependents = new Map<ResourceState, ResourceState[]>(states.map((state) => [state, []]));
  for (const state of states)
    for (const urn of requirements(state))
      for (const required of byUrn.get(urn) ?? []) dependents.get(required)?.push(state);
  const running = new Map<ResourceState, Promise<boolean>>();
  const start = (state: ResourceState): Promise<boolean> => {
    const known = running.get(state);
    if (known !== undefined) return known;
    const promise = Promise.all((dependents.get(state) ?? []).map(start)).then((gone) =>
      gone.every(Boolean) ? work(state) : false,
    );
    running.set(state, promise);
    return promise;
  };
  return (await Promise.all([...states].reverse().map(start))).every(Boolean);
}
