/** A resource as recorded (state) and as the program registers it (goal). */

import type { Pending, Recorded, StackName } from "./backend/checkpoint";
import { isEmpty, isObject, type Props } from "./values";

/** A recorded resource with decrypted secrets. */
export type ResourceState = Recorded<Props>;
export type PendingOperation = Pending<Props>;

/** Another name under which the resource may be recorded; parts that are not given are the resource's current ones. */
export type Alias =
  | string
  | { name?: string; type?: string; stack?: string; project?: string; parent?: string; noParent?: boolean };

/** One registerResource request of the program: the wanted state, and options for reaching it. */
export interface Goal extends Omit<ResourceState, "urn" | "aliases"> {
  readonly name: string;
  readonly inputs: Props;
  readonly version?: string;
  readonly deleteBeforeReplace?: boolean;
  readonly aliases?: readonly Alias[];
  readonly importId?: string;
  /** For readResource: the id of the object to read. */
  readonly readId?: string;
}

/** The state to record for `goal`; id and timestamps come from `old`. */
export function stateFor(urn: string, goal: Goal, aliases: readonly string[], old?: ResourceState): ResourceState {
  const { name: _name, version: _version, deleteBeforeReplace: _delete, ...wanted } = goal;
  const { importId: _importId, readId: _readId, ...recorded } = wanted;
  const { id, importID, created, modified } = old ?? {};
  return { urn, ...recorded, aliases: aliases.length > 0 ? aliases : undefined, id, importID, created, modified };
}

export const STACK_TYPE = "pulumi:pulumi:Stack";
export const PROVIDER_PREFIX = "pulumi:providers:";

export const isProviderType = (type: string): boolean => type.startsWith(PROVIDER_PREFIX);
/** `docker` of `docker:index/container:Container`. */
export const packageOf = (type: string): string => type.slice(0, type.indexOf(":"));
export const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");
/** The type without its parents' types. */
export const typeOf = (urn: string): string => (urn.split("::")[2] ?? "").split("$").pop() ?? "";
/** Default providers are internal to the engine: they are neither shown nor counted. */
export const isDefaultProvider = (urn: string): boolean =>
  isProviderType(typeOf(urn)) && /^default(_|$)/.test(nameOf(urn));
/** The short form that people write: `docker:index:Container` for `docker:index/container:Container`. */
export const shortType = (type: string): string => type.replace(/^([^:]+:[^:/]+)\/[^:]+:/, "$1:");
/** The URN in a provider reference `<urn>::<id>`. */
export const providerUrn = (reference: string): string => reference.slice(0, reference.lastIndexOf("::"));

/** `urn:pulumi:dev::sample::sample:index:Box$docker:index/volume:Volume::box-data` */
export function makeUrn(stack: StackName, type: string, name: string, parent?: string): string {
  const above = parent?.split("::")[2] ?? STACK_TYPE;
  const qualified = above === STACK_TYPE ? type : `${above}$${type}`;
  return `urn:pulumi:${stack.stack}::${stack.project}::${qualified}::${name}`;
}

type Reference = "parent" | "dependencies" | "propertyDependencies" | "deletedWith" | "provider";
type References = Pick<ResourceState, Reference> & { readonly urn?: string };

/** The URNs of all resources that must exist before this one. */
export function requirements(state: References): string[] {
  const { dependencies = [], propertyDependencies = {}, parent, deletedWith, provider } = state;
  const holders = [parent, deletedWith, provider && providerUrn(provider)];
  const all = [...dependencies, ...Object.values(propertyDependencies).flat(), ...holders];
  return [...new Set(all.filter((urn): urn is string => urn !== undefined && urn !== "" && urn !== state.urn))];
}

/** All recorded fields except inputs and outputs, without empty ones and sorted, so that equal resources give equal text. */
export function otherFields({ inputs: _inputs, outputs: _outputs, ...state }: ResourceState): Record<string, unknown> {
  const sorted = (value: unknown): unknown => {
    // The order of dependencies depends on the order in which the program's promises resolved.
    if (Array.isArray(value)) return [...value].sort();
    return isObject(value) ? ordered(value) : value;
  };
  const ordered = (of: object) =>
    Object.fromEntries(
      Object.entries(of)
        .filter(([key, value]) => key === "custom" || of !== state || (value !== false && !isEmpty(value)))
        .map(([key, value]) => [key, sorted(value)])
        .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    );
  return ordered(state);
}
