/** The provider of dynamic resources, whose code runs in a process of its own. */

import { DynamicProcess, type Failure } from "../dynamicProcess";
import {
  type DiffKind,
  PartialCreateError,
  type Properties,
  type Provider,
  type ProviderHost,
  type Value,
} from "../provider";
import { differingKeys, fromWire, type Props, toWire } from "../values";
import { failure } from "./schema";

const TYPE = "pulumi-nodejs:dynamic:Resource";

/** @param config the stack's decrypted configuration, for dynamic providers with `configure` */
export function dynamicProvider(config: Properties, host: ProviderHost): Provider {
  const process = new DynamicProcess(host);
  const call = async (method: string, args: object, signal?: AbortSignal): Promise<Record<string, unknown>> => {
    const { result, error } = await process.call(method, args, signal);
    if (error) throw errorOf(error);
    return result ?? {};
  };
  // It takes the calls in their order. If it can't start, each of them says so.
  call("configure", toWire(config as Props) as object).catch(() => undefined);
  return {
    types: [TYPE],
    previewsUpdates: false,
    secretOutputs: () => [],
    async check(_resource, olds, news) {
      const { inputs, failures } = await call("check", { olds: wire(olds ?? {}), news: wire(news) });
      const found = failures as readonly { property: string; reason: string }[];
      return {
        inputs: properties(inputs),
        failures: found.map(({ property, reason }) => failure(property, reason)),
      };
    },
    async diff({ id, inputs, outputs }, news) {
      const answer = await call("diff", { id, olds: wire(outputs), news: wire(news) });
      const changed = differingKeys(inputs, news);
      const replaces = answer.replaces as string[];
      const kind = (key: string): DiffKind => (replaces.includes(key) ? "update-replace" : "update");
      return {
        changes: typeof answer.changes === "boolean" ? answer.changes : changed.length > 0,
        replaces,
        deleteBeforeReplace: answer.deleteBeforeReplace === true,
        detailed: Object.fromEntries(changed.map((key) => [key, kind(key)])),
      };
    },
    async create(_resource, inputs, { signal }) {
      const { id, outputs } = await call("create", { props: wire(inputs) }, signal);
      return { id: String(id), outputs: properties(outputs) };
    },
    async read({ id, inputs, outputs }) {
      const found = await call("read", { id, props: wire(outputs) });
      if ((found.id ?? "") === "") return undefined;
      return { inputs: found.inputs ? properties(found.inputs) : inputs, outputs: properties(found.outputs) };
    },
    async update({ id, outputs }, news, { signal }) {
      const updated = await call("update", { id, olds: wire(outputs), news: wire(news) }, signal);
      return { outputs: properties(updated.outputs) };
    },
    async delete({ id, outputs }, { signal }) {
      await call("delete", { id, props: wire(outputs) }, signal);
    },
    close: () => process.end(),
  };
}

function errorOf({ message, id, properties: made }: Failure): Error {
  return id === undefined ? new Error(message) : new PartialCreateError(message, id, properties(made));
}

const wire = (props: Properties): unknown => toWire(props as Props);
const properties = (from: unknown): Properties => fromWire(from ?? {}) as { [key: string]: Value };
