/** What the engine knows of a resource: as recorded (state), and as the program wants it (goal). */

import type { Props } from "./values";

/** One resource as the checkpoint (version 3) holds it; fields that we do not know are carried along. */
export interface ResourceState {
  readonly urn: string;
  readonly custom: boolean;
  /** Replaced already, and still to be deleted. */
  readonly delete?: boolean;
  readonly id?: string;
  readonly type: string;
  readonly inputs?: Props;
  readonly outputs?: Props;
  readonly parent?: string;
  readonly protect?: boolean;
  /** Read, not made: never deleted by us. */
  readonly external?: boolean;
  readonly dependencies?: readonly string[];
  /** Made, but not as wanted: replaced by the next run. */
  readonly initErrors?: readonly string[];
  /** `<urn>::<id>` of its provider. */
  readonly provider?: string;
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
  /** Deleted before its replacement was made. */
  readonly pendingReplacement?: boolean;
  readonly additionalSecretOutputs?: readonly string[];
  readonly aliases?: readonly string[];
  /** Seconds. */
  readonly customTimeouts?: Readonly<Partial<Record<"create" | "update" | "delete", number>>>;
  readonly importID?: string;
  readonly retainOnDelete?: boolean;
  readonly deletedWith?: string;
  readonly created?: string;
  readonly modified?: string;
  readonly sourcePosition?: string;
}

export type PendingType = "creating" | "updating" | "deleting" | "reading" | "importing";
export interface PendingOperation {
  readonly resource: ResourceState;
  readonly type: PendingType;
}

/** A name under which the resource may be recorded; missing parts are the resource's own. */
export type Alias =
  | string
  | { name?: string; type?: string; stack?: string; project?: string; parent?: string; noParent?: boolean };

/** One registerResource request of the program. */
export interface Goal {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly inputs: Props;
  readonly parent?: string;
  readonly provider?: string;
  readonly version?: string;
  readonly protect: boolean;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly deleteBeforeReplace?: boolean;
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  readonly aliases: readonly Alias[];
  readonly importId?: string;
  readonly customTimeouts?: ResourceState["customTimeouts"];
  readonly retainOnDelete: boolean;
  readonly deletedWith?: string;
  readonly sourcePosition?: string;
  /** For readResource: the id of what to read. */
  readonly readId?: string;
}

export const STACK_TYPE = "pulumi:pulumi:Stack";
export const PROVIDER_PREFIX = "pulumi:providers:";

export const isProviderType = (type: string): boolean => type.startsWith(PROVIDER_PREFIX);
/** `docker` of `docker:index/container:Container`. */
export const packageOf = (type: string): string => type.slice(0, type.indexOf(":"));
export const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");
/** Default providers are the engine's own affair: not shown, not counted. */
export const isDefaultProvider = (urn: string): boolean =>
  typeOf(urn).startsWith(PROVIDER_PREFIX) && /^default(_|$)/.test(nameOf(urn));
/** The type without its parents' types. */
export const typeOf = (urn: string): string => (urn.split("::")[2] ?? "").split("$").pop() ?? "";
/** `docker:index:Container` for `docker:index/container:Container`, as people write it. */
export const shortType = (type: string): string => type.replace(/^([^:]+:[^:/]+)\/[^:]+:/, "$1:");
/** The URN in a provider reference `<urn>::<id>`. */
export const providerUrn = (reference: string): string => reference.slice(0, reference.lastIndexOf("::"));

export interface StackName {
  readonly project: string;
  readonly stack: string;
}

/** `urn:pulumi:dev::sample::sample:index:Box$docker:index/volume:Volume::box-data` */
export function makeUrn(stack: StackName, type: string, name: string, parent?: string): string {
  const above = parent?.split("::")[2] ?? STACK_TYPE;
  const qualified = above === STACK_TYPE ? type : `${above}$${type}`;
  return `urn:pulumi:${stack.stack}::${stack.project}::${qualified}::${name}`;
}

/** Everything that must exist before this resource does. */
export function requirements(state: ResourceState): string[] {
  const all = [
    ...(state.dependencies ?? []),
    ...Object.values(state.propertyDependencies ?? {}).flat(),
    state.parent,
    state.deletedWith,
    state.provider === undefined ? undefined : providerUrn(state.provider),
  ];
  return [...new Set(all.filter((urn): urn is string => urn !== undefined && urn !== state.urn))];
}
