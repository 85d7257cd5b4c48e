/** Field tables of resource kinds. Checks, diffs and recorded outputs are derived from them. */

import { type CheckFailure, type DiffKind, type DiffResult, type Properties, Unknown, type Value } from "../provider";
import { isEmpty, isInternalKey, isObject, same } from "../values";

/** One input property: valid values, the effect of a change, and the recorded form. */
export interface Field {
  /** An object has the members in `fields`, a map has any members with string values, and a set ignores order. */
  readonly type: "string" | "number" | "boolean" | "map" | "object" | "list" | "set";
  readonly required?: boolean;
  readonly default?: Value;
  /** A change is made in place; otherwise it replaces the resource. Top-level properties only. */
  readonly inPlace?: boolean | ((old: Value, now: Value) => boolean);
  /** A change replaces the resource, although the top-level property that contains this member is `inPlace`. */
  readonly replaces?: boolean;
  /** The server chooses a value if none is given. An input that the program no longer gives therefore stays unchanged. */
  readonly computed?: boolean;
  /** Refused; see {@link unsupported}. */
  readonly unsupported?: boolean;
  /** Pattern of valid strings, its description, and a description of invalid ones in place of values that may be secret. */
  readonly pattern?: readonly [pattern: Pick<RegExp, "test">, expected: string, found?: string];
  /** Minimum of a number; all numbers must be integers. */
  readonly min?: number;
  /** The elements of a list or set. @default objects with `fields`, else strings */
  readonly of?: Field;
  /** The members of an object, or of the objects in a list or set. */
  readonly fields?: Fields;
  /** For sets of objects: the field that identifies an element, e.g. `label`. */
  readonly key?: string;
  /** Whether two different values are equivalent. */
  readonly unchanged?: (old: Value, now: Value) => boolean;

  // The following properties are used only by docker/api.ts, to build Docker API requests and to record the answers.

  /** The recorded value if none was given. @default [] for lists of objects, else null */
  readonly absent?: Value;
  /** The recorded value after a read, if none was given. @default [] for lists, {} for maps, else as `absent` */
  readonly absentRead?: Value;
  /** Path in the output of `docker inspect`; "" if it has none, `*` stands for the capitalized field name. @default "*" */
  readonly api?: string;
  /** Conversion between the program's and the API's form, if they differ. */
  readonly form?: Form;
  /** The value to send to the API if none was given. */
  readonly sent?: Value;
  /** The recorded value is always the one that Docker reports. */
  readonly reported?: boolean;
  /** For limits, which can be changed while a container runs: the value for "no limit". */
  readonly limit?: Value;
}

export interface Form {
  to(value: never): unknown;
  /** Without it, the recorded value is the program's. */
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

/** An input of the official provider that this engine does not support; `absent` is the recorded value. */
export const unsupported = (absent: Value = null): Field => str({ unsupported: true, absent });
/** Several equal fields. */
export const each = (names: readonly string[], field: Field): Fields =>
  Object.fromEntries(names.map((name) => [name, field]));

/** The field of the elements of a list or set. */
export const elementOf = ({ fields, of }: Field): Field => of ?? (fields ? obj(fields) : str());

export const failure = (property: string, why: string): CheckFailure => ({ property, reason: `${property}: ${why}` });

/** Validates inputs and adds defaults; reports all failures at once. */
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
        fail(path + key, "not supported by the embedded engine; leave it out or use the Pulumi CLI");
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
    const { type, fields, pattern, min } = field;
    if (value instanceof Unknown) return value;
    const expected = type === "set" ? "list" : type === "object" ? "map" : type;
    const found = Array.isArray(value) ? "list" : isObject(value) ? "map" : typeof value;
    if (found !== expected) fail(path, `expected a ${expected}, found a ${found}`);
    else if (Array.isArray(value)) return value.map((one, at) => checkValue(elementOf(field), one, `${path}[${at}]`));
    else if (isObject(value)) return fields ? checkObject(fields, value, `${path}.`) : plain(value);
    else if (pattern && !pattern[0].test(String(value)))
      fail(path, `expected ${pattern[1]}, found ${pattern[2] ?? value}`);
    else if (typeof value === "number" && !(Number.isInteger(value) && value >= (min ?? value)))
      fail(path, `expected an integer${min === undefined ? "" : ` of at least ${min}`}, found ${value}`);
    return value;
  }

  return { inputs: checkObject(fields, news, ""), failures };
}

