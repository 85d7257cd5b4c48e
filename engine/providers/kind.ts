/**
 * What a resource kind is in this folder, and the provider that kinds make together.
 *
 * Another kind is one file that exports a {@link Kind} (mysql/database.ts is a short one, and the least that one must say
 * is in test/providers/kind.test.ts), and its place in the list that the index.ts of its package gives to
 * {@link providerOf}; another package is one more line in the index.ts beside this file. Inputs, defaults, id and outputs
 * are those of the official provider, so that either engine can go on where the other stopped: `pulumi stack export` after
 * an `up`, and again after a `refresh`, shows what it records, and whether it has `null` or nothing where nothing was given.
 * Calls go through `attempt` (docker) or `MysqlServer.query` (mysql), which put errors into words.
 */

import { randomBytes } from "node:crypto";
import { type Context, type Properties, type Provider, type ResourceRef, unknownKind } from "../provider";
import { containsUnknown } from "../values";
import { check, diff, type Fields, failure } from "./schema";

/** What was made. `undefined` in outputs is as good as absent; `id` and the inputs' marks need no word in them. */
export interface Created {
  id: string;
  outputs: object;
}

/** A recorded resource, as {@link Provider} has it; inputs typed as the SDK's arguments. */
export interface Recorded<Inputs> {
  readonly id: string;
  /** `{}` for an import, whatever the type says: ask `isEmpty`. */
  readonly inputs: Inputs;
  /** `{}` for an import. */
  readonly outputs: Properties;
}

/** One resource kind: what it accepts, and what to do; checking and comparing follow from `fields`. */
export interface Kind<Inputs> {
  /** Type token, e.g. `docker:index/network:Network`. */
  readonly type: string;
  /** Every input of the official provider; one that is not served is `unsupported()`. */
  readonly fields: Fields;
  /** `name` may be left out: it is then the resource's own name and seven random hex digits. */
  readonly named?: boolean;
  /** Whether official state notes defaulted inputs in `__defaults`. @default true */
  readonly marksDefaults?: boolean;
  /** As {@link Provider.replacesBroken}. @default false */
  readonly replacesBroken?: boolean;
  /** As {@link Provider.secretOutputs}. @default none */
  readonly secretOutputs?: readonly string[];
  /**
   * Rules that go across fields; called when each field for itself is right. In a preview, what is not known yet is absent
   * from `inputs`, be it required or not.
   */
  validate?(inputs: Inputs): Iterable<readonly [property: string, why: string]>;
  /** As {@link Provider.refuseForeign}; for kinds whose objects have a name. */
  refuseForeign?(inputs: Inputs, context: Context): Promise<void>;
  /** As {@link Provider.create}. */
  create(inputs: Inputs, context: Context): Promise<Created>;
  /**
   * Undefined if it is gone. Inputs are as recorded unless something else is found, which is then drift; for an import, what
   * the program would have to say.
   *
   * @default inputs those recorded
   */
  read(existing: Recorded<Inputs>, context: Context): Promise<{ inputs?: object; outputs: object } | undefined>;
  /** For fields that are `inPlace`. @returns the outputs. @default records what was given */
  update?(existing: Recorded<Inputs>, news: Inputs, context: Context): Promise<object>;
  /** Succeeds when it is gone already. */
  delete(existing: Recorded<Inputs>, context: Context): Promise<void>;
  /** As {@link Provider.recover}; `complete` unless it says otherwise. */
  recover?(inputs: Inputs): Promise<(Created & { complete?: boolean }) | undefined>;
}

/** Several kinds behind one provider. */
export function providerOf(kinds: readonly Kind<never>[], close = async () => {}): Provider {
  const kindOf = (type: string): Kind<Properties> => {
    const found = kinds.find((kind) => kind.type === type);
    if (!found) throw unknownKind(type);
    // Inputs are only ever those that its own `fields` let pass.
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
      // Two objects with one name cannot exist side by side.
      return { ...result, deleteBeforeReplace: named === true && existing.inputs.name === news.name };
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
      // Says how the official provider's bridge encoded the outputs: no longer true.
      const { __pulumi_raw_state_delta: _, ...outputs } = existing.outputs;
      return { outputs: { ...outputs, ...Object.fromEntries(changed.map((key) => [key, news[key] ?? null])) } };
    },
    delete: (existing, context) => kindOf(existing.type).delete(existing, context),
    async recover(resource, inputs) {
      const found = await kindOf(resource.type).recover?.(inputs);
      return found && { complete: true, ...found, outputs: outputsOf(found.id, found.outputs) };
    },
    close,
  };
}

function nameFor({ urn }: ResourceRef, olds: Properties | undefined) {
  const defaulted = Array.isArray(olds?.__defaults) && olds.__defaults.includes("name");
  const logical = urn.slice(urn.lastIndexOf("::") + 2);
  return (defaulted && olds?.name) || `${logical}-${randomBytes(4).toString("hex").slice(0, 7)}`;
}

const defined = (given: object): Properties =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

const outputsOf = (id: string, outputs: object): Properties => defined({ id, ...outputs, __defaults: undefined });
