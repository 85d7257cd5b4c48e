import { configurationFiles } from "../../product/files";
import { readXml, textAt } from "./xml";

export const identityFile = configurationFiles.identity.path;

export interface IdentityConfiguration {
  /** Whether a Key Manager caches the tokens that it issued. */
  readonly tokenCache: boolean;
  /** JNDI name of the database with the tokens. @default that of api-manager.xml */
  readonly dataSource?: string;
}

/** Reads identity.xml. @throws when it is missing or not well-formed */
export function readIdentity(carbonHome: string): IdentityConfiguration {
  const { root } = readXml(carbonHome, identityFile);
  const dataSource = textAt(root, "JDBCPersistenceManager/DataSource/Name");
  return {
    tokenCache: textAt(root, "OAuth/EnableOAuthCache") === "true",
    ...(dataSource !== undefined && { dataSource }),
  };
}
