import type { Handler } from "../http";
import type { Service } from "../services";
import type { KeyValidationRequest } from "../thrift";

/** What a role adds to a server. */
export interface RoleParts {
  /** Handlers of paths on the management port. @default none */
  readonly management?: readonly Handler[];
  /** Handlers of paths on the API ports. @default none */
  readonly traffic?: readonly Handler[];
  /** @default none */
  readonly services?: readonly Service[];
  /** Answers requests on the Thrift port. */
  readonly validateKey?: (request: KeyValidationRequest) => Promise<unknown>;
  /** Runs once, as soon as the databases answer. */
  readonly seed?: () => Promise<void>;
}
