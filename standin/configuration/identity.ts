import { configurationFiles } from "../../product/files";
import { readXml, textAt } from "./xml";

const identityFile = configurationFiles.identity.path;

export interface IdentityConfiguration {
  /** Whether a Key Manager caches the tokens that it issued. */
  readonly tokenCache: boolean;
}

/** Reads identity.xml. @throws when it is missing or not well-formed */
export function readIdentity(carbonHome: string): IdentityConfiguration {
  return { tokenCache: textAt(readXml(carbonHome, identityFile).root, "OAuth/EnableOAuthCache") === "true" };
}
