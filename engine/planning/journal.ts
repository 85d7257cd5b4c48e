/** The state during a run: resources settled in this run, resources not yet settled, and pending operations. */

import type { Crypter } from "../backend/crypto";
import type { StateFile } from "../backend/stateFile";
import { otherFields, type PendingOperation, type ResourceState, requirements } from "../model";
import { equal, isEmpty, type Props, toState } from "../values";

/**
 * Each change is on disk when the returned promise resolves. Changes that arrive during a write are combined into the next
 * write. Resources are written after the resources that they refer to: first those settled in this run, in the order of
 * settling, then the others in their old order. References to resources that are no longer in the state are left out.
 */
export class Journal {
  private settled: ResourceState[] = [];
  private rest: ResourceState[];
  private readonly pending = new Set<PendingOperation>();
  private readonly texts = new WeakMap<ResourceState, string>();
  /** Recorded URN -> new URN. */
  private readonly renamed = new Map<string, string>();
  private writing: Promise<void> = Promise.resolve();
  private queued: Promise<void> | undefined;
  private dirty = false;
  private closed = false;

  /** @param file undefined in a preview, which writes nothing */
  constructor(
    private readonly file: StateFile | undefined,
    resources: readonly ResourceState[],
    private readonly crypter: Crypter | undefined,
  ) {
    this.rest = [...resources];
  }

  /** All resources, in the order in which they are written. */
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

  pendingFor(urn: string): PendingOperation[] {
    return [...this.pending].filter(({ resource }) => resource.urn === urn);
  }

  /** Refuses further changes: operations in progress stay pending, whatever their result. */
  close(): void {
    this.closed = true;
  }

  async begin(resource: ResourceState, type: PendingOperation["type"]): Promise<PendingOperation> {
    this.refuseWhenClosed();
    const operation = { resource, type };
    // An equal operation that an earlier run left pending and that could not be recovered would be recovered twice.
    for (const earlier of type === "creating" ? [] : this.pending)
      if (earlier.type === type && earlier.resource.urn === resource.urn && earlier.resource.id === resource.id)
        this.pending.delete(earlier);
    this.pending.add(operation);
    await this.save();
    return operation;
  }

  /** Ends `operation` and replaces `old` by `state`; without `old`, adds `state`; without `state`, removes `old`. */
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
    // Changes of order, or of details only, can wait for the next write.
    if (operation !== undefined || (kept !== old && !(old && kept))) await this.save();
  }

  /** Ends `operation` and replaces `old` by `state` without settling it. */
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

  /** Ends a recovered create; `state`, the object that it created, joins the resources that are not yet settled. */
  async adopt(operation: PendingOperation, state: ResourceState | undefined): Promise<void> {
    this.refuseWhenClosed();
    this.pending.delete(operation);
    const current = this.rest.find((each) => each.urn === state?.urn && !each.delete);
    if (current?.pendingReplacement) this.rest = this.rest.filter((each) => each !== current);
    if (state !== undefined && current !== undefined && !current.pendingReplacement) {
      // The create was part of a replacement, whose object takes the place of the former one. To create another object would
      // fail where the name is given.
      this.rest = this.rest.map((each) => (each === current ? state : each));
      this.rest.push({ ...current, delete: true });
    } else if (state !== undefined) this.rest.push(state);
    await this.save();
  }

  private refuseWhenClosed(): void {
    if (this.closed) throw new Error("the run was aborted");
  }

  private expect(state: ResourceState): void {
    if (!this.resources().includes(state))
      throw new Error(`${state.urn}: another step has changed or deleted this resource in the meantime`);
  }

  rename(from: string, to: string): void {
    this.renamed.set(from, to);
    this.dirty = true;
  }

  /** Writes changes that are not yet on disk. */
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
    const text = (state: ResourceState) => this.withCurrentUrns(this.text(state));
    const pending = [...this.pending].map(({ resource, type }) => `{"resource":${text(resource)},"type":"${type}"}`);
    const resources = this.resources();
    const present = new Set(resources.map(({ urn }) => this.currentUrn(urn)));
    const texts = resources.map((state) => {
      const gone = requirements(state).filter((urn) => !present.has(this.currentUrn(urn)));
      return gone.length > 0
        ? withoutReferences(text(state), new Set(gone.map((urn) => this.currentUrn(urn))))
        : text(state);
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
      if (this.crypter === undefined)
        throw new Error("secrets can't be recorded without a passphrase; set PULUMI_CONFIG_PASSPHRASE");
      return this.crypter.encrypt(plain);
    };
    const stored = (props: Props | undefined) => (isEmpty(props) ? undefined : toState(props ?? {}, encrypt));
    const { urn, custom, id, type, ...others } = otherFields(state);
    const [inputs, outputs] = [stored(state.inputs), stored(state.outputs)];
    const text = JSON.stringify({ urn, custom, id, type, inputs, outputs, ...others });
    this.texts.set(state, text);
    return text;
  }

  private currentUrn(urn: string): string {
    return this.renamed.get(urn) ?? urn;
  }

  /** Replaces the URNs of renamed resources, except in `aliases`. */
  private withCurrentUrns(text: string): string {
    if (this.renamed.size === 0) return text;
    const { aliases, ...others } = JSON.parse(text);
    let changed = JSON.stringify(others);
    for (const [from, to] of this.renamed)
      changed = changed.replaceAll(`"${from}"`, `"${to}"`).replaceAll(`"${from}::`, `"${to}::`);
    return aliases ? `${changed.slice(0, -1)},"aliases":${JSON.stringify(aliases)}}` : changed;
  }
}

/** Removes references to missing resources: the official engine refuses to read a state that contains one. */
function withoutReferences(text: string, gone: ReadonlySet<string>): string {
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
