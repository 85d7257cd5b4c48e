import type { Distribution } from "../distribution";
import { errorMessage } from "../errors";
import type { StoredCertificate } from "./keystoreEntry";
import { readKeystore } from "./keystoreFile";

/**
 * The certificates of the product's own truststore: public authorities, which gateways need for calling backends.
 * Without the product's certificate, whose private key is public.
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
  const consequence = "gateways trust no public authority, only the deployment's own; set wso2-apim:truststore";
  if (stock === undefined) return { trusted: [], warnings: [`${location}: not in ${source}; ${consequence}`] };
  try {
    const trusted = readKeystore(stock, password).filter(
      (entry): entry is StoredCertificate => entry.kind === "trusted",
    );
    return { trusted: trusted.filter(({ alias }) => alias !== keyStore.keyAlias.toLowerCase()), warnings: [] };
  } catch (error) {
    return { trusted: [], warnings: [`${location} of ${source}: ${errorMessage(error)}; ${consequence}`] };
  }
}
