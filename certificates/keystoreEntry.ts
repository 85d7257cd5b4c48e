/** What Java keystores hold, of whatever type. */

/** A private key with its certificate chain, as in wso2carbon.jks. */
export interface StoredKey {
  readonly kind: "key";
  /** In lower case, as Java has it. */
  readonly alias: string;
  /** X.509, DER, the key's own certificate first. */
  readonly chain: readonly Buffer[];
  /**
   * The key as PKCS#8, DER.
   * @throws {WrongPassword}
   */
  open(password: string): Buffer;
}

/** A certificate that is trusted, as in client-truststore.jks. */
export interface StoredCertificate {
  readonly kind: "trusted";
  readonly alias: string;
  /** X.509, DER. */
  readonly certificate: Buffer;
}

export type StoredEntry = StoredKey | StoredCertificate;

/** The store's password, or a key's, is another one. */
export class WrongPassword extends Error {}
