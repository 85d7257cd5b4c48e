/** Property values as the engine keeps them: with secret marks, which providers never see. */

import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { type Properties, Unknown, type Value } from "./provider";

/** A value that must not be shown; `ciphertext` is its form in the state file, kept while the value is unchanged. */
export class Secret {
  constructor(
    readonly value: Prop,
    readonly ciphertext?: string,
  ) {}
}

export type Prop = null | boolean | number | string | Unknown | Secret | Prop[] | Props;
export type Props = { [key: string]: Prop };

// The SDK's protocol marks special values with this key. See runtime/rpc.js in @pulumi/pulumi.
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
/** Stands for an unknown value on the wire, and for an unknown provider id in references. */
export const UNKNOWN_ID = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isObject(value: unknown): value is Props {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Secret) &&
    !(value instanceof Unknown)
  );
}

/** Internal keys (`__defaults`, `__meta`, ...) are recorded but never shown. */
export const isInternalKey = (key: string): boolean => key.startsWith("__");

/** Applies `change` to each member of an array or object; returns other values as they are. */
function mapChildren(value: Prop, change: (child: Prop) => Prop): Prop {
  if (Array.isArray(value)) return value.map(change);
  return isObject(value) ? mapProps(value, change) : value;
}

export function mapProps(props: Props, change: (value: Prop, key: string) => Prop): Props {
  const result: Props = {};
  for (const [key, value] of Object.entries(props)) if (value !== undefined) result[key] = change(value, key);
  return result;
}

/** Converts the result of `Struct.toJavaScript()`. */
export function fromWire(value: unknown): Prop {
  if (value === UNKNOWN_ID) return Unknown.instance;
  if (Array.isArray(value)) return value.map(fromWire);
  if (!isObject(value)) return (value ?? null) as Prop;
  if (value[SIGNATURE] === SECRET) return new Secret(fromWire(value.value));
  if (value[SIGNATURE] === OUTPUT) {
    const known = value.value === undefined ? Unknown.instance : fromWire(value.value);
    return value.secret === true ? new Secret(known) : known;
  }
  return mapProps(value, fromWire);
}

type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };

/** Converts to the argument of `Struct.fromJavaScript()`; {@link fromWire} reverses it. */
export function toWire(value: Prop): Wire {
  if (value instanceof Unknown) return UNKNOWN_ID;
  if (value instanceof Secret) return { [SIGNATURE]: SECRET, value: toWire(value.value) };
  return mapChildren(value, toWire) as Wire;
}

/** Converts to the form in the state file; `encrypt` gets the JSON text of each secret. */
export function toState(value: Prop, encrypt: (plain: string) => string): Prop {
  if (value instanceof Secret) {
    const ciphertext = value.ciphertext ?? encrypt(JSON.stringify(toState(value.value, encrypt)));
    return { [SIGNATURE]: SECRET, ciphertext };
  }
  return value instanceof Unknown ? UNKNOWN_ID : mapChildren(value, (child) => toState(child, encrypt));
}

/** As {@link toState}, with secrets in plain text, as `pulumi stack export --show-secrets` prints them. */
export function plainState(value: Prop): Prop {
  if (value instanceof Secret) return { [SIGNATURE]: SECRET, plaintext: JSON.stringify(plainState(value.value)) };
  return value instanceof Unknown ? UNKNOWN_ID : mapChildren(value, plainState);
}

/**
 * The inverse of {@link toState}.
 *
 * @param keep whether unchanged secrets are written with the same ciphertext again
 * @throws when there is a secret but no key
 */
export function fromState(value: Prop, key: { decrypt(ciphertext: string): string } | undefined, keep = true): Prop {
  if (isObject(value) && value[SIGNATURE] === SECRET) {
    const { ciphertext, plaintext } = value;
    if (typeof ciphertext === "string" && key === undefined) throw new Error("the state holds secrets but no salt");
    const text = typeof ciphertext === "string" ? key?.decrypt(ciphertext) : plaintext;
    if (typeof text === "string")
      return new Secret(fromState(JSON.parse(text), key, keep), keep ? (ciphertext as string | undefined) : undefined);
  }
  return value === UNKNOWN_ID ? Unknown.instance : mapChildren(value, (child) => fromState(child, key, keep));
}

/** Converts a value for providers: without secret marks, and with ids in place of resource references. */
export function unwrap(value: Prop): Value {
  if (value instanceof Secret) return unwrap(value.value);
  if (isObject(value) && value[SIGNATURE] === RESOURCE) return unwrap(value.id ?? value.urn ?? null);
  return mapChildren(value, unwrap) as Value;
}

export const unwrapProps = (props: Props | undefined): Properties => unwrap(props ?? {}) as Properties;

function contains(value: Prop, test: (value: Prop) => boolean): boolean {
  if (test(value)) return true;
  if (value instanceof Secret) return contains(value.value, test);
  if (Array.isArray(value)) return value.some((child) => contains(child, test));
  return isObject(value) && Object.values(value).some((child) => contains(child, test));
}

export const containsUnknown = (value: Prop): boolean => contains(value, (each) => each instanceof Unknown);
const containsSecret = (value: Prop): boolean => contains(value, (each) => each instanceof Secret);

