/**
 * The interface of a resource kind, and a provider that consists of kinds. engine/README.md describes how to add a kind;
 * the minimum is in test/engine/providers/kind.test.ts.
 *
 * Inputs, defaults, ids and outputs are those of the official provider, so that either engine can continue with the other's
 * state. Calls go through `attempt` (docker) or `MysqlServer.query` (mysql), which explain errors.
 */

import { randomBytes } from "node:crypto";
import {
  type Context,
  type Properties,
  type Provider,
  type ResourceRef,
  unknownFunction,
  unknownKind,
} from "../provider";
import { containsUnknown } from "../values";
import { check, diff, type Fields, failure } from "./schema";

/** A created object. Outputs that are `undefined` are not recorded; `id` is added, and `__defaults` removed. */
export interface Created {
  id: string;
  outputs: object;
}

/** A recorded resource; inputs have the types of the SDK's arguments. */
export interface Recorded<Inputs> {
  readonly id: string;
  /** `{}` for an import, in spite of the type: check with `isEmpty`. */
  readonly inputs: Inputs;
  /** `{}` for an import. */
  readonly outputs: Properties;
}

/** One resource kind: its inputs and operations. Checks and diffs are derived from `fields`. */
export interface Kind<Inputs> {
  /** Type token, e.g. `docker:index/network:Network`. */
  readonly type: string;
  /** All inputs of the official provider; those that this engine does not support are `unsupported()`. */
  readonly fields: Fields;
  /** Whether `name` is optional: the default is the resource's logical name and seven random hex digits. */
  readonly named?: boolean;
  /** Whether the official provider records the names of defaulted inputs in `__defaults`. @default true */
  readonly marksDefaults?: boolean;
  /** As {@link Provider.replacesBroken}. @default false */
  readonly replacesBroken?: boolean;
  /** As {@link Provider.secretOutputs}. @default none */
  readonly secretOutputs?: readonly string[];
  /**
   * Rules that involve several fields; called only if each field is valid. In a preview, unknown inputs are missing, even
   * required ones.
   */
  validate?(inputs: Inputs): Iterable<readonly [property: string, why: string]>;
  /** As {@link Provider.refuseForeign}; for kinds whose objects have a name. */
  refuseForeign?(inputs: Inputs, context: Context): Promise<void>;
  /** As {@link Provider.create}. */
  create(inputs: Inputs, context: Context): Promise<Created>;
  /**
   * Undefined if the object no longer exists. The returned inputs are the recorded ones, with drift applied; for an import,
   * the inputs that describe the object.
   *
   * @default inputs the recorded ones
   */
  read(existing: Recorded<Inputs>, context: Context): Promise<{ inputs?: object; outputs: object } | undefined>;
  /** Changes fields that are `inPlace`. @returns the outputs. @default records the new inputs */
  update?(existing: Recorded<Inputs>, news: Inputs, context: Context): Promise<object>;
  /** Succeeds if the object no longer exists. */
  delete(existing: Recorded<Inputs>, context: Context): Promise<void>;
  /** As {@link Provider.recover}. @default complete true */
  recover?(inputs: Inputs): Promise<(Created & { complete?: boolean }) | undefined>;
}

/** The functions of a provider, by token. */
export type Functions = Readonly<Record<string, (args: Properties) => Promise<Properties>>>;

/** Creates a provider from its kinds and functions. */
export function providerOf(
  kinds: readonly Kind<never>[],
  { functions = {}, close = async () => {} }: { functions?: Functions; close?: () => Promise<void> } = {},
): Provider {
  const kindOf = (type: string): Kind<Properties> => {
    const found = kinds.find((kind) => kind.type === type);
    if (!found) throw unknownKind(type);
    // Inputs have been checked against the kind's own `fields`.
    return found as unknown as Kind<Properties>;
  };
  return {
    types: kinds.map((kind) => kind.type),
    replacesBroken: (type) => kindOf(type).replacesBroken ?? false,
    secretOutputs: (type) => kindOf(type).secretOutputs ?? [],
    async check(resource, olds, news) {
      const { named, fields, marksDefaults = true, validate } = kindOf(resource.type);
      const given = named && (news.name ?? null) === null ? { ...news, name: nameFor(resource, olds) } : news;
      const { inputs, failures } = check(fields, given, marksDefaults);
      if (given !== news) inputs.__defaults = ["name", ...((inputs.__defaults ?? []) as string[])].sort();
      const known = Object.entries(inputs).filter(([, value]) => !containsUnknown(value));
      const more = failures.length > 0 ? [] : (validate?.(Object.fromEntries(known)) ?? []);
      return { inputs, failures: [...failures, ...[...more].map(([property, why]) => failure(property, why))] };
    },
    async diff(existing, news) {
      const { named, fields } = kindOf(existing.type);
      const result = diff(fields, existing.inputs, news);
      // Two objects with the same name can't exist at the same time. A replacement with a default name gets another one.
      const sameName = named === true && existing.inputs.name === news.name && !hasDefaultName(news);
      return { ...result, deleteBeforeReplace: sameName };
    },
    refuseForeign: async (resource, inputs, context) => kindOf(resource.type).refuseForeign?.(inputs, context),
    async create(resource, inputs, context) {
      const { id, outputs } = await kindOf(resource.type).create(inputs, context);
      return { id, outputs: outputsOf(id, outputs) };
    },
    async read(existing, context) {
      const found = await kindOf(existing.type).read(existing, context);
      if (!found) return undefined;
      return { inputs: defined(found.inputs ?? existing.inputs), outputs: outputsOf(existing.id, found.outputs) };
    },
    async update(existing, news, context) {
      const { update, fields } = kindOf(existing.type);
      if (update) return { outputs: outputsOf(existing.id, await update(existing, news, context)) };
      const changed = Object.keys(fields).filter((key) => fields[key]?.inPlace && key in existing.outputs);
      // The official provider's description of the encoding of the outputs, which are changed here.
      const { __pulumi_raw_state_delta: _, ...outputs } = existing.outputs;
      return { outputs: { ...outputs, ...Object.fromEntries(changed.map((key) => [key, news[key] ?? null])) } };
    },
    delete: (existing, context) => kindOf(existing.type).delete(existing, context),
    async recover(resource, inputs) {
      const found = await kindOf(resource.type).recover?.(inputs);
      return found && { complete: true, ...found, outputs: outputsOf(found.id, found.outputs) };
    },
    async invoke(token, args) {
      const work = functions[token];
      if (work === undefined) throw unknownFunction(token);
      return work(args);
    },
    close,
  };
}

const hasDefaultName = ({ __defaults }: Properties) => Array.isArray(__defaults) && __defaults.includes("name");

function nameFor({ urn }: ResourceRef, olds: Properties = {}) {
  const logical = urn.slice(urn.lastIndexOf("::") + 2);
  return (hasDefaultName(olds) && olds.name) || `${logical}-${randomBytes(4).toString("hex").slice(0, 7)}`;
}

/** Without the members that are undefined. */
export const defined = (given: object): Properties =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

const outputsOf = (id: string, outputs: object): Properties => defined({ id, ...outputs, __defaults: undefined });
