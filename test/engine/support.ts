import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { Crypter } from "../../engine/backend/crypto";
import { StateFile } from "../../engine/backend/stateFile";
import type { EngineEvent, Step } from "../../engine/events";
import type { Goal, ResourceState } from "../../engine/model";
import { Deployment, type Registration } from "../../engine/planning/deployment";
import { destroyAll } from "../../engine/planning/destroy";
import { Journal } from "../../engine/planning/journal";
import { recoverPending } from "../../engine/planning/recover";
import { refreshAll } from "../../engine/planning/refresh";
import { ProviderRegistry } from "../../engine/planning/registry";
import { Steps } from "../../engine/planning/steps";
import {
  type DiffKind,
  type Existing,
  PartialCreateError,
  type Properties,
  type Provider,
  type ProviderFactory,
  type ProviderHost,
  Unknown,
} from "../../engine/provider";
import { dynamicProvider } from "../../engine/providers/dynamic";
import { equal, fromState, type Props } from "../../engine/values";
import { integrityErrors } from "./integrity";

export const stack = { project: "shelf", stack: "dev" };
export const THING = "toy:index:Thing";
/** A kind with a physical name, so a replacement deletes the old object first. */
export const NAMED = "toy:index:Named";

const temporaryDirs: string[] = [];
export function temporaryDir(): string {
  const dir = mkdtempSync(path.join(tmpdir(), "apim-engine-"));
  temporaryDirs.push(dir);
  return dir;
}
export function removeTemporaryDirs(): void {
  for (const dir of temporaryDirs.splice(0)) rmSync(dir, { recursive: true, force: true });
}

let shared: Promise<Crypter> | undefined;
/** Shared by all tests, because deriving a key deliberately takes long. */
export function testCrypter(): Promise<Crypter> {
  shared ??= Crypter.create("correct horse");
  return shared;
}

export type Call = "create" | "update" | "delete" | "read" | "recover";

/** A server with objects in memory, which outlive runs. A change of `size` replaces an object, `colour` changes in place. */
export class World {
  readonly things = new Map<string, Properties>();
  readonly calls: string[] = [];
  private counter = 0;
  /** Called before and after each effect; may throw, or never return. */
  hook: (moment: "before" | "after", call: Call, name: string) => Promise<void> | void = () => {};

  /** An independent copy with the same objects. */
  copy(): World {
    const copy = new World();
    for (const [id, thing] of this.things) copy.things.set(id, thing);
    copy.counter = this.counter;
    return copy;
  }

  names(): string[] {
    return [...this.things.values()].map((thing) => String(thing.name)).sort();
  }

  readonly provider: Provider = {
    types: [THING, NAMED, "random:index/randomId:RandomId", "random:index/randomPassword:RandomPassword"],
    replacesBroken: (type) => type === NAMED,
    secretOutputs: (type) => (type.endsWith("RandomPassword") ? ["result"] : []),
    check: async (_ref, _olds, news) => ({
      inputs: { ...news, __defaults: [] },
      failures: news.colour === "ugly" ? [{ property: "colour", reason: "colour: nobody wants that" }] : [],
    }),
    diff: async (existing, news) => {
      const keys = Object.keys({ ...existing.inputs, ...news }).filter(
        (key) => !key.startsWith("__") && !equal(existing.inputs[key] as Props[string], news[key] as Props[string]),
      );
      const replaces = keys.filter((key) => ["size", "name", "keepers", "byteLength"].includes(key));
      const kind = (key: string): DiffKind => (replaces.includes(key) ? "update-replace" : "update");
      return {
        changes: keys.length > 0,
        replaces,
        deleteBeforeReplace: existing.type === NAMED,
        detailed: Object.fromEntries(keys.map((key) => [key, kind(key)])),
      };
    },
    refuseForeign: async (ref) => {
      const name = ref.urn.split("::").pop() ?? "";
      if (ref.type === NAMED && [...this.things.values()].some((thing) => thing.name === name))
        throw new Error(`${name} exists already`);
    },
    create: async (ref, inputs) => {
      const name = ref.urn.split("::").pop() ?? "";
      await this.effect("create", name);
      if (Object.values(inputs).some((value) => value instanceof Unknown)) throw new Error("created with an unknown");
      const id = `${name}-${++this.counter}`;
      const outputs = { ...inputs, name, hex: `hex-${id}`, result: `result-${id}` };
      this.things.set(id, outputs);
      await this.hook("after", "create", name);
      if (inputs.half === true) throw new PartialCreateError("only half of it", id, outputs);
      return { id, outputs };
    },
    read: async (existing) => {
      const outputs = this.things.get(existing.id);
      await this.effect("read", existing.id);
      return outputs && { inputs: withoutComputed(outputs), outputs };
    },
    update: async (existing, news) => {
      const name = String(existing.outputs.name);
      await this.effect("update", name);
      const outputs = { ...existing.outputs, ...news };
      this.things.set(existing.id, outputs);
      await this.hook("after", "update", name);
      if (news.halfUpdated === true) throw new PartialCreateError("only half updated", existing.id, outputs);
      return { outputs };
    },
    delete: async (existing: Existing) => {
      const name = String(existing.outputs.name);
      await this.effect("delete", name);
      this.things.delete(existing.id);
      await this.hook("after", "delete", name);
    },
    invoke: async (token, { name }) => {
      if (name === "lost") throw new Error(`${token}: there is no ${name}`);
      return { place: `place of ${name}` };
    },
    recover: async (ref) => {
      const name = ref.urn.split("::").pop() ?? "";
      await this.effect("recover", name);
      const found = [...this.things].reverse().find(([, thing]) => thing.name === name);
      return found && { id: found[0], outputs: found[1], complete: found[1].whole === true };
    },
  };

