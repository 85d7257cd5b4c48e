/**
 * What the local engine asks of a provider. Those of docker, mysql and random are made of kinds (providers/kind.ts says how
 * to add one), which leaves checking, comparing and naming to a table of fields; any other implements {@link Provider}
 * itself, as providers/dynamic.ts does.
 */

/** Stands for a value that is not known before the resource it comes from exists; previews only. */
export class Unknown {
  static readonly instance = new Unknown();
  private constructor() {}
}

/** A property value without its secret marks; the engine adds and removes those. */
export type Value = null | boolean | number | string | Unknown | Value[] | { [key: string]: Value };
export type Properties = { [key: string]: Value };

export interface CheckFailure {
  readonly property: string;
  /** Begins with the property's name. */
  readonly reason: string;
}

export type DiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

export interface DiffResult {
  readonly changes: boolean;
  /** Top-level properties that make the resource be replaced; empty for an update in place. */
  readonly replaces: readonly string[];
  /** The old one must go before the new one can be made, e.g. because both would have the same name. */
  readonly deleteBeforeReplace: boolean;
  /** Property path (`labels[1].value`) -> what happens to it. */
  readonly detailed: Readonly<Record<string, DiffKind>>;
}

/** One resource as the provider sees it. */
export interface ResourceRef {
  readonly urn: string;
  /** Type token, e.g. `docker:index/container:Container`. */
  readonly type: string;
}

export interface Existing extends ResourceRef {
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** What every call may use: progress for a person, and the end of patience. */
export interface Context {
  /** Shows one line of progress below the resource; never a secret. */
  log(message: string): void;
  /** Aborted when the resource's customTimeouts are over, or by a second Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Provider {
  /** The type tokens that this provider serves. */
  readonly types: readonly string[];
  /** False when the outputs of an update can't be told beforehand; by default those not set by inputs stay. */
  readonly previewsUpdates?: boolean;
  /**
   * Whether what a failed create left has to go before it is made anew. By default an update completes it, and nothing
   * that is in it is lost.
   */
  replacesBroken?(type: string): boolean;
  /**
   * Outputs that are secret whatever the inputs are, e.g. `result` of a RandomPassword: top-level names, or dotted
   * paths into objects.
   */
  secretOutputs(type: string): readonly string[];
  /**
   * Validates `news` and adds the official provider's defaults (and `__defaults`). Pure but for the random choice of a
   * physical name. `news` may hold {@link Unknown} in a preview.
   */
  check(
    resource: ResourceRef,
    olds: Properties | undefined,
    news: Properties,
  ): Promise<{ inputs: Properties; failures: CheckFailure[] }>;
  /** Compares what is recorded with what is wanted, without side effects. */
  diff(existing: Existing, news: Properties): Promise<DiffResult>;
  /**
   * Asked before a create is noted as begun: what {@link Provider.recover} finds afterwards is then certainly ours.
   *
   * @throws naming it and the remedy, when an object of the name in `inputs` is there, which is somebody else's
   */
  refuseForeign?(resource: ResourceRef, inputs: Properties, context: Context): Promise<void>;
  /** @throws {PartialCreateError} when something exists but is not as wanted; after any other error, `recover` is asked. */
  create(resource: ResourceRef, inputs: Properties, context: Context): Promise<{ id: string; outputs: Properties }>;
  /** The present state, or undefined if it is gone. Given only an id (import), inputs and outputs are empty. */
  read(existing: Existing, context: Context): Promise<{ inputs: Properties; outputs: Properties } | undefined>;
  update(existing: Existing, news: Properties, context: Context): Promise<{ outputs: Properties }>;
  /** Succeeds when the resource is gone already. */
  delete(existing: Existing, context: Context): Promise<void>;
  /**
   * Looks for what an interrupted or failed create left behind: an object of the name in `inputs` that is as they say
   * (e.g. by its labels), or undefined. Unless `complete`, the next step updates it, or replaces it if it
   * {@link Provider.replacesBroken}. Without this method, nothing is left behind, or create copes with it.
   *
   * @throws when nobody answers: it is asked again by the next run
   */
  recover?(
    resource: ResourceRef,
    inputs: Properties,
    context: Context,
  ): Promise<{ id: string; outputs: Properties; complete: boolean } | undefined>;
  /** Gives up connections; the provider is not used afterwards. */
  close?(): Promise<void>;
}

/** What a provider may know of the run. */
export interface ProviderHost {
  /** The project's directory, where the program's packages are installed. */
  readonly dir: string;
  /** Shows one line; never a secret. */
  log(line: string): void;
}

/**
 * The provider for a package, with the configuration of its provider resource (`host`; `endpoint`, `username`, ...).
 * It may begin at once with what is slow to start; {@link Provider.close} ends that.
 * @throws when `pkg` is not served, naming it and the way out.
 */
export type ProviderFactory = (pkg: string, config: Properties) => Provider;

/** A create that failed half-way: the resource must be recorded with its id, and completed or made anew by the next run. */
export class PartialCreateError extends Error {
  constructor(
    message: string,
    readonly id: string,
    readonly outputs: Properties,
  ) {
    super(message);
  }
}

/** For what the local engine does not know. */
export function unknownKind(what: string): Error {
  return new Error(
    `${what}: the local engine does not know this resource kind; use the Pulumi CLI (install it and set APIM_ENGINE=pulumi)`,
  );
}
