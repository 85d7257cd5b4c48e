/** Carries out single steps: tells the display, keeps the journal, calls the provider. In a preview, only tells. */

import type { Emit, Step } from "../events";
import { isProviderType, type PendingOperation, type ResourceState } from "../model";
import { type Context, type Existing, PartialCreateError, type Properties, Unknown } from "../provider";
import {
  containsUnknown,
  equal,
  isInternalKey,
  mapProps,
  markPaths,
  markSecrets,
  type Prop,
  type Props,
  parsePath,
  resetPath,
  settled,
  UNKNOWN_ID,
  unwrapProps,
} from "../values";
import type { Journal } from "./journal";
import type { ProviderRegistry } from "./registry";

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function existing(state: ResourceState): Existing {
  const { urn, type, id = "" } = state;
  return { urn, type, id, inputs: unwrapProps(state.inputs), outputs: unwrapProps(state.outputs) };
}

/** Thrown when the run was asked to stop. */
export class Stopped extends Error {}

export class Steps {
  /** Set when the run is asked to stop: what is under way ends, nothing else begins. */
  stopping = false;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /**
   * @param parallel how many provider calls may run at once
   * @param ending aborted when the run ends at once, whatever is under way
   */
  constructor(
    readonly journal: Journal,
    readonly registry: ProviderRegistry,
    readonly emit: Emit,
    readonly preview: boolean,
    private readonly parallel: number,
    private readonly ending: AbortSignal,
  ) {}

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

  /** @throws {Stopped} */
  refuseWhenStopping(): void {
    if (this.stopping) throw new Stopped("the run was asked to stop");
  }

  context(state: ResourceState, operation?: "create" | "update" | "delete"): Context {
    const seconds = operation && state.customTimeouts?.[operation];
    return {
      log: (message) => this.emit({ kind: "log", severity: "info", message, urn: state.urn }),
      signal: AbortSignal.any([this.ending, ...(seconds ? [AbortSignal.timeout(seconds * 1000)] : [])]),
    };
  }

  fail(urn: string, message: string): void {
    this.emit({ kind: "log", severity: "error", message, urn });
  }

  warn(urn: string, message: string): void {
    this.emit({ kind: "log", severity: "warning", message, urn });
  }

  done(step: Step): void {
    this.emit({ kind: "done", step, ms: 0 });
  }

  /**
   * Makes `state` anew.
   *
   * @param old what it takes the place of in the state; for `replaced`, what stays there to be deleted later
   */
  async create(step: Step, state: ResourceState, old?: ResourceState, replaced?: ResourceState) {
    const record = async (made: ResourceState, operation?: PendingOperation): Promise<ResourceState> => {
      this.registry.configure(made);
      const settled = this.journal.settle(operation, old, made);
      // In the same write as the new one, so that neither is lost.
      const kept = replaced && this.journal.replace(undefined, replaced, { ...replaced, delete: true });
      await Promise.all([settled, kept]);
      return made;
    };
    return this.run({ ...step, new: state }, async () => {
      if (this.preview)
        return record({ ...state, id: isProviderType(state.type) ? UNKNOWN_ID : undefined, outputs: state.inputs });
      const provider = this.registry.of(state);
      const finish = (
        { id, outputs }: { id: string; outputs: Properties },
        operation?: PendingOperation,
        problem?: string,
      ) => {
        const now = new Date().toISOString();
        const made = {
          ...state,
          id: id || undefined,
          outputs: this.marked(state, outputs),
          created: now,
          modified: now,
        };
        return record({ ...made, initErrors: problem === undefined ? undefined : [problem] }, operation);
      };
      const stayed = old && (await this.stayed(old, state));
      if (stayed) return finish(stayed);
      const [inputs, context] = [unwrapProps(state.inputs), this.context(state, "create")];
      await provider.refuseForeign?.(state, inputs, context);
      const operation = await this.journal.begin(state, "creating");
      const made = await provider.create(state, inputs, context).catch(async (error) => {
        const half = error instanceof PartialCreateError && { id: error.id, outputs: error.outputs, complete: false };
        const left = half || (await this.leftByFailed(operation));
        if (left && !left.complete) await finish(left, operation, messageOf(error));
        if (!left?.complete) throw error;
        this.warn(state.urn, `made all the same: ${messageOf(error)}`);
        return left;
      });
      return finish(made, operation);
    });
  }

  /** What a create that has just failed made all the same. When that can't be known, it stays open for the next run. */
  private async leftByFailed(operation: PendingOperation) {
    try {
      const left = await this.leftBehind(operation.resource);
      if (left === undefined) await this.journal.settle(operation, undefined);
      return left;
    } catch {
      return undefined;
    }
  }

  /** What went with its holder, or was only let go, and stayed all the same, e.g. a database on a volume. */
  private async stayed(old: ResourceState, state: ResourceState) {
    const asBefore = equal(old.inputs, state.inputs);
    if (!old.pendingReplacement || !(asBefore || old.deletedWith)) return undefined;
    const left = await this.leftBehind(state);
    return left?.complete && (asBefore || left.id === old.id) ? left : undefined;
  }

  /**
   * What a create of `state` that failed or was cut off has made, if anything.
   *
   * @throws when that can't be known now
   */
  async leftBehind(state: ResourceState) {
    const found = await this.registry.of(state).recover?.(state, unwrapProps(state.inputs), this.context(state));
    const isFound = ({ urn, id, pendingReplacement }: ResourceState) =>
      urn === state.urn && id === found?.id && !pendingReplacement;
    return this.journal.resources().some(isFound) ? undefined : found;
  }