  private async effect(call: Call, name: string): Promise<void> {
    this.calls.push(`${call} ${name}`);
    await this.hook("before", call, name);
  }
}

function withoutComputed({ name: _name, hex: _hex, result: _result, ...inputs }: Properties): Properties {
  return inputs;
}

export function thing(name: string, inputs: Props = {}, options: Partial<Goal> = {}): Goal {
  const propertyDependencies = Object.fromEntries(Object.keys(inputs).map((key) => [key, [] as string[]]));
  return { type: THING, name, custom: true, inputs, propertyDependencies, ...options };
}

export const urnOf = (name: string, type = THING): string => `urn:pulumi:dev::shelf::${type}::${name}`;

/** A reference to an explicit provider, whose id is filled in when it is registered. */
export const referenceTo = (urn: string): string => `${urn}::id`;

/** With `from`, the input `input` is the output `hex` of the resource `from`. */
export type Wiring = Goal & { readonly from?: string };
export function wired(goal: Goal, from: string): Wiring {
  return {
    ...goal,
    from,
    dependencies: [urnOf(from)],
    propertyDependencies: { ...goal.propertyDependencies, input: [urnOf(from)] },
  };
}

export interface Outcome {
  readonly events: EngineEvent[];
  readonly registrations: Map<string, Registration>;
  readonly failed: boolean;
  /** Finished steps, each as `operation name`. */
  readonly steps: string[];
}

/** Registers `goals` as a program would, against a world and a state directory. */
export async function deploy(
  dir: string,
  world: World,
  goals: readonly Wiring[],
  preview = false,
  outputs: Props = {},
  outputsOf?: string,
): Promise<Outcome> {
  const { steps, journal, events } = await open(dir, world, preview);
  const deployment = new Deployment(stack, steps, { values: {}, secretKeys: [] });
  const registrations = new Map<string, Registration>();
  for (const { from, ...goal } of goals) {
    const hex = from === undefined ? undefined : (registrations.get(from)?.outputs.hex ?? Unknown.instance);
    const inputs = hex === undefined ? goal.inputs : { ...goal.inputs, input: hex };
    const holder = [...registrations.values()].find(({ urn }) => goal.provider === referenceTo(urn));
    const provider = holder ? `${holder.urn}::${holder.id}` : goal.provider;
    registrations.set(goal.name, await deployment.register({ ...goal, provider, inputs }));
  }
  const holder = outputsOf ?? deployment.rootUrn;
  if (holder) await deployment.registerOutputs(holder, outputs);
  await deployment.finish();
  await journal.flush();
  return { events, registrations, failed: deployment.failed, steps: stepsOf(events) };
}

export async function destroy(dir: string, world: World): Promise<boolean> {
  const { steps, journal } = await open(dir, world, false);
  const gone = await destroyAll(steps);
  await journal.flush();
  return gone;
}

export async function refresh(dir: string, world: World): Promise<string[]> {
  const { steps, journal, events } = await open(dir, world, false);
  await refreshAll(steps);
  await journal.flush();
  return stepsOf(events);
}

/** The recorded resources with decrypted secrets. */
export async function recorded(dir: string): Promise<ResourceState[]> {
  const crypter = await testCrypter();
  const reveal = (props: Props | undefined) => fromState(props ?? {}, crypter) as Props;
  return (new StateFile(dir, stack).read()?.resources ?? []).map((state) => ({
    ...state,
    inputs: reveal(state.inputs),
    outputs: reveal(state.outputs),
  }));
}

const refused: string[] = [];
/** The integrity errors of all states that were written since the last call. */
export const statesRefused = (): string[] => refused.splice(0);

/** Maximum number of concurrent provider calls. */
export const PARALLEL = 8;

/** Opens the state and the providers of a run. */
export async function open(dir: string, world: World, preview: boolean) {
  const file = new StateFile(dir, stack);
  const write = file.write.bind(file);
  file.write = async (resources, ...others) => {
    const wrong = integrityErrors(resources.map((text) => JSON.parse(text)));
    if (wrong.length > 0) refused.push(wrong.join("; "));
    return write(resources, ...others);
  };
  const stored = file.read();
  const resources = await recorded(dir);
  const journal = new Journal(preview ? undefined : file, resources, await testCrypter());
  const events: EngineEvent[] = [];
  const registry = new ProviderRegistry(() => world.provider);
  registry.start(resources);
  const { signal } = new AbortController();
  const steps = new Steps(journal, registry, (event) => events.push(event), preview, PARALLEL, signal);
  if (!preview) await recoverPending(stored?.pending ?? [], steps);
  return { steps, journal, events };
}

function stepsOf(events: readonly EngineEvent[]): string[] {
  const label = ({ op, urn }: Step) => `${op} ${urn.split("::").pop()}`;
  return events.flatMap((event) =>
    event.kind === "done" && !event.step.urn.includes("pulumi:providers:") ? [label(event.step)] : [],
  );
}

/** The world serves all packages, except dynamic resources, whose code is in the program. */
export function providersOf(world: World): (host: ProviderHost) => Promise<ProviderFactory> {
  return async (host) => (pkg, config) => (pkg === "pulumi-nodejs" ? dynamicProvider(config, host) : world.provider);
}