/**
 * Copies secret marks from a provider's inputs to its outputs: objects member by member, but arrays that contain a secret
 * as a whole, because providers may reorder the elements.
 */
export function markSecrets(outs: Props, ins: Props): Props {
  return mapProps(outs, (out, key) => {
    const given = ins[key];
    if (given === undefined || out instanceof Secret || !containsSecret(given)) return out;
    return isObject(given) && isObject(out) ? markSecrets(out, given) : new Secret(out);
  });
}

/** Marks the values at `paths` (top-level names, or dotted paths into objects) as secret. */
export function markPaths(props: Props, paths: readonly string[]): Props {
  const result = { ...props };
  for (const path of paths) {
    const dot = Object.hasOwn(result, path) ? -1 : path.indexOf(".");
    const key = dot < 0 ? path : path.slice(0, dot);
    const value = result[key];
    if (value === undefined || value === null || value instanceof Secret) continue;
    if (dot < 0) result[key] = new Secret(value);
    else if (isObject(value)) result[key] = markPaths(value, [path.slice(dot + 1)]);
  }
  return result;
}

/** Same value and same secret marks; the order of keys is ignored. */
export function equal(a: Prop | undefined, b: Prop | undefined): boolean {
  if (a === b) return true;
  if (a instanceof Secret && b instanceof Secret) return equal(a.value, b.value);
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((element, index) => equal(element, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}

/** Top-level keys whose values are not {@link equal}. */
export const differingKeys = (olds: Props, news: Props): string[] =>
  Object.keys({ ...olds, ...news }).filter((key) => !equal(olds[key], news[key]));

/** Deep equality in which an unknown value equals nothing, and absent equals empty. */
export function same(left: unknown, right: unknown): boolean {
  if (left instanceof Unknown || right instanceof Unknown) return false;
  if (isEmpty(left) && isEmpty(right)) return true;
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((one, index) => same(one, right[index]));
  if (isObject(left) && isObject(right))
    return Object.keys({ ...left, ...right }).every((key) => same(left[key], right[key]));
  return left === right;
}

export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}

/** Canonical text, the same for equivalent states of two engines: empty members are left out, the order of lists is ignored. */
export function canonical(value: unknown): string {
  if (value instanceof Secret) return canonical(value.value);
  if (Array.isArray(value)) return value.map(canonical).sort().join();
  if (!isObject(value)) return value ? JSON.stringify(value) : "";
  const members = Object.entries(value).map(([key, member]) => [key, canonical(member)]);
  const kept = members.filter(([key = "", text]) => !isInternalKey(key) && text !== "").sort();
  return kept.length > 0 ? JSON.stringify(kept) : "";
}

/** Splits a property path (`labels[1].value`, `keepers["a.b"]`, `*`) into its parts; array indexes are numbers. */
export function parsePath(path: string): (string | number)[] {
  const parts: (string | number)[] = [];
  for (const match of path.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\[(\*)\]|([^.[\]]+)/g)) {
    const [, index, quoted, star, name] = match;
    parts.push(index !== undefined ? Number(index) : (quoted?.replace(/\\(.)/g, "$1") ?? star ?? name ?? ""));
  }
  return parts;
}

/** Whether `pattern` (which may contain `*`) matches `path` or one of its parents. */
export function coversPath(pattern: string, path: string): boolean {
  const wanted = parsePath(pattern);
  const found = parsePath(path);
  return wanted.length <= found.length && wanted.every((part, index) => part === "*" || part === found[index]);
}

/**
 * `news` with the value at `path` taken from `olds`, for ignoreChanges.
 *
 * @throws when only one of them contains the parent of `path`: it is unclear then which value is meant
 */
export function resetPath(news: Prop, olds: Prop | undefined, path: readonly (string | number)[]): Prop {
  const [head, ...rest] = path;
  if (head === undefined) return olds ?? null;
  if (news instanceof Secret)
    return new Secret(resetPath(news.value, olds instanceof Secret ? olds.value : olds, path));
  if (olds instanceof Secret)
    return resetPath(
      news,
      mapChildren(olds.value, (child) => new Secret(child)),
      path,
    );
  const refuse = (what: string | number) => {
    throw new Error(
      `ignoreChanges: ${what}: it must exist both in the state and in the program, in lists of equal length`,
    );
  };
  if (Array.isArray(news) && Array.isArray(olds)) {
    if (head === "*" ? news.length !== olds.length : !(head in news && head in olds)) refuse(head);
    return news.map((element, index) =>
      head === "*" || head === index ? resetPath(element, olds[index], rest) : element,
    );
  }
  if (!isObject(news)) return news;
  const old = isObject(olds) ? olds : {};
  const result = { ...news };
  for (const key of head === "*" ? Object.keys({ ...news, ...old }) : [String(head)]) {
    if (rest.length > 0) {
      if (key in old && !(key in news)) refuse(key);
      else if (key in news) result[key] = resetPath(news[key] ?? null, old[key], rest);
    } else if (key in old) result[key] = old[key] ?? null;
    else delete result[key];
  }
  return result;
}

export const toStruct = (props: Props): Struct => Struct.fromJavaScript(toWire(props) as { [key: string]: Wire });
export const fromStruct = (struct: Struct | undefined): Props => fromWire(struct?.toJavaScript() ?? {}) as Props;
