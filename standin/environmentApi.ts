import type { DeployedApi } from "./apiFile";

/** The backends of an API; at least one. */
export interface Endpoints {
  readonly production?: string;
  readonly sandbox?: string;
}

/** What differs between the gateways that an API is deployed to. */
export type Treatments = Pick<DeployedApi, "keyType" | "matching" | "other">;

/**
 * What the gateway of an environment of this type does with the two kinds of keys. Undefined: the API has no endpoint for
 * that gateway, so it does not get it.
 *
 * @throws when it is none of the product's types
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

/** Each key its endpoint; a key whose endpoint is not there meets one of the gateway's own sequences. */
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
