import { randomBytes } from "node:crypto";
import type { CheckFailure, Context, DiffResult, Existing, Properties, Provider, ResourceRef } from "../provider";
import { check, diff, type Fields } from "./schema";

export interface Created {
  id: string;
  outputs: Properties;
}

/** One resource kind: what it accepts, and what to do; checking and comparing follow from `fields`. */
export interface Kind {
  /** Type token, e.g. `docker:index/network:Network`. */
  readonly type: string;
  readonly fields: Fields;
  /** `name` may be left out: it is then the resource's own name and seven random hex digits. */
  readonly named?: boolean;
  /** Whether official state notes defaulted inputs in `__defaults`. */
  readonly marksDefaults: boolean;
  readonly secretOutputs?: readonly string[];
  /** Rules across properties; called only when everything is of the right type. */
  validate?(inputs: Properties): CheckFailure[];
  create(inputs: Properties, context: Context): Promise<Created>;
  read(existing: Existing, context: Context): Promise<{ inputs: Properties; outputs: Properties } | undefined>;
  update?(existing: Existing, news: Properties, context: Context): Promise<Properties>;
  delete(existing: Existing, context: Context): Promise<void>;
  /** As {@link Provider.recover}. */
  recover?(inputs: Properties): Promise<(Created & { complete: boolean }) | undefined>;
}

/** Several kinds behind one provider. */
export function providerOf(kinds: readonly Kind[], close?: () => Promise<void>): Provider {
  const kindOf = (type: string): Kind => {
    const found = kinds.find((kind) => kind.type === type);
    if (!found) {
      throw new Error(
        `${type}: the local engine does not know this resource kind; use the Pulumi CLI (set APIM_ENGINE=pulumi)`,
      );
    }
    return found;
  };
  return {
    types: kinds.map((kind) => kind.type),
    secretOutputs: (type) => kindOf(type).secretOutputs ?? [],
    async check(resource, olds, news) {
      const kind = kindOf(resource.type);
      const named = kind.named ? withName(resource, olds, news) : news;
      const { inputs, failures } = check(kind.fields, named, kind.marksDefaults);
      if (named !== news) {
        inputs.__defaults = ["name", ...(Array.isArray(inputs.__defaults) ? inputs.__defaults : [])].sort();
      }
      return { inputs, failures: failures.length > 0 ? failures : (kind.validate?.(inputs) ?? []) };
    },
    async diff(existing, news): Promise<DiffResult> {
      const kind = kindOf(existing.type);
      const result = diff(kind.fields, existing.inputs, news);
      // Two objects with one name cannot exist side by side.
      const sameName = kind.named === true && existing.inputs.name === news.name;
      return { ...result, deleteBeforeReplace: result.replaces.length > 0 && sameName };
    },
    create: (resource, inputs, context) => kindOf(resource.type).create(inputs, context),
    read: (existing, context) => kindOf(existing.type).read(existing, context),
    async update(existing, news, context) {
      const outputs = (await kindOf(existing.type).update?.(existing, news, context)) ?? existing.outputs;
      return { outputs };
    },
    delete: (existing, context) => kindOf(existing.type).delete(existing, context),
    recover: async (resource, inputs) => kindOf(resource.type).recover?.(inputs),
    close: async () => close?.(),
  };
}

function withName(resource: ResourceRef, olds: Properties | undefined, news: Properties): Properties {
  if (news.name !== undefined && news.name !== null) {
    return news;
  }
  const defaulted = Array.isArray(olds?.__defaults) && olds.__defaults.includes("name");
  const logical = resource.urn.slice(resource.urn.lastIndexOf("::") + 2);
  const name = defaulted && olds ? (olds.name ?? null) : `${logical}-${randomBytes(4).toString("hex").slice(0, 7)}`;
  return { ...news, name };
}
