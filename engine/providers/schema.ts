/** Tables of what a resource kind's inputs may be: checking, comparing and recording follow from them. */

import { type CheckFailure, type DiffKind, type DiffResult, type Properties, Unknown, type Value } from "../provider";
import { isEmpty, isInternalKey, isObject, same } from "../values";

/** What one input property may hold, what a change of it means, and what the state says of it. */
export interface Field {
  /** An object has the members in `fields`, a map any of text; in a set, order does not count. */
  readonly type: "string" | "number" | "boolean" | "map" | "object" | "list" | "set";
  readonly required?: boolean;
  readonly default?: Value;
  /** A change is made in place; else it replaces. Top-level properties only. */
  readonly inPlace?: boolean | ((old: Value, now: Value) => boolean);
  /** The engine's own choice when nothing is given: what the program no longer says stays as it is. */
  readonly computed?: boolean;
  /** Refused; see {@link unsupported}. */
  readonly unsupported?: boolean;
  /** What texts must be like: a pattern, what is expected, and what to say was found when that may be a secret. */
  readonly like?: readonly [pattern: Pick<RegExp, "test">, expected: string, found?: string];
  /** The smallest number allowed; numbers are whole ones. */
  readonly least?: number;
  /** Elements of a list or set. @default objects of `fields`, else strings */
  readonly of?: Field;
  /** Of an object, or of the elements of a list or set of objects. */
  readonly fields?: Fields;
  /** Sets of objects: the field by which a person knows an element, e.g. `label`. */
  readonly key?: string;
  /** Another sense of "unchanged" than equality. */
  readonly unchanged?: (old: Value, now: Value) => boolean;

  // From here on, what docker/api.ts needs to ask the Docker API and to record what it says; nobody else looks at it.

  /** In the state when nothing was given. @default [] for lists of objects, else null */
  readonly absent?: Value;
  /** The same after a read. @default [] for lists, {} for maps, else as `absent` */
  readonly absentRead?: Value;
  /** Where `docker inspect` has it; "" for nowhere, `*` for its name with a capital letter. @default "*" */
  readonly api?: string;
  /** How the API has it, where that is another way. */
  readonly form?: Form;
  /** What the API is asked for when nothing was given. */
  readonly sent?: Value;
  /** The state always has it as Docker says. */
  readonly told?: boolean;
  /** What stands for "no limit"; may change while a container runs. */
  readonly limit?: Value;
}

export interface Form {
  to(value: never): unknown;
  /** Without it, the state has it as the program said. */
  from?(found: never): Value;
}

export type Fields = Readonly<Record<string, Field>>;
type More = Omit<Field, "type">;

export const str = (more: More = {}): Field => ({ ...more, type: "string" });
export const num = (more: More = {}): Field => ({ ...more, type: "number" });
export const bool = (more: More = {}): Field => ({ ...more, type: "boolean" });
export const map = (more: More = {}): Field => ({ ...more, type: "map" });
export const obj = (fields: Fields, more: More = {}): Field => ({ ...more, type: "object", fields });
export const list = (more: More = {}): Field => ({ ...more, type: "list" });
export const set = (more: More = {}): Field => ({ ...more, type: "set" });

/** What the official provider has and this engine does not; `absent` is what the state says of it. */
export const unsupported = (absent: Value = null): Field => str({ unsupported: true, absent });
/** Several that are alike. */
export const each = (names: readonly string[], field: Field): Fields =>
  Object.fromEntries(names.map((name) => [name, field]));

/** What the elements of a list or set are. */
export const elementOf = ({ fields, of }: Field): Field => of ?? (fields ? obj(fields) : str());

export const failure = (property: string, why: string): CheckFailure => ({ property, reason: `${property}: ${why}` });

