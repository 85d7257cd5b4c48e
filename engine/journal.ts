/** The state of a run in progress: what is settled, what is still as before, and what is under way. */

import type { Crypter } from "./crypto";
import { type PendingOperation, type PendingType, providerUrn, type ResourceState } from "./model";
import type { StateFile } from "./stateFile";
import { equal, type Prop, type Props, toState } from "./values";

/**
 * Every change is on disk before the returned promise resolves. Writes that come in while one is under way are
 * written together. The resources are listed so that each comes after all that it refers to: first those settled in
 * this run, in their order, then the rest in their old order.
 */
export class Journal {
  private settled: ResourceState[] = [];
  private rest: ResourceState[];
  private readonly pending = new Set<PendingOperation>();
  private readonly texts = new WeakMap<ResourceState, string>();
  /** Recorded URN -> the one that it goes by now. */
  private readonly renamed = new Map<string, string>();
  private writing: Promise<void> = Promise.resolve();
  private queued: Promise<void> | undefined;
  private dirty = false;

  constructor(
    /** None in a preview: nothing is written. */
    private readonly file: StateFile | undefined,
    resources: readonly ResourceState[],
    private readonly crypter: Crypter | undefined,
  ) {
    this.rest = [...resources];
  }

  /** All resources as they would be written now. */
  resources(): ResourceState[] {
    return [...this.settled, ...this.rest];
  }

  /** Resources that this run has not settled. */
  remaining(): readonly ResourceState[] {
    return this.rest;
  }

  find(urn: string): ResourceState | undefined {
    return this.settled.find((each) => each.urn === urn);
  }

  async begin(resource: ResourceState, type: PendingType): Promise<PendingOperation> {
    const operation = { resource: this.resolve(resource), type };
    this.pending.add(operation);
    await this.save();
    return operation;
  }

  /**
   * Ends `operation`: `state` takes the place of `old`, or joins, or (undefined) `old` goes away. Nothing is written
   * when nothing changed.
   */
  async settle(operation: PendingOperation | undefined, old: ResourceState | undefined, state?: ResourceState) {
    if (operation !== undefined) this.pending.delete(operation);
    const kept = state && old && sameState(old, state) ? old : state;
    if (old !== undefined) {
      this.rest = this.rest.filter((each) => each !== old);
      this.settled = this.settled.filter((each) => each !== old);
    }
    if (kept !== undefined) this.settled.push(kept);
    this.dirty ||= kept !== old;
    if (operation !== undefined || (kept !== old && !(old && kept))) await this.save();
  }

  /** Puts `state` in the place of `old`, wherever that stands. */
  async replace(operation: PendingOperation | undefined, old: ResourceState, state: ResourceState): Promise<void> {
    if (operation !== undefined) this.pending.delete(operation);
    if (sameState(old, state) && operation === undefined) return;
    const swap = (each: ResourceState) => (each === old ? state : each);
    this.rest = this.rest.map(swap);
    this.settled = this.settled.map(swap);
    this.dirty = true;
    await this.save();
  }

  /** Ends `operation`; what it had made joins the resources that this run has not looked at. */
  async adopt(operation: PendingOperation, state: ResourceState | undefined): Promise<void> {
    this.pending.delete(operation);
    const current = this.rest.find((each) => each.urn === state?.urn && !each.delete);
    if (current?.pendingReplacement) this.rest = this.rest.filter((each) => each !== current);
    // It was to replace the current one: that is planned anew, so what was made is one too many.
    const surplus = current !== undefined && !current.pendingReplacement;
    if (state !== undefined && state.id !== current?.id) this.rest.push(surplus ? { ...state, delete: true } : state);
    await this.save();
  }

  rename(from: string, to: string): void {
    this.renamed.set(from, to);
    this.dirty = true;
  }

  /** Writes what has not been written yet. */
  async flush(): Promise<void> {
    if (this.dirty) await this.save();
    await this.writing;
  }

  private save(): Promise<void> {
    this.dirty = true;
    this.queued ??= this.writing
      .catch(() => undefined)
      .then(() => {
        this.queued = undefined;
        this.writing = this.write();
        return this.writing;
      });
    return this.queued;
  }

  private async write(): Promise<void> {
    this.dirty = false;
    if (this.file === undefined) return;
    const resources = this.resources().map((each) => this.text(each));
    const pending = [...this.pending].map(
      ({ resource, type }) => `{"resource":${this.text(resource)},"type":"${type}"}`,
    );
    try {
      await this.file.write(resources, pending, this.crypter?.salt);
    } catch (error) {
      this.dirty = true;
      throw error;
    }
  }

  private text(state: ResourceState): string {
    const known = this.texts.get(state);
    if (known !== undefined && this.renamed.size === 0) return known;
    const encrypt = (plain: string) => {
      if (this.crypter === undefined) throw new Error("secrets can't be recorded without a passphrase");
      return this.crypter.encrypt(plain);
    };
    const { inputs, outputs, ...others } = this.resolve(state);
    const record = { ...others, ...encode({ inputs, outputs }, encrypt) };
    const text = JSON.stringify(record);
    this.texts.set(state, text);
    return text;
  }

  private resolve(state: ResourceState): ResourceState {
    if (this.renamed.size === 0) return state;
    const now = (urn: string) => this.renamed.get(urn) ?? urn;
    const { parent, provider, dependencies, deletedWith, propertyDependencies } = state;
    const at = provider === undefined ? -1 : provider.lastIndexOf("::");
    return {
      ...state,
      ...(parent && { parent: now(parent) }),
      ...(provider && { provider: now(providerUrn(provider)) + provider.slice(at) }),
      ...(deletedWith && { deletedWith: now(deletedWith) }),
      ...(dependencies && { dependencies: dependencies.map(now) }),
      ...(propertyDependencies && {
        propertyDependencies: Object.fromEntries(
          Object.entries(propertyDependencies).map(([key, urns]) => [key, urns.map(now)]),
        ),
      }),
    };
  }
}

function encode(values: { inputs?: Props; outputs?: Props }, encrypt: (plain: string) => string) {
  const result: { inputs?: Prop; outputs?: Prop } = {};
  for (const key of ["inputs", "outputs"] as const) {
    const props = values[key];
    if (props !== undefined && Object.keys(props).length > 0) result[key] = toState(props, encrypt);
  }
  return result;
}

/** Whether nothing that matters differs; empty lists and maps count as absent. */
function sameState(a: ResourceState, b: ResourceState): boolean {
  const plain = (state: ResourceState) => {
    const { inputs: _inputs, outputs: _outputs, modified: _modified, ...others } = state;
    return JSON.stringify(Object.entries(prune(others)).sort(([x], [y]) => (x < y ? -1 : 1)));
  };
  return (
    a === b ||
    (equal(a.inputs ?? {}, b.inputs ?? {}) && equal(a.outputs ?? {}, b.outputs ?? {}) && plain(a) === plain(b))
  );
}

function prune(fields: object): object {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined || value === false) continue;
    if (Array.isArray(value)) {
      if (value.length > 0) kept[key] = [...value].sort();
    } else if (typeof value === "object" && value !== null) {
      const inner = prune(value);
      if (Object.keys(inner).length > 0) kept[key] = Object.fromEntries(Object.entries(inner).sort());
    } else kept[key] = value;
  }
  return kept;
}
