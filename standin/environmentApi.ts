import type { DeployedApi } from "./apiFile";

/** The backends of an API. At least one is present. */
export interface Endpoints {
  readonly production?: string;
  readonly sandbox?: string;
}

/** The part of a deployed API that depends on the type of the environment. */
export type Treatments = Pick<DeployedApi, "keyType" | "matching" | "other">;

/**
 * What a gateway does with the two types of keys, depending on the type of its environment.
 *
 * @returns undefined: the API has no endpoint for this environment and is not deployed there
 * @throws when the product has no such type
 */
export function treatmentsFor(type: string, { production, sandbox }: Endpoints): Treatments | undefined {
  switch (type) {
    case "production":
      return production === undefined
        ? undefined
        : {
            keyType: "PRODUCTION",
            matching: { endpoint: production },
            other: { refusal: "Sandbox Key Provided for Production Gateway" },
          };
    case "sandbox":
      return sandbox === undefined
        ? undefined
        : {
            keyType: "SANDBOX",
            matching: { endpoint: sandbox },
            other: { refusal: "Production Key Provided for Sandbox Gateway" },
          };
    case "hybrid":
      return hybridTreatments(production, sandbox);
    default:
      throw new Error(`expected hybrid, production or sandbox, found "${type}"`);
  }
}

/** Each key leads to its own endpoint. A key without an endpoint is answered by a sequence of the gateway. */
function hybridTreatments(production: string | undefined, sandbox: string | undefined): Treatments | undefined {
  if (production !== undefined) {
    return {
      keyType: "PRODUCTION",
      matching: { endpoint: production },
      other: sandbox === undefined ? { sequence: "_sandbox_key_error_" } : { endpoint: sandbox },
    };
  }
  return sandbox === undefined
    ? undefined
    : { keyType: "SANDBOX", matching: { endpoint: sandbox }, other: { sequence: "_production_key_error_" } };
}
