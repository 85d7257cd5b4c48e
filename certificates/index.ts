import type { Distribution } from "../distribution";
import { type OwnStores, type Settings, standIn } from "../settings";
import type { StoredCertificate } from "./keystoreEntry";
import { type OwnKey, readOwnCertificates } from "./ownStores";
import { stockTrust } from "./stockTrust";

export interface GivenCertificates {
  /** The user's own key; undefined when the deployment creates one. */
  readonly key?: OwnKey;
  /** The certificates that nodes and balancer trust: those of the user's own truststore, else of the product's. */
  readonly trusted: readonly StoredCertificate[];
  readonly warnings: readonly string[];
}

/**
 * Reads and checks the keys and certificates that exist before the deployment creates its own.
 *
 * @param names the host names that a certificate must contain
 * @param stores the user's own keystore and truststore
 * @throws {SettingsError} when the user's keystore or truststore is not suitable
 */
export async function readCertificates(
  settings: Settings,
  distribution: Distribution,
  names: readonly string[],
  stores: OwnStores,
): Promise<GivenCertificates> {
  const own = await readOwnCertificates(stores, names, settings.stack);
  // The stand-in has no truststore.
  const needsStock = own.trusted === undefined && settings.distribution !== standIn;
  const stock = needsStock ? stockTrust(distribution) : { trusted: [], warnings: [] };
  return { ...own, trusted: own.trusted ?? stock.trusted, warnings: [...own.warnings, ...stock.warnings] };
}
