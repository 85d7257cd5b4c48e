/** Decides what happens to a resource: plain data in, plain data out, no provider is called here. */

import { type Goal, providerUrn, type ResourceState, requirements } from "../model";
import { type DiffKind, type DiffResult, Unknown } from "../provider";
import { coversPath, type Props, parsePath, resetPath, Secret } from "../values";

export interface Plan {
  /** `recreate`: the old one is deleted already. */
  readonly kind: "create" | "same" | "update" | "replace" | "recreate";
  readonly deleteBeforeReplace: boolean;
  readonly diffs: readonly string[];
  readonly replaces: readonly string[];
  readonly detailed: Readonly<Record<string, DiffKind>>;
}

/** Stands for a failed create where properties are named, as with the official engine. */
const BROKEN = "#initerror";
const NOTHING = { deleteBeforeReplace: false, diffs: [], replaces: [], detailed: {} } as const;

/**
 * The first rule that fits decides.
 *
 * @param diff the provider's; none when there is nothing of the same kind to compare with
 * @param replacesBroken what the provider says of a resource that is not as wanted
 */
export function planRegistration(
  old: ResourceState | undefined,
  goal: Goal,
  diff: DiffResult | undefined,
  replacesBroken: boolean,
): Plan {
  // What was only read is forgotten.
  if (old === undefined || old.external === true) return { ...NOTHING, kind: "create" };
  if (old.custom !== goal.custom || diff === undefined) return replaceFor(goal, ["type"]);
  if (old.pendingReplacement === true) return { ...detail(old, goal, diff), kind: "recreate" };
  if (isImport(old, goal)) return replaceFor(goal, ["id"]);
  const broken = (old.initErrors?.length ?? 0) > 0;
  // What is left of the failed create holds the name; it has to go first.
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

/** The provider's diff with secret properties told as a whole, replaceOnChanges and the deleteBeforeReplace option worked in. */
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

/** `news` with what `ignoreChanges` names as it was. */
export const ignoring = (news: Props, olds: Props, ignoreChanges: readonly string[] = []): Props =>
  ignoreChanges.reduce((inputs, path) => resetPath(inputs, olds, parsePath(path)) as Props, news);

/** Whether it takes over what exists: not again what an earlier run took over. */
export function isImport(old: ResourceState | undefined, { importId }: Goal): boolean {
  return (
    importId !== undefined && (old === undefined || old.external === true || ![old.id, old.importID].includes(importId))
  );
}

/**
 * Which dependents of `root` must be deleted before it, because they would be replaced when it is: those that are
 * `deletedWith` a replaced resource or have it for their provider, and those with an input that comes from one and, were
 * it unknown, would replace them, with the options that they are recorded with.
 *
 * @param olds recorded resources, each after what it requires
 * @param diffOf how `news` differ from the resource, as its provider says
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
    const goesAlong = each.deletedWith !== undefined && replaced.has(each.deletedWith);
    if (goesAlong || (each.provider !== undefined && replaced.has(providerUrn(each.provider)))) {
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
    const diff = await diffOf(each, ignoring(news, each.inputs ?? {}, each.ignoreChanges));
    const forced = diff.changes && Object.keys(diff.detailed).some((path) => isForced(each, path));
    if (diff.replaces.length === 0 && !forced) continue;
    replaced.add(each.urn);
    result.push(each);
  }
  return result;
}

/** Why what is protected may not go. */
export const refusal = (verb: "deleted" | "replaced"): string =>
  `can't be ${verb}: it is protected; set protect to false in the program and run up first`;

/** Whether deleting another of `condemned` takes `state` along, so that its provider need not be asked. */
export function goesWithAnother(state: ResourceState, condemned: ReadonlySet<string>): boolean {
  return state.deletedWith !== undefined && condemned.has(state.deletedWith);
}

/**
 * Runs `work` on each, those that require another one of the list before that one; what is independent runs at the
 * same time. What is required by a failed one is left alone.
 *
 * @param work resolves to whether it went well
 */
export async function inReverse(states: readonly ResourceState[], work: (state: ResourceState) => Promise<boolean>) {
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
