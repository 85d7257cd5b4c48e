import { type CheckFailure, type DiffKind, type DiffResult, type Properties, Unknown, type Value } from "../provider";
import { isEmpty, isObject, plain, same } from "./values";

/** What one input property may hold, and what a change of it means. */
export interface Field {
  readonly type: "string" | "number" | "boolean" | "map" | "object" | "list" | "set";
  readonly required?: boolean;
  readonly default?: Value;
  /** A change is made in place; else it replaces. Top-level properties only. */
  readonly inPlace?: boolean | ((old: Value | undefined, now: Value | undefined) => boolean);
  /** The official provider has it, this engine does not. */
  readonly unsupported?: boolean;
  /** Of an object, or of the elements of a list or set of objects. */
  readonly fields?: Fields;
  /** Sets of objects: the field by which a person knows an element, e.g. `label`. */
  readonly key?: string;
  /** Elements of a list or set; strings unless `fields` is given. */
  readonly of?: "string" | "number";
  /** Another sense of "unchanged" than equality. */
  readonly unchanged?: (old: Value, now: Value) => boolean;
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

/** User-defined metadata as every Docker object takes it. */
export const labels = (): Field =>
  set({ fields: { label: str({ required: true }), value: str({ required: true }) }, key: "label" });

/** Validates against `fields` and fills in defaults; every failure is reported at once. */
export function check(
  fields: Fields,
  news: Properties,
  markDefaults: boolean,
): { inputs: Properties; failures: CheckFailure[] } {
  const failures: CheckFailure[] = [];
  const inputs = checkObject(fields, news, "", markDefaults, failures);
  return { inputs, failures };
}

function checkObject(
  fields: Fields,
  given: Properties,
  path: string,
  mark: boolean,
  failures: CheckFailure[],
): Properties {
  const inputs: Properties = {};
  for (const [key, value] of Object.entries(given)) {
    const field = fields[key];
    const where = path + key;
    if (key.startsWith("__") || value === null) {
      continue;
    }
    if (!field) {
      failures.push({
        property: where,
        reason: `${where}: no such property; expected one of ${Object.keys(fields).join(", ")}`,
      });
    } else if (field.unsupported) {
      failures.push({
        property: where,
        reason: `${where}: not served by the local engine; leave it out or use the Pulumi CLI`,
      });
    } else {
      inputs[key] = checkValue(field, value, where, mark, failures);
    }
  }
  const defaulted: string[] = [];
  for (const [key, field] of Object.entries(fields)) {
    if (inputs[key] !== undefined) {
      continue;
    }
    if (field.default !== undefined) {
      inputs[key] = field.default;
      defaulted.push(key);
    } else if (field.required && given[key] !== undefined && given[key] !== null) {
    } else if (field.required) {
      failures.push({ property: path + key, reason: `${path}${key}: missing; it is required` });
    }
  }
  if (mark) {
    inputs.__defaults = defaulted.sort();
  }
  return inputs;
}

function checkValue(field: Field, value: Value, where: string, mark: boolean, failures: CheckFailure[]): Value {
  const wrong = (expected: string): Value => {
    failures.push({ property: where, reason: `${where}: expected ${expected}, found ${kindOf(value)}` });
    return value;
  };
  if (value instanceof Unknown) {
    return value;
  }
  switch (field.type) {
    case "map":
      return isObject(value) ? plain(value) : wrong("a map");
    case "object":
      return isObject(value) ? checkObject(field.fields ?? {}, value, `${where}.`, mark, failures) : wrong("an object");
    case "list":
    case "set": {
      const element: Field = field.fields ? obj(field.fields) : { type: field.of ?? "string" };
      return Array.isArray(value)
        ? value.map((one, index) => checkValue(element, one, `${where}[${index}]`, mark, failures))
        : wrong("a list");
    }
    default:
      return typeof value === field.type ? value : wrong(`a ${field.type}`);
  }
}

function kindOf(value: Value): string {
  return Array.isArray(value) ? "a list" : value === null ? "nothing" : `a ${typeof value}`;
}

/** Compares recorded with wanted inputs; `deleteBeforeReplace` is the caller's to decide. */
export function diff(fields: Fields, olds: Properties, news: Properties): DiffResult {
  const detailed: Record<string, DiffKind> = {};
  const replaces: string[] = [];
  for (const [key, field] of Object.entries(fields)) {
    const old = plain(olds[key] ?? field.default ?? null);
    const now = plain(news[key] ?? field.default ?? null);
    const found: Record<string, DiffKind> = {};
    compare(field, old, now, key, found);
    if (Object.keys(found).length === 0) {
      continue;
    }
    const inPlace = typeof field.inPlace === "function" ? field.inPlace(old, now) : field.inPlace === true;
    for (const [path, kind] of Object.entries(found)) {
      detailed[path] = inPlace ? kind : (`${kind}-replace` as DiffKind);
    }
    if (!inPlace) {
      replaces.push(key);
    }
  }
  return { changes: Object.keys(detailed).length > 0, replaces, deleteBeforeReplace: false, detailed };
}

function compare(
  field: Field,
  old: Value | undefined,
  now: Value | undefined,
  path: string,
  found: Record<string, DiffKind>,
): void {
  if (same(old, now)) {
    return;
  }
  if (isEmpty(old) || isEmpty(now)) {
    found[path] = isEmpty(old) ? "add" : "delete";
  } else if (Array.isArray(old) && Array.isArray(now)) {
    const pairs = field.type === "set" ? pairSet(field, old, now) : pairList(old, now);
    for (const [index, left, right] of pairs) {
      compare(field.fields ? obj(field.fields) : str(), left, right, `${path}[${index}]`, found);
    }
  } else if (isObject(old) && isObject(now)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
      const inner = field.fields?.[key] ?? str();
      const fallback = inner.default;
      compare(inner, old[key] ?? fallback, now[key] ?? fallback, propertyPath(path, key), found);
    }
  } else if (!(field.unchanged && old !== undefined && now !== undefined && field.unchanged(old, now))) {
    found[path] = "update";
  }
}

