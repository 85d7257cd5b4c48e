import type { Call } from "./record";

/** Calls that several roles make. @see the WSO2 guide, "Configuring the connections among the components" */

const keyServices = { to: "keyManager", port: "managementHttps" } as const;

/** Users of a web application log in at the Key Manager. */
export const login = {
  ...keyServices,
  file: "apiManager",
  element: "AuthManager/ServerURL",
  why: "users log in",
} as const satisfies Call;

/** API keys are validated by web service. */
export const keyValidation = {
  ...keyServices,
  file: "apiManager",
  element: "APIKeyValidator/ServerURL",
  why: "API keys are validated",
} as const satisfies Call;

/** API keys are validated over Thrift. */
export const thriftKeyValidation = {
  to: "keyManager",
  port: "thrift",
  file: "apiManager",
  element: "APIKeyValidator/ThriftClientPort",
  why: "API keys are validated over Thrift",
  onlyWith: "ThriftClient",
} as const satisfies Call;

/** The management services of each gateway environment. */
export function environments<const W extends string>(why: W) {
  return {
    to: "gateway",
    eachEnvironment: true,
    port: "managementHttps",
    file: "apiManager",
    element: "Environment[{environment}]/ServerURL",
    why,
  } as const satisfies Call;
}

/** The gateway's own revoke API. The file has room for one: that of the first environment. */
export const revocation = {
  to: "gateway",
  port: "apiHttps",
  file: "apiManager",
  element: "RevokeAPIURL",
  why: "revoked tokens leave the gateway's cache",
  since: "1.7.0",
} as const satisfies Call;

/** A synapse API of the gateway that passes its requests on to the Key Manager. */
export function passThrough<const A extends "token" | "authorize" | "revoke" | "userInfo">(
  api: A,
  name: string,
  since?: string,
) {
  return {
    ...keyServices,
    file: `${api}Api` as const,
    element: `${name} endpoint`,
    why: `the gateway's ${api} requests reach the Key Manager`,
    ...(since !== undefined && { since }),
  } as const satisfies Call;
}

/** The Publisher logs in to the Store's management services. */
export const tierCache = {
  to: "store",
  port: "managementHttps",
  file: "apiManager",
  element: "APIStore/ServerURL",
  why: "changed tiers leave the Store's cache",
  since: "1.10.0",
} as const satisfies Call;