  async update(step: Step, state: ResourceState, old: ResourceState): Promise<ResourceState> {
    const provider = this.registry.of(state);
    const record = async (outputs: Props, operation?: PendingOperation): Promise<ResourceState> => {
      const result = { ...state, outputs, modified: new Date().toISOString() };
      await this.journal.settle(operation, old, result);
      this.registry.configure(result);
      return result;
    };
    return this.run({ ...step, new: state }, async () => {
      if (this.preview) return record({ ...(provider.previewsUpdates === false ? {} : old.outputs), ...state.inputs });
      const operation = await this.journal.begin({ ...state, id: old.id }, "updating");
      // When this fails, the operation stays pending: the next run looks what became of it.
      const { outputs } = await provider.update(
        existing(old),
        unwrapProps(state.inputs),
        this.context(state, "update"),
      );
      return record(this.marked(state, outputs), operation);
    });
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
    const real = state.custom && !state.external && !state.pendingReplacement && !keep && !this.preview;
    await this.run(step, async () => {
      if (!real) return void (await record());
      const provider = this.registry.of(state);
      const operation = await this.journal.begin(state, "deleting");
      await provider.delete(existing(state), this.context(state, "delete"));
      return void (await record(operation));
    });
  }

  /**
   * Takes what exists as `id` into the state; a preview looks too, for looking changes nothing.
   *
   * @param ignored for an import: inputs that may be as they are found
   * @throws when there is no such thing, or (import) it is not what the program says
   */
  async take(
    op: "read" | "import",
    wanted: ResourceState,
    old: ResourceState | undefined,
    id: string,
    ignored: readonly string[] = [],
  ): Promise<ResourceState> {
    const { urn, type } = wanted;
    const provider = this.registry.of(wanted);
    const query = { urn, type, id, inputs: op === "read" ? unwrapProps(wanted.inputs) : {}, outputs: {} };
    // In a preview, what is to be read may have to be made first.
    const found = id === UNKNOWN_ID ? query : await provider.read(query, this.context(wanted));
    if (found === undefined) throw new Error(`${op}: there is no ${type} with id "${id}"`);
    const asFound = (inputs: Prop, path: string) => resetPath(inputs, found.inputs, parsePath(path));
    const state = { ...wanted, id, inputs: ignored.reduce(asFound, wanted.inputs ?? {}) as Props };
    if (op === "import") {
      const { changes, detailed, replaces } = await provider.diff({ ...query, ...found }, unwrapProps(state.inputs));
      const differing = [...new Set([...Object.keys(detailed), ...replaces])].join(", ");
      if (changes)
        throw new Error(`import: ${differing} of "${id}" differ from the program; make the program say what is there`);
    }
    const now = new Date().toISOString();
    const kind = op === "read" ? { external: true } : { importID: id, created: now, modified: now };
    const taken: ResourceState = { ...state, ...kind, outputs: this.marked(state, found.outputs) };
    // What is ours and goes by that name is deleted at the end of the run, unless it is the very same: that is let go.
    const gives = old === undefined || old.external || old.pendingReplacement || old.id === id;
    const kept = gives ? undefined : this.journal.replace(undefined, old, { ...old, delete: true });
    await Promise.all([kept, this.journal.settle(undefined, gives ? old : undefined, taken)]);
    this.done({ op, urn, old, new: taken });
    return taken;
  }

  /** Emits the step's start and end around `work`; in a preview, its end. */
  private async run<T extends ResourceState | undefined>(step: Step, work: () => Promise<T>): Promise<T> {
    if (this.preview) {
      const planned = await work();
      this.done(step);
      return planned;
    }
    return this.limited(async () => {
      // It may have waited for its turn since it was planned.
      this.refuseWhenStopping();
      const started = Date.now();
      this.emit({ kind: "start", step });
      try {
        const made = await work();
        this.emit({ kind: "done", step: { ...step, ...(made && { new: made }) }, ms: Date.now() - started });
        return made;
      } catch (error) {
        this.emit({ kind: "fail", step, message: messageOf(error) });
        throw error;
      }
    });
  }

  /** Outputs with the secret marks of the inputs, of the options and of the provider. */
  marked(state: ResourceState, outputs: Properties | Props): Props {
    const paths = [...(state.additionalSecretOutputs ?? []), ...this.registry.of(state).secretOutputs(state.type)];
    return markPaths(markSecrets(outputs as Props, state.inputs ?? {}), paths);
  }

  /** What a provider read, as state; unchanged values keep their marks. */
  refreshed(state: ResourceState, found: { inputs: Properties; outputs: Properties }): ResourceState {
    const inputs = markSecrets(found.inputs as Props, state.inputs ?? {});
    const outputs = this.marked(state, markSecrets(found.outputs as Props, state.outputs ?? {}));
    const now = { ...state, inputs: equal(inputs, state.inputs) ? state.inputs : inputs, outputs };
    return { ...now, ...(changedOutputs(state, now).length > 0 && { modified: new Date().toISOString() }) };
  }
}

/** Top-level outputs that differ, internal ones aside. */
export function changedOutputs(old: ResourceState, now: ResourceState): string[] {
  const keys = Object.keys({ ...old.outputs, ...now.outputs });
  return keys.filter((key) => !isInternalKey(key) && settled(old.outputs?.[key]) !== settled(now.outputs?.[key]));
}

/** For display: what a replaced resource's outputs will be, as far as is known. */
export function plannedOutputs(old: ResourceState, inputs: Props): Props {
  const computed = mapProps(old.outputs ?? {}, (value) => (value === null ? null : Unknown.instance));
  for (const key of Object.keys(computed)) if (isInternalKey(key) || computed[key] === null) delete computed[key];
  return { ...computed, ...inputs };
}

export const known = (props: Props): Props =>
  Object.fromEntries(Object.entries(props).filter(([, value]) => !containsUnknown(value)));
