/** The state of a run in progress: what is settled, what is still as before, and what is under way. */

import type { Crypter } from "../backend/crypto";
import type { StateFile } from "../backend/stateFile";
import { otherFields, type PendingOperation, type ResourceState, requirements } from "../model";
import { equal, isEmpty, type Props, toState } from "../values";

/**
 * Every change is on disk before the returned promise resolves. Writes that come in while one is under way are
 * written together. The resources are listed so that each comes after all that it refers to: first those settled in
 * this run, in their order, then the rest in their old order. References to what is not in it any more are not written.
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
  private closed = false;

  /** @param file none in a preview: nothing is written */
  constructor(
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

  has(urn: string): boolean {
    return this.resources().some((each) => each.urn === urn);
  }

  find(urn: string): ResourceState | undefined {
    return this.settled.find((each) => each.urn === urn);
  }

  /** Operations on `urn` that have not ended. */
  open(urn: string): PendingOperation[] {
    return [...this.pending].filter(({ resource }) => resource.urn === urn);
  }

  /** Nothing changes any more: what is under way stays open, whatever becomes of it. */
  close(): void {
    this.closed = true;
  }

  async begin(resource: ResourceState, type: PendingOperation["type"]): Promise<PendingOperation> {
    this.refuseWhenClosed();
    const operation = { resource, type };
    // One that an earlier run left open, and that could not be looked after, would be looked after twice.
    for (const open of type === "creating" ? [] : this.pending)
      if (open.type === type && open.resource.urn === resource.urn && open.resource.id === resource.id)
        this.pending.delete(open);
    this.pending.add(operation);
    await this.save();
    return operation;
  }

  /** Ends `operation`: `state` takes the place of `old`, or joins, or (undefined) `old` goes away. */
  async settle(operation: PendingOperation | undefined, old: ResourceState | undefined, state?: ResourceState) {
    this.refuseWhenClosed();
    if (old !== undefined) this.expect(old);
    if (operation !== undefined) this.pending.delete(operation);
    const kept = state && old && this.isSame(old, state) ? old : state;
    if (old !== undefined) {
      this.rest = this.rest.filter((each) => each !== old);
      this.settled = this.settled.filter((each) => each !== old);
    }
    if (kept !== undefined) this.settled.push(kept);
    this.dirty ||= kept !== old;
    // What only moved, or was only noted anew, can wait for the next write.
    if (operation !== undefined || (kept !== old && !(old && kept))) await this.save();
  }

  /** Ends `operation` and puts `state` in the place of `old`, wherever that stands. */
  async replace(operation: PendingOperation | undefined, old: ResourceState, state: ResourceState): Promise<void> {
    this.refuseWhenClosed();
    this.expect(old);
    if (operation !== undefined) this.pending.delete(operation);
    else if (this.isSame(old, state)) return;
    const swap = (each: ResourceState) => (each === old ? state : each);
    this.rest = this.rest.map(swap);
    this.settled = this.settled.map(swap);
    await this.save();
  }

  /** Ends `operation`; what it had made joins the resources that this run has not looked at. */
  async adopt(operation: PendingOperation, state: ResourceState | undefined): Promise<void> {
    this.refuseWhenClosed();
    this.pending.delete(operation);
    const current = this.rest.find((each) => each.urn === state?.urn && !each.delete);
    if (current?.pendingReplacement) this.rest = this.rest.filter((each) => each !== current);
    // It was to replace the current one: that is planned anew, so what was made is one too many.
    const surplus = current !== undefined && !current.pendingReplacement;
    if (state !== undefined) this.rest.push(surplus ? { ...state, delete: true } : state);
    await this.save();
  }

  private refuseWhenClosed(): void {
    if (this.closed) throw new Error("the run was ended");
  }

  private expect(state: ResourceState): void {
    if (!this.resources().includes(state))
      throw new Error(`${state.urn}: changed or deleted by another step meanwhile`);
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
    const text = (state: ResourceState) => this.referringTo(this.text(state));
    const pending = [...this.pending].map(({ resource, type }) => `{"resource":${text(resource)},"type":"${type}"}`);
    const resources = this.resources();
    const present = new Set(resources.map(({ urn }) => this.nameNow(urn)));
    const texts = resources.map((state) => {
      const gone = requirements(state).filter((urn) => !present.has(this.nameNow(urn)));
      return gone.length > 0 ? without(text(state), new Set(gone.map((urn) => this.nameNow(urn)))) : text(state);
    });
    try {
      await this.file.write(texts, pending, this.crypter?.salt);
    } catch (error) {
      this.dirty = true;
      throw error;
    }
  }

  private isSame(a: ResourceState, b: ResourceState): boolean {
    const alike = (left: Props = {}, right: Props = {}) => equal(left, right);
    if (a === b) return true;
    return (
      alike(a.inputs, b.inputs) &&
      alike(a.outputs, b.outputs) &&
      JSON.stringify(otherFields(a)) === JSON.stringify(otherFields(b))
    );
  }

  private text(state: ResourceState): string {
    const known = this.texts.get(state);
    if (known !== undefined) return known;
    const encrypt = (plain: string) => {
      if (this.crypter === undefined) throw new Error("secrets can't be recorded without a passphrase");
      return this.crypter.encrypt(plain);
    };
    const stored = (props: Props | undefined) => (isEmpty(props) ? undefined : toState(props ?? {}, encrypt));
    const { urn, custom, id, type, ...others } = otherFields(state);
    const [inputs, outputs] = [stored(state.inputs), stored(state.outputs)];
    const text = JSON.stringify({ urn, custom, id, type, inputs, outputs, ...others });
    this.texts.set(state, text);
    return text;
  }

  private nameNow(urn: string): string {
    return this.renamed.get(urn) ?? urn;
  }

  /** Follows renamed resources; `aliases` keep the old names. */
  private referringTo(text: string): string {
    if (this.renamed.size === 0) return text;
    const { aliases, ...others } = JSON.parse(text);
    let changed = JSON.stringify(others);
    for (const [from, to] of this.renamed)
      changed = changed.replaceAll(`"${from}"`, `"${to}"`).replaceAll(`"${from}::`, `"${to}::`);
    return aliases ? `${changed.slice(0, -1)},"aliases":${JSON.stringify(aliases)}}` : changed;
  }
}

/** The official engine refuses to read a state that refers to what is not in it. */
function without(text: string, gone: ReadonlySet<string>): string {
  const { dependencies, propertyDependencies, ...others }: ResourceState = JSON.parse(text);
  const present = (urns: readonly string[] = []) => urns.filter((urn) => !gone.has(urn));
  const properties = Object.entries(propertyDependencies ?? {});
  const held = (key: "parent" | "deletedWith") => gone.has(others[key] ?? "") && { [key]: undefined };
  return JSON.stringify({
    ...others,
    ...(present(dependencies).length > 0 && { dependencies: present(dependencies) }),
    ...(propertyDependencies && {
      propertyDependencies: Object.fromEntries(properties.map(([key, urns]) => [key, present(urns)])),
    }),
    ...held("parent"),
    ...held("deletedWith"),
  });
}
