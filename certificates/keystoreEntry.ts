/** The entries of Java keystores of both types. */

/** A private key with its certificate chain, as in wso2carbon.jks. */
export interface StoredKey {
  readonly kind: "key";
  /** In lower case, as in Java. */
  readonly alias: string;
  /** X.509, DER, the key's own certificate first. */
  readonly chain: readonly Buffer[];
  /**
   * Decrypts the key. @returns PKCS#8, DER
   * @throws {WrongPassword}
   */
  open(password: string): Buffer;
}

/** A trusted certificate, as in client-truststore.jks. */
export interface StoredCertificate {
  readonly kind: "trusted";
  readonly alias: string;
  /** X.509, DER. */
  readonly certificate: Buffer;
}

export type StoredEntry = StoredKey | StoredCertificate;

/** The password of the store, or of a key, is wrong. */
export class WrongPassword extends Error {}
