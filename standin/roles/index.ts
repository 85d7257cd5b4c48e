import type { Context } from "../context";
import type { Handler } from "../http";
import type { Service } from "../services";
import type { KeyValidationRequest } from "../thrift";
import { gatewayParts } from "./gateway";
import { keyManagerParts } from "./keyManager";

/** What a role adds to a server. */
export interface RoleParts {
  /** Paths on the management port. */
  readonly management: readonly Handler[];
  /** Paths on the API ports. */
  readonly traffic: readonly Handler[];
  readonly services: readonly Service[];
  /** Answers on the Thrift port. */
  readonly validateKey: (request: KeyValidationRequest) => Promise<unknown>;
  /** First entries in the databases, once they answer. */
  readonly seed: () => Promise<void>;
}

/** On every profile: who logs in elsewhere can ask here whether a password is right. */
const authentication: Service = {
  name: "AuthenticationAdmin",
  roles: ["keyManager", "gateway", "publisher", "store"],
  operations: {},
};

/** The parts of this server's role; a server without a profile has all. */
export function roleParts(context: Context): RoleParts {
  const { role } = context.configuration;
  const isRole = (one: string): boolean => role === one || role === "default";
  const keyManager = keyManagerParts(context);
  const gateway = gatewayParts(context);
  return {
    management: [...(isRole("keyManager") ? keyManager.management : [])],
    traffic: isRole("gateway") ? gateway.traffic : [],
    services: [authentication, ...keyManager.services, ...gateway.services],
    validateKey: keyManager.validateKey,
    seed: () => Promise.resolve(),
  };
}
