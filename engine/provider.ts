/**
 * The interface between the engine and a provider. The docker, mysql and random providers are built from resource kinds
 * (providers/kind.ts), for which a table of fields does the checking, comparing and naming. Other providers, such as
 * providers/dynamic.ts, implement {@link Provider} directly.
 */

/** Stands for a value that is unknown until the resource that it comes from exists; occurs in previews only. */
export class Unknown {
  static readonly instance = new Unknown();
  private constructor() {}
}

/** A property value without secret marks; the engine removes and restores the marks. */
export type Value = null | boolean | number | string | Unknown | Value[] | { [key: string]: Value };
export type Properties = { [key: string]: Value };

export interface CheckFailure {
  readonly property: string;
  /** Starts with the property's name. */
  readonly reason: string;
}

export type DiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

export interface DiffResult {
  readonly changes: boolean;
  /** Top-level properties that require a replacement; empty for an update in place. */
  readonly replaces: readonly string[];
  /** The old resource must be deleted before the new one is created, e.g. because both would have the same name. */
  readonly deleteBeforeReplace: boolean;
  /** Property path (`labels[1].value`) -> kind of change. */
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

/** Available to each provider call: progress output and cancellation. */
export interface Context {
  /** Shows one line of progress for the resource; `message` must not contain a secret. */
  log(message: string): void;
  /** Aborted when the resource's customTimeouts expire, or by a second Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Provider {
  /** The type tokens of the resource kinds that this provider supports. */
  readonly types: readonly string[];
  /** False if the outputs of an update are unknown in a preview. @default true: outputs that are not inputs stay the same */
  readonly previewsUpdates?: boolean;
  /**
   * Whether a partly created resource is replaced. By default an update completes it, so that its contents are kept.
   */
  replacesBroken?(type: string): boolean;
  /**
   * Outputs that are always secret, e.g. `result` of a RandomPassword: top-level names, or dotted paths into objects.
   */
  secretOutputs(type: string): readonly string[];
  /**
   * Validates `news` and adds the official provider's defaults (and `__defaults`). Has no side effects; only a generated
   * physical name is random. In a preview, `news` may contain {@link Unknown}.
   */
  check(
    resource: ResourceRef,
    olds: Properties | undefined,
    news: Properties,
  ): Promise<{ inputs: Properties; failures: CheckFailure[] }>;
  /** Compares the recorded with the wanted inputs, without side effects. */
  diff(existing: Existing, news: Properties): Promise<DiffResult>;
  /**
   * Called before a pending create is recorded. An object that {@link Provider.recover} finds later was therefore created
   * by this stack.
   *
   * @throws with the remedy, when an object with the name in `inputs` already exists
   */
  refuseForeign?(resource: ResourceRef, inputs: Properties, context: Context): Promise<void>;
  /** @throws {PartialCreateError} if the object exists but is incomplete; after any other error the engine calls `recover`. */
  create(resource: ResourceRef, inputs: Properties, context: Context): Promise<{ id: string; outputs: Properties }>;
  /** The actual state, or undefined if the object no longer exists. For an import, `existing` has only an id. */
  read(existing: Existing, context: Context): Promise<{ inputs: Properties; outputs: Properties } | undefined>;
  /** @throws {PartialCreateError} if the object was changed, but not completely; after any other error the engine calls `read`. */
  update(existing: Existing, news: Properties, context: Context): Promise<{ outputs: Properties }>;
  /** Succeeds if the object no longer exists. */
  delete(existing: Existing, context: Context): Promise<void>;
  /**
   * Finds an object that an interrupted or failed create left behind: it has the name in `inputs` and matches them (e.g.
   * by its labels). Unless `complete`, the next run updates it, or replaces it if {@link Provider.replacesBroken}. Only
   * providers whose creates leave nothing behind, or that can repeat a create, may omit this method.
   *
   * @throws when the server can't be reached; the next run retries
   */
  recover?(
    resource: ResourceRef,
    inputs: Properties,
    context: Context,
  ): Promise<{ id: string; outputs: Properties; complete: boolean } | undefined>;
  /**
   * Runs a provider function, e.g. `docker:index/getRemoteImage:getRemoteImage`. It has no side effects, and previews run it
   * too. @default the provider has no functions
   *
   * @throws when there is no such function, or when it finds nothing
   */
  invoke?(token: string, args: Properties): Promise<Properties>;
  /** Closes connections; the provider is not used afterwards. */
  close?(): Promise<void>;
}

/** Information about the run for providers. */
export interface ProviderHost {
  /** The project directory, where the program's packages are installed. */
  readonly dir: string;
  /** Shows one line; it must not contain a secret. */
  log(line: string): void;
}

/**
 * Creates the provider of a package from the configuration of its provider resource (`host`; `endpoint`, `username`, ...).
 * The provider may start child processes at once; {@link Provider.close} ends them.
 * @throws with the remedy, when `pkg` is not supported
 */
export type ProviderFactory = (pkg: string, config: Properties) => Provider;

/**
 * A create or update that failed half-way: the engine records the resource with its id and outputs, and the next run
 * completes or replaces it.
 */
export class PartialCreateError extends Error {
  constructor(
    message: string,
    readonly id: string,
    readonly outputs: Properties,
  ) {
    super(message);
  }
}

export function unknownKind(what: string): Error {
  return new Error(
    `${what}: the embedded engine does not support this resource kind; use the Pulumi CLI (install it and set APIM_ENGINE=pulumi)`,
  );
}

export function unknownFunction(token: string): Error {
  return new Error(
    `${token}: the embedded engine does not support this provider function; use the Pulumi CLI (install it and set APIM_ENGINE=pulumi)`,
  );
}
