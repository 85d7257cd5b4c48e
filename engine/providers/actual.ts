/** Compares inputs with the actual object, for kinds whose outputs are completely what the server reports. */

import type { Properties, Value } from "../provider";
import { canonical, isEmpty, isInternalKey, isObject } from "../values";
import { elementOf, type Field, type Fields, plain } from "./schema";

/** A server may report empty texts, zeros (also in another form, e.g. `0s`) and false in place of what was not given. */
const isZero = (field: Field, value: Value | undefined): boolean =>
  canonical(value) === "" ||
  value === (field.default ?? null) ||
  (typeof value === "string" && field.form?.to(value as never) === 0);

/** Whether `found` is what a server makes of `given`. */
export function matches(field: Field, given: Value | undefined, found: Value | undefined): boolean {
  if (isEmpty(given)) return field.computed === true || isZero(field, found);
  if (Array.isArray(given)) {
    if (!Array.isArray(found) || found.length !== given.length) return false;
    const element = elementOf(field);
    if (field.type !== "set") return given.every((one, at) => matches(element, one, found[at]));
    const left = [...found];
    return given.every((one) => {
      const at = left.findIndex((other) => matches(element, one, other));
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    });
  }
  const { fields } = field;
  if (isObject(given) && fields)
    return isObject(found) && Object.keys(fields).every((key) => matches(of(fields, key), given[key], found[key]));
  const now = found ?? field.default ?? null;
  return canonical(given) === canonical(now) || (now !== null && field.unchanged?.(now, given as Value) === true);
}

const of = (fields: Fields, key: string): Field => fields[key] as Field;

/**
 * The recorded inputs with the differences of the actual object; `{}` gives the inputs that describe it. An input that
 * was not given appears when the server would not have chosen its value.
 */
export function actualInputs(fields: Fields, inputs: Properties, found: Properties): Properties {
  const result: Properties = {};
  for (const [key, value] of Object.entries(inputs)) if (isInternalKey(key)) result[key] = value;
  for (const [key, field] of Object.entries(fields)) {
    const value = actual(field, inputs[key], found[key]);
    if (!isEmpty(value)) result[key] = value as Value;
  }
  return result;
}

function actual(field: Field, given: Value | undefined, found: Value | undefined): Value | undefined {
  if (matches(field, given, found)) return given;
  const { fields } = field;
  if (fields && isObject(given) && isObject(found)) return actualInputs(fields, given, found);
  if (Array.isArray(given) && Array.isArray(found) && field.type === "set") {
    const element = elementOf(field);
    return found.map((one) => given.find((other) => matches(element, other, one)) ?? compact(one));
  }
  return compact(found ?? null);
}

/** Without what the program would not have given. */
function compact(value: Value): Value {
  if (Array.isArray(value)) return value.map(compact);
  if (!isObject(value)) return value;
  const kept = Object.entries(value as Properties).filter(([, member]) => canonical(member) !== "");
  return Object.fromEntries(kept.map(([key, member]) => [key, compact(member)]));
}

/** The inputs to send in an update: `computed` ones that the program no longer gives stay as they are. */
export function withComputed(fields: Fields, inputs: Properties, outputs: Properties): Properties {
  const members = Object.entries(fields).map(([key, field]) => [key, keep(field, inputs[key], outputs[key])] as const);
  return plain(Object.fromEntries(members.filter(([, value]) => !isEmpty(value))) as Properties) as Properties;
}

function keep(field: Field, given: Value | undefined, now: Value | undefined): Value | undefined {
  if (isEmpty(given)) return field.computed ? now : given;
  const { fields } = field;
  if (fields && isObject(given)) return withComputed(fields, given, isObject(now) ? (now as Properties) : {});
  // The official provider pairs the elements of lists by their place.
  if (Array.isArray(given) && field.type === "list" && fields)
    return given.map((one, at) => keep(elementOf(field), one, Array.isArray(now) ? now[at] : undefined) ?? one);
  return given;
}
