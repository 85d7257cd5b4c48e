/** Carries out single steps: tells the display, keeps the journal, calls the provider. In a preview, only tells. */

import type { Emit, Step } from "./events";
import type { Journal } from "./journal";
import { isProviderType, type PendingOperation, type ResourceState } from "./model";
import { type Context, type Existing, PartialCreateError, type Properties, Unknown } from "./provider";
import type { ProviderRegistry } from "./registry";
import {
  containsUnknown,
  equal,
  isInternalKey,
  mapProps,
  markPaths,
  markSecrets,
  type Props,
  settled,
  unwrapProps,
} from "./values";

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function existing(state: ResourceState): Existing {
  const { urn, type, id = "" } = state;
  return { urn, type, id, inputs: unwrapProps(state.inputs), outputs: unwrapProps(state.outputs) };
}

export class Steps {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param parallel how many provider calls may run at once */
  constructor(
    readonly journal: Journal,
    readonly registry: ProviderRegistry,
    readonly emit: Emit,
    readonly preview: boolean,
    private readonly parallel: number,
  ) {}

  /** Emits the step's start and end around `work`, which is left out in a preview. */
  async run(step: Step, work: () => Promise<ResourceState | undefined>): Promise<ResourceState | undefined> {
    if (this.preview) {
      this.emit({ kind: "done", step, ms: 0 });
      return step.new;
    }
    return this.limited(async () => {
      const started = Date.now();
      this.emit({ kind: "start", step });
      try {
        const result = await work();
        this.emit({ kind: "done", step: { ...step, ...(result && { new: result }) }, ms: Date.now() - started });
        return result;
      } catch (error) {
        this.emit({ kind: "fail", step, message: messageOf(error) });
        throw error;
      }
    });
  }

  /** At most `parallel` at a time. */
  async limited<T>(work: () => Promise<T>): Promise<T> {
    while (this.running >= this.parallel) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running += 1;
    try {
      return await work();
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  context(state: ResourceState, operation?: "create" | "update" | "delete"): Context {
    const seconds = operation && state.customTimeouts?.[operation];
    return {
      log: (message) => this.emit({ kind: "log", severity: "info", message, urn: state.urn }),
      signal: seconds ? AbortSignal.timeout(seconds * 1000) : new AbortController().signal,
    };
  }

  /**
   * Makes `state` anew.
   *
   * @param old what it takes the place of in the state; for `replaced`, what stays there to be deleted later
   */
  async create(
    step: Step,
    state: ResourceState,
    old?: ResourceState,
    replaced?: ResourceState,
  ): Promise<ResourceState> {
    const made = await this.run({ ...step, new: state }, async () => {
      const provider = this.registry.get(state.provider);
      const operation = await this.journal.begin(state, "creating");
      const record = async (id: string, outputs: Properties, initErrors?: string[]) => {
        const now = new Date().toISOString();
        const result: ResourceState = {
          ...state,
          id,
          outputs: this.marked(state, outputs),
          ...(initErrors && { initErrors }),
          created: now,
          modified: now,
        };
        const settled = this.journal.settle(operation, old, result);
        // In the same write as the new one, so that neither is lost.
        const kept = replaced && this.journal.replace(undefined, replaced, { ...replaced, delete: true });
        await Promise.all([settled, kept]);
        return result;
      };
      try {
        const { id, outputs } = await provider.create(state, unwrapProps(state.inputs), this.context(state, "create"));
        return await record(id, outputs);
      } catch (error) {
        if (error instanceof PartialCreateError) await record(error.id, error.outputs, [error.message]);
        else await this.journal.settle(operation, undefined);
        throw error;
      }
    });
    if (!this.preview) return made ?? state;
    await this.journal.settle(undefined, old, { ...state, outputs: state.inputs });
    if (replaced) await this.journal.replace(undefined, replaced, { ...replaced, delete: true });
    return { ...state, outputs: state.inputs };
  }

  async update(step: Step, state: ResourceState, old: ResourceState): Promise<ResourceState> {
    const provider = this.registry.get(state.provider);
    const updated = await this.run({ ...step, new: state }, async () => {
      const operation = await this.journal.begin({ ...state, id: old.id }, "updating");
      const context = this.context(state, "update");
      // When this fails, the operation stays pending: the next run looks what became of it.
      const { outputs } = await provider.update(existing(old), unwrapProps(state.inputs), context);
      const result = { ...state, outputs: this.marked(state, outputs), modified: new Date().toISOString() };
      await this.journal.settle(operation, old, result);
      return result;
    });
    if (!this.preview) return updated ?? state;
    const kept = provider.previewsUpdates === false ? {} : old.outputs;
    const result = { ...state, outputs: { ...kept, ...state.inputs } };
    await this.journal.settle(undefined, old, result);
    return result;
  }

  /**
   * Deletes what `state` stands for, unless it is none of ours or `keep`.
   *
   * @param pendingReplacement leave it in the state as deleted, for its replacement to come
   */
  async remove(step: Step, state: ResourceState, keep: boolean, pendingReplacement = false): Promise<void> {
    const record = (operation?: PendingOperation) =>
      pendingReplacement
        ? this.journal.replace(operation, state, { ...state, pendingReplacement: true })
        : this.journal.settle(operation, state);
    const real = state.custom && !state.external && !state.pendingReplacement && !isProviderType(state.type) && !keep;
    await this.run(step, async () => {
      if (!real) {
        await record();
        return undefined;
      }
      const provider = this.registry.get(state.provider);
      const operation = await this.journal.begin(state, "deleting");
      await provider.delete(existing(state), this.context(state, "delete"));
      await record(operation);
      return undefined;
    });
    if (this.preview) await record();
  }

  /** Outputs with the secret marks of the inputs, of the options and of the provider. */
  marked(state: ResourceState, outputs: Properties | Props): Props {
    const paths = [
      ...(state.additionalSecretOutputs ?? []),
      ...this.registry.get(state.provider).secretOutputs(state.type),
    ];
    return markPaths(markSecrets(outputs as Props, state.inputs ?? {}), paths);
  }

  /** What a provider read, as state; unchanged values keep their marks. */
  refreshed(state: ResourceState, found: { inputs: Properties; outputs: Properties }): ResourceState {
    const inputs = markSecrets(found.inputs as Props, state.inputs ?? {});
    const now = {
      ...state,
      inputs: equal(inputs, state.inputs) ? state.inputs : inputs,
      outputs: this.marked(state, markSecrets(found.outputs as Props, state.outputs ?? {})),
    };
    return { ...now, ...(this.changedOutputs(state, now).length > 0 && { modified: new Date().toISOString() }) };
  }

  /** Top-level outputs that differ, internal ones aside. */
  changedOutputs(old: ResourceState, now: ResourceState): string[] {
    const [before, after] = [unwrapProps(old.outputs), unwrapProps(now.outputs)];
    const keys = Object.keys({ ...before, ...after });
    return keys.filter((key) => !isInternalKey(key) && settled(before[key]) !== settled(after[key]));
  }
}

/** For display: what a replaced resource's outputs will be, as far as is known. */
export function plannedOutputs(old: ResourceState, inputs: Props): Props {
  const computed = mapProps(old.outputs ?? {}, (value) => (value === null ? null : Unknown.instance));
  for (const key of Object.keys(computed)) if (isInternalKey(key) || computed[key] === null) delete computed[key];
  return { ...computed, ...inputs };
}

export const known = (props: Props): Props =>
  Object.fromEntries(Object.entries(props).filter(([, value]) => !containsUnknown(value)));
