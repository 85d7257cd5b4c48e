import { createPrivateKey, X509Certificate } from "node:crypto";

/** A PEM certificate as DER. */
export function derOf(certificate: string): Buffer {
  return new X509Certificate(certificate).raw;
}

/** A PEM private key as PKCS#8, DER. */
export function keyDerOf(key: string): Buffer {
  return createPrivateKey(key).export({ format: "der", type: "pkcs8" });
}