/** Compares recorded and wanted inputs. */
export function diff(fields: Fields, olds: Properties, news: Properties): Omit<DiffResult, "deleteBeforeReplace"> {
  const detailed: Record<string, DiffKind> = {};
  const replaces: string[] = [];
  for (const [key, field] of Object.entries(fields)) {
    const [old, now] = [plain(olds[key] ?? field.default ?? null), plain(news[key] ?? field.default ?? null)];
    const changes = changesOf(field, old, now, key);
    if (changes.length === 0) continue;
    const inPlace = typeof field.inPlace === "function" ? field.inPlace(old, now) : field.inPlace === true;
    for (const [path, kind, below] of changes) detailed[path] = inPlace && !below ? kind : `${kind}-replace`;
    if (!inPlace || changes.some(([, , below]) => below)) replaces.push(key);
  }
  return { changes: Object.keys(detailed).length > 0, replaces, detailed };
}

type Change = readonly [path: string, kind: "add" | "delete" | "update", replaces: boolean];

function changesOf(field: Field, old: Value | undefined, now: Value | undefined, path: string): Change[] {
  if (same(old, now) || (field.computed && isEmpty(now))) return [];
  if (isEmpty(old)) return [[path, "add", replacesWith(field, now)]];
  if (isEmpty(now)) return [[path, "delete", replacesWith(field, old)]];
  const all = (changes: readonly Change[], replaces: boolean) =>
    changes.map(([at, kind, below]): Change => [at, kind, below || replaces]);
  if (Array.isArray(old) && Array.isArray(now)) {
    const element = elementOf(field);
    const isSet = field.type === "set";
    const pairs = isSet ? pairSet(field, old, now) : pairList(old, now);
    return pairs.flatMap(([at, left, right]) => {
      // The official provider removes a changed element of a set and adds it again, with all its members.
      const again = isSet && (replacesWith(element, left) || replacesWith(element, right));
      return all(changesOf(element, left, right, `${path}[${at}]`), field.replaces === true || again);
    });
  }
  if (isObject(old) && isObject(now)) {
    const changes = Object.keys({ ...old, ...now }).flatMap((key) => {
      const inner = field.fields?.[key] ?? str();
      const below = /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
      return changesOf(inner, old[key] ?? inner.default, now[key] ?? inner.default, below);
    });
    return all(changes, field.replaces === true);
  }
  return field.unchanged?.(old as Value, now as Value) ? [] : [[path, "update", field.replaces === true]];
}

/** Whether adding or removing `value` replaces the resource, because a member of it does. */
function replacesWith(field: Field, value: Value | undefined): boolean {
  if (isEmpty(value)) return false;
  if (field.replaces) return true;
  if (Array.isArray(value)) return value.some((one) => replacesWith(elementOf(field), one));
  const { fields } = field;
  return (
    fields !== undefined &&
    isObject(value) &&
    Object.keys(value).some((key) => fields[key] !== undefined && replacesWith(fields[key], value[key]))
  );
}

/** Whether the values are equivalent: a set without order, defaults, and {@link Field.unchanged}. */
export const equivalent = (field: Field, old: Value | undefined, now: Value | undefined): boolean =>
  changesOf(field, old, now, "").length === 0;

type Pair = readonly [index: number, old: Value | undefined, now: Value | undefined];

function pairList(old: readonly Value[], now: readonly Value[]): Pair[] {
  return Array.from({ length: Math.max(old.length, now.length) }, (_, at) => [at, old[at], now[at]]);
}

/** Pairs the elements that differ: by key, else in order. */
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

/** Removes internal keys and nulls, which official state contains, so that only the program's own inputs are left. */
export function plain(value: Value): Value {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([key, one]) => !isInternalKey(key) && one !== null);
  return Object.fromEntries(kept.map(([key, one]) => [key, plain(one)]));
}
