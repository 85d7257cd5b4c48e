import type { XmlElement } from "@rgrove/parse-xml";
import type { XmlEdit } from "../xml/edit";
import { find } from "../xml/parse";

/**
 * The key validation element of api-manager.xml: APIKeyManager up to 1.8, APIKeyValidator from 1.9 on, where APIKeyManager
 * means a third-party key manager. The structure of the file tells which it is.
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
