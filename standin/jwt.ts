import { createSign } from "node:crypto";
import type { Validation } from "./data/tokens";
import type { Identity } from "./keyStores";

/** Milliseconds for which the token is valid. */
const lifetime = 15 * 60 * 1000;

/** The JSON Web Token about a caller and its application for backends (X-JWT-Assertion), signed with the node's key. */
export function callerToken(identity: Identity, validation: Validation, context: string, version: string): string {
  const claims = {
    iss: "wso2.org/products/am",
    exp: Date.now() + lifetime,
    "http://wso2.org/claims/subscriber": validation.subscriber,
    "http://wso2.org/claims/applicationname": validation.application,
    "http://wso2.org/claims/apicontext": context,
    "http://wso2.org/claims/version": version,
    "http://wso2.org/claims/keytype": validation.keyType,
    "http://wso2.org/claims/enduser": validation.user,
  };
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ typ: "JWT", alg: "RS256" })}.${encode(claims)}`;
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(identity.key, "base64url")}`;
}
