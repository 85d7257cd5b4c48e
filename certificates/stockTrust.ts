import type { Distribution } from "../distribution";
import type { StoredCertificate } from "./keystoreEntry";
import { readKeystore } from "./keystoreFile";

/**
 * Whom the product trusts out of the box: the public authorities, so that gateways reach backends with certificates of
 * theirs. Without the product's own certificate, whose key everybody has.
 */
export function stockTrust({
  source,
  keyStore,
  trustStore,
}: Pick<Distribution, "source" | "keyStore" | "trustStore">): {
  readonly trusted: readonly StoredCertificate[];
  readonly warnings: readonly string[];
} {
  const { location, stock, password } = trustStore;
  const without = "gateways trust no public authority, only the deployment's own; set wso2-apim:truststore";
  if (stock === undefined) return { trusted: [], warnings: [`${location}: not in ${source}; ${without}`] };
  try {
    const trusted = readKeystore(stock, password).filter(
      (entry): entry is StoredCertificate => entry.kind === "trusted",
    );
    return { trusted: trusted.filter(({ alias }) => alias !== keyStore.keyAlias.toLowerCase()), warnings: [] };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { trusted: [], warnings: [`${location} of ${source}: ${why}; ${without}`] };
  }
}