/** Validates against `fields` and fills in defaults; every failure is reported at once. */
export function check(fields: Fields, news: Properties, markDefaults: boolean) {
  const failures: CheckFailure[] = [];
  const fail = (property: string, why: string) => failures.push(failure(property, why));

  function checkObject(of: Fields, given: Properties, path: string): Properties {
    const inputs: Properties = {};
    for (const [key, value] of Object.entries(given)) {
      const field = of[key];
      if (isInternalKey(key) || value === null) continue;
      if (!field) fail(path + key, `no such property; expected one of ${Object.keys(of).join(", ")}`);
      else if (field.unsupported)
        fail(path + key, "not served by the local engine; leave it out or use the Pulumi CLI");
      else inputs[key] = checkValue(field, value, path + key);
    }
    const left = Object.entries(of).filter(([key]) => inputs[key] === undefined);
    const defaulted = left.filter(([, field]) => field.default !== undefined);
    for (const [key, field] of defaulted) inputs[key] = field.default ?? null;
    for (const [key, field] of left) if (field.required) fail(path + key, "missing; it is required");
    if (markDefaults) inputs.__defaults = defaulted.map(([key]) => key).sort();
    return inputs;
  }

  function checkValue(field: Field, value: Value, path: string): Value {
    const { type, fields, like, least } = field;
    if (value instanceof Unknown) return value;
    const expected = type === "set" ? "list" : type === "object" ? "map" : type;
    const found = Array.isArray(value) ? "list" : isObject(value) ? "map" : typeof value;
    if (found !== expected) fail(path, `expected a ${expected}, found a ${found}`);
    else if (Array.isArray(value)) return value.map((one, at) => checkValue(elementOf(field), one, `${path}[${at}]`));
    else if (isObject(value)) return fields ? checkObject(fields, value, `${path}.`) : plain(value);
    else if (like && !like[0].test(String(value))) fail(path, `expected ${like[1]}, found ${like[2] ?? value}`);
    else if (typeof value === "number" && !(Number.isInteger(value) && value >= (least ?? value)))
      fail(path, `expected a whole number${least === undefined ? "" : ` from ${least}`}, found ${value}`);
    return value;
  }

  return { inputs: checkObject(fields, news, ""), failures };
}

/** Compares recorded with wanted inputs. */
export function diff(fields: Fields, olds: Properties, news: Properties): Omit<DiffResult, "deleteBeforeReplace"> {
  const detailed: Record<string, DiffKind> = {};
  const replaces: string[] = [];
  for (const [key, field] of Object.entries(fields)) {
    const [old, now] = [plain(olds[key] ?? field.default ?? null), plain(news[key] ?? field.default ?? null)];
    const changes = changesOf(field, old, now, key);
    if (changes.length === 0) continue;
    const inPlace = typeof field.inPlace === "function" ? field.inPlace(old, now) : field.inPlace === true;
    for (const [path, kind] of changes) detailed[path] = inPlace ? kind : `${kind}-replace`;
    if (!inPlace) replaces.push(key);
  }
  return { changes: Object.keys(detailed).length > 0, replaces, detailed };
}

type Change = readonly [path: string, kind: "add" | "delete" | "update"];

function changesOf(field: Field, old: Value | undefined, now: Value | undefined, path: string): Change[] {
  if (same(old, now) || (field.computed && isEmpty(now))) return [];
  if (isEmpty(old)) return [[path, "add"]];
  if (isEmpty(now)) return [[path, "delete"]];
  if (Array.isArray(old) && Array.isArray(now)) {
    const pairs = field.type === "set" ? pairSet(field, old, now) : pairList(old, now);
    return pairs.flatMap(([at, left, right]) => changesOf(elementOf(field), left, right, `${path}[${at}]`));
  }
  if (isObject(old) && isObject(now))
    return Object.keys({ ...old, ...now }).flatMap((key) => {
      const inner = field.fields?.[key] ?? str();
      const below = /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
      return changesOf(inner, old[key] ?? inner.default, now[key] ?? inner.default, below);
    });
  return field.unchanged?.(old as Value, now as Value) ? [] : [[path, "update"]];
}

type Pair = readonly [index: number, old: Value | undefined, now: Value | undefined];

function pairList(old: readonly Value[], now: readonly Value[]): Pair[] {
  return Array.from({ length: Math.max(old.length, now.length) }, (_, at) => [at, old[at], now[at]]);
}

/** What both have is equal whatever its place; the rest is paired by key, else in order. */
function pairSet(field: Field, old: readonly Value[], now: readonly Value[]): Pair[] {
  const left = [...old.entries()];
  const take = (matches: (value: Value) => boolean) => {
    const at = left.findIndex(([, value]) => matches(value));
    return at < 0 ? undefined : left.splice(at, 1)[0];
  };
  const keyOf = (value: Value) => (field.key !== undefined && isObject(value) ? value[field.key] : undefined);
  const equal = (one: Value) => (other: Value) => changesOf(elementOf(field), other, one, "").length === 0;
  const changed = [...now.entries()].filter(([, value]) => !take(equal(value)));
  const partners = changed.map(([, value]) => {
    const key = keyOf(value);
    return isEmpty(key) ? undefined : take((other) => same(keyOf(other), key));
  });
  const pairs = changed.map(([index, value], at): Pair => [index, (partners[at] ?? left.shift())?.[1], value]);
  return [...pairs, ...left.map(([index, value]): Pair => [index, value, undefined])];
}

/** Without the marks and empty entries that official state carries: what the program itself would have said. */
export function plain(value: Value): Value {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([key, one]) => !isInternalKey(key) && one !== null);
  return Object.fromEntries(kept.map(([key, one]) => [key, plain(one)]));
}
