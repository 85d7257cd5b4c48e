import type { Handler } from "../http";
import type { Service } from "../services";
import type { KeyValidationRequest } from "../thrift";

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
