import type { EnvironmentType } from "../../settings/environments";
import type { Topology } from "../../topology";

/** The types of an application's two keys, as the product names them. */
export type KeyType = "PRODUCTION" | "SANDBOX";
export const keyTypes: readonly KeyType[] = ["PRODUCTION", "SANDBOX"];

/** A gateway environment as its callers see it: one host name for any number of gateways. */
export interface CalledEnvironment {
  /** The name in the Publisher and the Store, e.g. `Production`. */
  readonly name: string;
  readonly type: EnvironmentType;
  readonly host: string;
}

/** The environments in the order of the setting. */
export function calledEnvironments({ environments }: Pick<Topology, "environments">): CalledEnvironment[] {
  return environments.map(({ name, type, apiHost }) => ({ name, type, host: apiHost }));
}

/** The type of the key with which verify calls an environment: the only one it accepts; PRODUCTION if it accepts both. */
export function ownKeyType(type: EnvironmentType): KeyType {
  return type === "sandbox" ? "SANDBOX" : "PRODUCTION";
}

export function otherKeyType(type: KeyType): KeyType {
  return type === "PRODUCTION" ? "SANDBOX" : "PRODUCTION";
}

/** The type as a word in a sentence, e.g. `sandbox`. */
export function wordOf(type: KeyType): string {
  return type.toLowerCase();
}
