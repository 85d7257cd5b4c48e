/** Applies single steps: calls the provider, keeps the journal and emits events. In a preview, only emits events. */

import { errorMessage } from "../backend/errors";
import type { Emit, Step } from "../events";
import { isProviderType, type PendingOperation, type ResourceState } from "../model";
import { type Context, PartialCreateError, type Properties } from "../provider";
import {
  equal,
  markPaths,
  markSecrets,
  type Prop,
  type Props,
  parsePath,
  resetPath,
  UNKNOWN_ID,
  unwrapProps,
} from "../values";
import type { Journal } from "./journal";
import type { ProviderRegistry } from "./registry";
import { changedOutputs, toExisting } from "./stateProps";

/** Thrown in place of a step after a signal. */
export class Stopped extends Error {}

export class Steps {
  /** After a signal: steps in progress finish, no new ones start. */
  stopping = false;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /**
   * @param parallel maximum number of concurrent provider calls
   * @param ending aborted when the run must end at once
   */
  constructor(
    readonly journal: Journal,
    readonly registry: ProviderRegistry,
    readonly emit: Emit,
    readonly preview: boolean,
    private readonly parallel: number,
    private readonly ending: AbortSignal,
  ) {}

  /** Runs `work` when fewer than `parallel` calls are in progress. */
  async withLimit<T>(work: () => Promise<T>): Promise<T> {
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
   * Creates the resource.
   *
   * @param old the recorded resource that the new one replaces in the state
   * @param replaced a resource that stays in the state and is deleted later
   */
  async create(step: Step, state: ResourceState, old?: ResourceState, replaced?: ResourceState) {
    const record = async (made: ResourceState, operation?: PendingOperation): Promise<ResourceState> => {
      this.registry.configure(made);
      const settled = this.journal.settle(operation, old, made);
      // In the same write as the new resource, so that neither is lost.
      const kept = replaced && this.journal.replace(undefined, replaced, { ...replaced, delete: true });
      await Promise.all([settled, kept]);
      return made;
    };
    return this.run({ ...step, new: state }, async () => {
      if (this.preview)
        return record({ ...state, id: isProviderType(state.type) ? UNKNOWN_ID : undefined, outputs: state.inputs });
      const provider = this.registry.providerFor(state);
      const finish = (
        { id, outputs }: { id: string; outputs: Properties },
        operation?: PendingOperation,
        problem?: string,
      ) => {
        const now = new Date().toISOString();
        const made = {
          ...state,
          id: id || undefined,
          outputs: this.markSecretOutputs(state, outputs),
          created: now,
          modified: now,
        };
        return record({ ...made, initErrors: problem === undefined ? undefined : [problem] }, operation);
      };
      const survivor = old && (await this.findSurvivor(old, state));
      if (survivor) return finish(survivor);
      const [inputs, context] = [unwrapProps(state.inputs), this.context(state, "create")];
      await provider.refuseForeign?.(state, inputs, context);
      const operation = await this.journal.begin(state, "creating");
      const made = await provider.create(state, inputs, context).catch(async (error) => {
        const partial = error instanceof PartialCreateError && {
          id: error.id,
          outputs: error.outputs,
          complete: false,
        };
        const left = partial || (await this.recoverFailedCreate(operation));
        if (left && !left.complete) await finish(left, operation, errorMessage(error));
        if (!left?.complete) throw error;
        this.warn(state.urn, `created in spite of an error: ${errorMessage(error)}`);
        return left;
      });
      return finish(made, operation);
    });
  }

  /** Finds the object that a failed create left behind. If the server can't be asked, the create stays pending. */
  private async recoverFailedCreate(operation: PendingOperation) {
    try {
      const left = await this.findLeftover(operation.resource);
      if (left === undefined) await this.journal.settle(operation, undefined);
      return left;
    } catch {
      return undefined;
    }
  }

  /**
   * Finds an object that counted as deleted with another resource (or was retained) but still exists, e.g. a database on a
   * volume that was kept.
   */
  private async findSurvivor(old: ResourceState, state: ResourceState) {
    const unchanged = equal(old.inputs, state.inputs);
    if (!old.pendingReplacement || !(unchanged || old.deletedWith)) return undefined;
    const left = await this.findLeftover(state);
    return left?.complete && (unchanged || left.id === old.id) ? left : undefined;
  }

  /**
   * Finds an unrecorded object that a failed or interrupted create of `state` left behind.
   *
   * @throws when the server can't be asked
   */
  async findLeftover(state: ResourceState) {
    const found = await this.registry
      .providerFor(state)
      .recover?.(state, unwrapProps(state.inputs), this.context(state));
    const isFound = ({ urn, id, pendingReplacement }: ResourceState) =>
      urn === state.urn && id === found?.id && !pendingReplacement;
    return this.journal.resources().some(isFound) ? undefined : found;
  }

  async update(step: Step, state: ResourceState, old: ResourceState): Promise<ResourceState> {
    const provider = this.registry.providerFor(state);
    const record = async (outputs: Props, operation?: PendingOperation, problem?: string): Promise<ResourceState> => {
      const initErrors = problem === undefined ? undefined : [problem];
      const result = { ...state, outputs, modified: new Date().toISOString(), initErrors };
      await this.journal.settle(operation, old, result);
      this.registry.configure(result);
      return result;
    };
    return this.run({ ...step, new: state }, async () => {
      if (this.preview) return record({ ...(provider.previewsUpdates === false ? {} : old.outputs), ...state.inputs });
      const operation = await this.journal.begin({ ...state, id: old.id }, "updating");
      const context = this.context(state, "update");
      // If this fails, the operation stays pending, and the next run recovers it. After a partial update, it updates again.
      const { outputs } = await provider
        .update(toExisting(old), unwrapProps(state.inputs), context)
        .catch(async (error) => {
          if (error instanceof PartialCreateError)
            await record(this.markSecretOutputs(state, error.outputs), operation, errorMessage(error));
          throw error;
        });
      return record(this.markSecretOutputs(state, outputs), operation);
    });
  }

  /**
   * Deletes a resource and removes it from the state. Only removes it from the state if `keep` is true or this stack did
   * not create the object.
   *
   * @param pendingReplacement keeps the resource in the state, marked as deleted, until its replacement is created
   */
  async remove(step: Step, state: ResourceState, keep: boolean, pendingReplacement = false): Promise<void> {
    const record = (operation?: PendingOperation) =>
      pendingReplacement
        ? this.journal.replace(operation, state, { ...state, pendingReplacement: true })
        : this.journal.settle(operation, state);
    const real = state.custom && !state.external && !state.pendingReplacement && !keep && !this.preview;
    await this.run(step, async () => {
      if (!real) return void (await record());
      const provider = this.registry.providerFor(state);
      const operation = await this.journal.begin(state, "deleting");
      await provider.delete(toExisting(state), this.context(state, "delete"));
      return void (await record(operation));
    });
  }

  /**
   * Reads the object `id` and adds it to the state; in a preview the object is read too.
   *
   * @param ignored for an import: inputs that may differ from the program
   * @throws when the object does not exist, or when an imported object differs from the program
   */
  async readOrImport(
    op: "read" | "import",
    wanted: ResourceState,
    old: ResourceState | undefined,
    id: string,
    ignored: readonly string[] = [],
  ): Promise<ResourceState> {
    const { urn, type } = wanted;
    const provider = this.registry.providerFor(wanted);
    const query = { urn, type, id, inputs: op === "read" ? unwrapProps(wanted.inputs) : {}, outputs: {} };
    // In a preview, the object may not exist yet.
    const found = id === UNKNOWN_ID ? query : await provider.read(query, this.context(wanted));
    if (found === undefined) throw new Error(`${op}: there is no ${type} with id "${id}"; check the id`);
    const asFound = (inputs: Prop, path: string) => resetPath(inputs, found.inputs, parsePath(path));
    const state = { ...wanted, id, inputs: ignored.reduce(asFound, wanted.inputs ?? {}) as Props };
    if (op === "import") {
      const { changes, detailed, replaces } = await provider.diff({ ...query, ...found }, unwrapProps(state.inputs));
      const differing = [...new Set([...Object.keys(detailed), ...replaces])].join(", ");
      if (changes)
        throw new Error(
          `import: ${differing} of "${id}" differ from the program; change the program to the actual values`,
        );
    }
    const now = new Date().toISOString();
    const kind = op === "read" ? { external: true } : { importID: id, created: now, modified: now };
    const result: ResourceState = { ...state, ...kind, outputs: this.markSecretOutputs(state, found.outputs) };
    // A recorded object with another id was created by this stack: it is deleted at the end of the run.
    const replacesOld = old === undefined || old.external || old.pendingReplacement || old.id === id;
    const kept = replacesOld ? undefined : this.journal.replace(undefined, old, { ...old, delete: true });
    await Promise.all([kept, this.journal.settle(undefined, replacesOld ? old : undefined, result)]);
    this.done({ op, urn, old, new: result });
    return result;
  }

  /** Runs `work` between the step's start and end events; a preview emits only the end. */
  private async run<T extends ResourceState | undefined>(step: Step, work: () => Promise<T>): Promise<T> {
    if (this.preview) {
      const planned = await work();
      this.done(step);
      return planned;
    }
    return this.withLimit(async () => {
      // The signal may have arrived while the step waited for its turn.
      this.refuseWhenStopping();
      const started = Date.now();
      this.emit({ kind: "start", step });
      try {
        const made = await work();
        this.emit({ kind: "done", step: { ...step, ...(made && { new: made }) }, ms: Date.now() - started });
        return made;
      } catch (error) {
        this.emit({ kind: "fail", step, message: errorMessage(error) });
        throw error;
      }
    });
  }

  /** Marks outputs as secret according to the inputs, the options and the provider. */
  markSecretOutputs(state: ResourceState, outputs: Properties | Props): Props {
    const paths = [
      ...(state.additionalSecretOutputs ?? []),
      ...this.registry.providerFor(state).secretOutputs(state.type),
    ];
    return markPaths(markSecrets(outputs as Props, state.inputs ?? {}), paths);
  }

  /** The state with the properties that the provider read; unchanged values keep their secret marks. */
  refreshed(state: ResourceState, found: { inputs: Properties; outputs: Properties }): ResourceState {
    const inputs = markSecrets(found.inputs as Props, state.inputs ?? {});
    const outputs = this.markSecretOutputs(state, markSecrets(found.outputs as Props, state.outputs ?? {}));
    const now = { ...state, inputs: equal(inputs, state.inputs) ? state.inputs : inputs, outputs };
    return { ...now, ...(changedOutputs(state, now).length > 0 && { modified: new Date().toISOString() }) };
  }
}
