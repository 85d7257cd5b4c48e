import { createSign, X509Certificate } from "node:crypto";
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
  const signed = [{ typ: "JWT", alg: "RS256", x5t: thumbprint(identity) }, claims].map(encode).join(".");
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(identity.key, "base64")}`;
}

/** In standard Base64, as in the product. */
function encode(part: object | string): string {
  return Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64");
}

/** The certificate's SHA-1 in hexadecimal digits, in Base64, as the product writes it. */
function thumbprint({ cert }: Identity): string {
  return encode(new X509Certificate(cert).fingerprint.replaceAll(":", "").toLowerCase());
}
