import { type Properties, Unknown, type Value } from "../provider";

/** Reading typed values out of checked inputs; an absent or not yet known value is undefined or empty. */
export function text(from: Properties, key: string): string | undefined {
  const value = from[key];
  return typeof value === "string" ? value : undefined;
}

export function number(from: Properties, key: string): number | undefined {
  const value = from[key];
  return typeof value === "number" ? value : undefined;
}

export function flag(from: Properties, key: string): boolean | undefined {
  const value = from[key];
  return typeof value === "boolean" ? value : undefined;
}

export function texts(from: Properties, key: string): string[] {
  const value = from[key];
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

export function isObject(value: Value | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Unknown);
}

export function objects(from: Properties, key: string): Properties[] {
  const value = from[key];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function object(from: Properties, key: string): Properties | undefined {
  const value = from[key];
  return isObject(value) ? value : undefined;
}

export function textMap(from: Properties, key: string): Record<string, string> {
  const entries = Object.entries(object(from, key) ?? {}).filter(([name]) => name !== "__defaults");
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

/** Docker's `label`/`value` lists as the map that its API wants. */
export function labelMap(from: Properties, key = "labels"): Record<string, string> {
  return Object.fromEntries(objects(from, key).map((one) => [text(one, "label") ?? "", text(one, "value") ?? ""]));
}

/** The reverse of {@link labelMap}, sorted by label so that it is the same each time. */
export function labelList(labels: Record<string, string> | null | undefined): Properties[] {
  return Object.keys(labels ?? {})
    .sort()
    .map((label) => ({ label, value: labels?.[label] ?? "" }));
}

/** Without the marks and empty entries that official state carries: what the program itself would have said. */
export function plain(value: Value): Value {
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (!isObject(value)) {
    return value;
  }
  const kept = Object.entries(value).filter(([key, one]) => !key.startsWith("__") && one !== null);
  return Object.fromEntries(kept.map(([key, one]) => [key, plain(one)]));
}

/** Deep equality; a value that is not known yet equals nothing, absent equals empty. */
export function same(left: Value | undefined, right: Value | undefined): boolean {
  if (left instanceof Unknown || right instanceof Unknown) {
    return false;
  }
  if (isEmpty(left) && isEmpty(right)) {
    return true;
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((one, index) => same(one, right[index]));
  }
  if (isObject(left) && isObject(right)) {
    return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => same(left[key], right[key]));
  }
  return left === right;
}

export function isEmpty(value: Value | undefined): boolean {
  if (value === undefined || value === null) {
    return true;
  }
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}