type Pair = readonly [index: number, old: Value | undefined, now: Value | undefined];

function pairList(old: readonly Value[], now: readonly Value[]): Pair[] {
  return Array.from({ length: Math.max(old.length, now.length) }, (_, index) => [index, old[index], now[index]]);
}

/** What both have is equal whatever its place; the rest is paired by key, else in order. */
function pairSet(field: Field, old: readonly Value[], now: readonly Value[]): Pair[] {
  const element: Field = field.fields ? obj(field.fields) : str();
  const left = old.map((value, index) => ({ value, index }));
  const right = now.map((value, index) => ({ value, index }));
  const takeLeft = (matches: (value: Value) => boolean) => {
    const at = left.findIndex((one) => matches(one.value));
    return at < 0 ? undefined : left.splice(at, 1)[0];
  };
  const unequal = right.filter(({ value }) => !takeLeft((one) => unchanged(element, one, value)));
  const keyOf = (value: Value) => (field.key !== undefined && isObject(value) ? value[field.key] : undefined);
  const pairs: Pair[] = [];
  const unpaired = unequal.filter(({ value, index }) => {
    const key = keyOf(value);
    const partner = key === undefined ? undefined : takeLeft((one) => same(keyOf(one), key));
    if (partner) {
      pairs.push([index, partner.value, value]);
    }
    return !partner;
  });
  for (const { value, index } of unpaired) {
    pairs.push([index, left.shift()?.value, value]);
  }
  return [...pairs, ...left.map(({ value, index }): Pair => [index, value, undefined])];
}

function unchanged(field: Field, old: Value, now: Value): boolean {
  const found: Record<string, DiffKind> = {};
  compare(field, old, now, "", found);
  return Object.keys(found).length === 0;
}

function propertyPath(path: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}
