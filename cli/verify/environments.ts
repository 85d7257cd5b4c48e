import type { EnvironmentType } from "../../settings/environments";
import type { Topology } from "../../topology";

/** The two keys that an application has, in the product's words. */
export type KeyType = "PRODUCTION" | "SANDBOX";
export const keyTypes: readonly KeyType[] = ["PRODUCTION", "SANDBOX"];

/** A gateway environment as callers know it: one host name, however many gateways answer to it. */
export interface CalledEnvironment {
  /** As the Publisher and the Store call it, e.g. `Production`. */
  readonly name: string;
  readonly type: EnvironmentType;
  readonly host: string;
}

/** In the order of the setting. */
export function calledEnvironments({ environments }: Pick<Topology, "environments">): CalledEnvironment[] {
  return environments.map(({ name, type, apiHost }) => ({ name, type, host: apiHost }));
}

/** The key that an environment is called with: the only one that it takes, or a hybrid one's first. */
export function ownKeyType(type: EnvironmentType): KeyType {
  return type === "sandbox" ? "SANDBOX" : "PRODUCTION";
}

export function otherKeyType(type: KeyType): KeyType {
  return type === "PRODUCTION" ? "SANDBOX" : "PRODUCTION";
}

/** E.g. `sandbox`, for a sentence. */
export function wordOf(type: KeyType): string {
  return type.toLowerCase();
}
