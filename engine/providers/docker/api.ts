/** Between a kind's inputs, what the Docker API has, and the state: all three follow from the fields' tables. */

import type { Properties, Value } from "../../provider";
import { isEmpty, isObject, same } from "../../values";
import { elementOf, type Field, type Fields, plain, set, str } from "../schema";

/** `hostname` is `Hostname` to the API, unless `api` says otherwise; `*` in it stands for that. */
const placeOf = (key: string, { api = "*" }: Field): string => api.replace("*", key[0]?.toUpperCase() + key.slice(1));

function get(from: unknown, path: string): Value | undefined {
  return path.split(".").reduce<unknown>((at, key) => (at as Properties | undefined)?.[key], from) as Value | undefined;
}

function put(into: Properties, path: string, value: Value): void {
  const [key = "", ...below] = path.split(".");
  if (below.length === 0) into[key] = isObject(value) && isObject(into[key]) ? { ...into[key], ...value } : value;
  else {
    into[key] ??= {};
    put(into[key] as Properties, below.join("."), value);
  }
}

/** What the API is asked for; fields whose `api` is "" are none of its. */
export function toApi(fields: Fields, inputs: object): Properties {
  const result: Properties = {};
  for (const [key, field] of Object.entries(fields)) {
    const given = plain((inputs as Properties)[key] ?? null);
    const value = isEmpty(given) ? field.sent : valueToApi(field, given);
    if (field.api !== "" && value !== undefined) put(result, placeOf(key, field), value);
  }
  return result;
}

function valueToApi({ form, fields }: Field, value: Value): Value | undefined {
  if (form) return form.to(value as never) as Value | undefined;
  if (fields && Array.isArray(value)) return value.map((one) => toApi(fields, one as Properties));
  return fields && isObject(value) ? toApi(fields, value) : value;
}

/** What each type has where nothing was given, after a read. */
const EMPTY: Readonly<Record<Field["type"], Value>> = {
  string: "",
  number: 0,
  boolean: false,
  list: [],
  set: [],
  map: {},
  object: null,
};

/** How the engine has it now, as the program would say it; undefined when it does not say. */
export function fromApi(key: string, field: Field, found: unknown): Value | undefined {
  const { form, fields, api } = field;
  const value = api === "" ? undefined : get(found, placeOf(key, field));
  if (value === undefined || value === null) return undefined;
  if (form) return form.from?.(value as never);
  if (!fields) return value;
  const told = (name: string, inner: Field, one: Value): Value =>
    fromApi(name, inner, one) ?? inner.default ?? inner.absent ?? EMPTY[inner.type];
  const inside = (one: Value): Value =>
    Object.fromEntries(Object.entries(fields).map(([name, inner]) => [name, told(name, inner, one)]));
  return Array.isArray(value) ? value.map(inside) : inside(value);
}

/**
 * What the state says of an input: as given, with all that the official provider adds to objects.
 *
 * @param read after a read, where the official provider has empty lists and maps in place of null
 */
function recorded(field: Field, given: Value | undefined, read: boolean): Value {
  const { type, fields } = field;
  if (given === undefined || given === null) {
    const { absent = field.default ?? (fields && type !== "object" ? [] : null) } = field;
    if (!read || absent !== null) return absent;
    return field.absentRead ?? (["list", "set", "map"].includes(type) ? EMPTY[type] : null);
  }
  if (Array.isArray(given)) return given.map((one) => recorded(elementOf(field), one, read));
  if (!fields || !isObject(given)) return plain(given);
  const result: Properties = {};
  for (const [key, inner] of Object.entries(fields)) {
    const value = recorded(inner, given[key], read);
    if (value !== null || inner.type === "object" || inner.type === "map" || inner.absent === null) result[key] = value;
  }
  return result;
}

/** What the state says of all fields: of some as the engine has it now, of the others as the program said. */
export function outputsOf(fields: Fields, found: object, inputs: object, read = false): Properties {
  const given = inputs as Properties;
  const outputs: Properties = {};
  for (const [key, field] of Object.entries(fields)) {
    const now = fromApi(key, field, found);
    if (field.told) outputs[key] = (now || field.default) ?? now ?? EMPTY[field.type];
    else outputs[key] = isEmpty(given) && now !== undefined ? now : recorded(field, given[key], read);
  }
  return outputs;
}

/** Whether all that was asked for is as asked. */
export function covers(found: unknown, asked: unknown): boolean {
  if (isObject(asked))
    return Object.keys(asked).every((key) => covers((found as Properties | null)?.[key], asked[key]));
  if (!Array.isArray(asked)) return same(found, asked) || (!asked && !found);
  return asked.every((one) => Array.isArray(found) && found.some((each) => covers(each, one)));
}

interface Label {
  readonly label: string;
  readonly value: string;
}

/** `label`/`value` lists as the map that the Docker API wants, and back in an order that is the same each time. */
export const labelsForm = {
  to: (given: readonly Label[] = []): Record<string, string> =>
    Object.fromEntries(given.map(({ label, value }) => [label, value])),
  from: (found: Record<string, string>): Label[] =>
    Object.entries(found)
      .map(([label, value]) => ({ label, value }))
      .sort((a, b) => (a.label < b.label ? -1 : 1)),
};

const required = { required: true };
/** User-defined metadata as every Docker object takes it. */
export const labels: Field = set({
  key: "label",
  fields: { label: str(required), value: str(required) },
  form: labelsForm,
});
