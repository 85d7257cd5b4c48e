/** Converts between inputs, Docker API objects and recorded outputs, according to field tables. */

import type { Properties, Value } from "../../provider";
import { isEmpty, isObject, same } from "../../values";
import { elementOf, type Field, type Fields, plain, set, str } from "../schema";

/** The path of a field in API objects: `hostname` is `Hostname`, unless `api` says otherwise. */
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

/** The API request for `inputs`; fields whose `api` is "" belong to the provider and are not sent. */
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

/** The recorded values after a read, by type, if no value was given. */
const EMPTY: Readonly<Record<Field["type"], Value>> = {
  string: "",
  number: 0,
  boolean: false,
  list: [],
  set: [],
  map: {},
  object: null,
};

/** The actual value in the program's form; undefined if Docker does not report it. */
export function fromApi(key: string, field: Field, found: unknown): Value | undefined {
  const { form, fields, api } = field;
  const value = api === "" ? undefined : get(found, placeOf(key, field));
  if (value === undefined || value === null) return undefined;
  if (form) return form.from?.(value as never);
  if (!fields) return value;
  const member = (name: string, inner: Field, one: Value): Value => {
    if (inner.unsupported) return inner.absent ?? null;
    return fromApi(name, inner, one) ?? inner.default ?? inner.absent ?? EMPTY[inner.type];
  };
  const members = (one: Value): Value =>
    Object.fromEntries(Object.entries(fields).map(([name, inner]) => [name, member(name, inner, one)]));
  return Array.isArray(value) ? value.map(members) : members(value);
}

/**
 * The recorded form of an input: the given value, with the members that the official provider adds to objects.
 *
 * @param read after a read: the official provider then records empty lists and maps in place of null
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

/** The recorded form of all fields: for some, the value that Docker reports, for the others, the program's. */
export function outputsOf(fields: Fields, found: object, inputs: object, read = false): Properties {
  const given = inputs as Properties;
  const outputs: Properties = {};
  for (const [key, field] of Object.entries(fields)) {
    const now = fromApi(key, field, found);
    if (field.reported) outputs[key] = (now || field.default) ?? now ?? EMPTY[field.type];
    else outputs[key] = isEmpty(given) && now !== undefined ? now : recorded(field, given[key], read);
  }
  return outputs;
}

/** Whether everything in `asked` is also in `found`. */
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

/** Converts lists of `label` and `value` to the map in the Docker API, and back in alphabetical order. */
export const labelsForm = {
  to: (given: readonly Label[] = []): Record<string, string> =>
    Object.fromEntries(given.map(({ label, value }) => [label, value])),
  from: (found: Record<string, string>): Label[] =>
    Object.entries(found)
      .map(([label, value]) => ({ label, value }))
      .sort((a, b) => (a.label < b.label ? -1 : 1)),
};

const required = { required: true };
/** The labels of any Docker object. */
export const labels: Field = set({
  key: "label",
  fields: { label: str(required), value: str(required) },
  form: labelsForm,
});
