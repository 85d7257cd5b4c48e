import type { Distribution } from "../distribution";
import { ownStores, type Settings, standIn } from "../settings";
import type { StoredCertificate } from "./keystoreEntry";
import { type OwnKey, readOwnCertificates } from "./ownStores";
import { stockTrust } from "./stockTrust";

export interface GivenCertificates {
  /** The user's own key; undefined: the deployment makes one. */
  readonly key?: OwnKey;
  /** Whom nodes and balancer trust: the user's own truststore, else the product's. */
  readonly trusted: readonly StoredCertificate[];
  readonly warnings: readonly string[];
}

/**
 * What there is of keys and certificates before the deployment makes any, checked.
 *
 * @param names every host name that a certificate must carry
 * @throws {SettingsError} when the user's own are not fit for the deployment
 */
export async function readCertificates(
  settings: Settings,
  distribution: Distribution,
  names: readonly string[],
  projectDirectory: string,
): Promise<GivenCertificates> {
  const own = await readOwnCertificates(ownStores(settings, projectDirectory), names, settings.stack);
  // The stand-in comes without a truststore.
  const needsStock = own.trusted === undefined && settings.distribution !== standIn;
  const stock = needsStock ? stockTrust(distribution) : { trusted: [], warnings: [] };
  return { ...own, trusted: own.trusted ?? stock.trusted, warnings: [...own.warnings, ...stock.warnings] };
}
