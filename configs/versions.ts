import type { XmlElement } from "@rgrove/parse-xml";
import { isSince } from "../product/versions";
import type { XmlEdit } from "../xml/edit";
import { find } from "../xml/parse";

/** What a version's files have and the file itself can't tell: there it must be, or the file is not complete. */
export interface VersionTraits {
  /** api-manager.xml: RevokeAPIURL in the key validation element. */
  readonly hasRevokeApiUrl: boolean;
  /** api-manager.xml: APIStore/URL and APIPublisher/URL. */
  readonly hasPortalUrls: boolean;
  /** api-manager.xml: APIUsageTracking/BAMServerURL. */
  readonly hasBamServer: boolean;
}

/** @param version as in carbon.xml, e.g. `1.9.0` */
export function traitsOf(version: string): VersionTraits {
  return {
    hasRevokeApiUrl: isSince(version, "1.7.0"),
    hasPortalUrls: isSince(version, "1.7.0"),
    hasBamServer: !isSince(version, "1.9.0"),
  };
}

/**
 * The key validation element of api-manager.xml: APIKeyManager up to 1.8, APIKeyValidator from 1.9 on, where APIKeyManager
 * means a key manager of another make. Told by the file's structure.
 */
export function keyValidationOf(edit: XmlEdit): XmlElement {
  const validator = find(edit.root, "APIKeyValidator");
  if (validator) return validator;
  const manager = find(edit.root, "APIKeyManager");
  if (manager && find(manager, "KeyValidatorClientType")) return manager;
  throw edit.missing("APIManager/APIKeyValidator (from 1.9 on) or APIManager/APIKeyManager/KeyValidatorClientType");
}

/** The endpoint attributes of the synapse APIs, by element: `address` up to 1.8, `http` from 1.9 on. */
export const endpointAttributes: Readonly<Record<string, string>> = { address: "uri", http: "uri-template" };
