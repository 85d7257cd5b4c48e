import type { Role } from "../topology";

/** A file of the product that is read from the distribution. */
export interface ProductFile {
  /** Below APIM_HOME. */
  readonly path: string;
  /** Roles whose nodes get their own version of it. */
  readonly roles: readonly Role[];
  /** The first version that has it; undefined: all. */
  readonly since?: string;
  /** Read when it is there; a distribution without it is complete as well. */
  readonly optional?: boolean;
  /** What a deployment lacks when an optional file is not there; said as a warning. */
  readonly withoutIt?: string;
}

const all: readonly Role[] = ["keyManager", "gateway", "publisher", "store"];
const conf = "repository/conf";
const synapse = "repository/deployment/server/synapse-configs/default/api";

/** Every configuration file that is rendered, by what it is. */
export const configurationFiles = {
  carbon: { path: `${conf}/carbon.xml`, roles: all },
  dataSources: { path: `${conf}/datasources/master-datasources.xml`, roles: all },
  apiManager: { path: `${conf}/api-manager.xml`, roles: all },
  userManagement: { path: `${conf}/user-mgt.xml`, roles: all },
  registry: { path: `${conf}/registry.xml`, roles: all },
  axis2: { path: `${conf}/axis2/axis2.xml`, roles: all },
  catalina: {
    path: `${conf}/tomcat/catalina-server.xml`,
    roles: all,
    optional: true,
    withoutIt: "redirects lead to a node's own port, not to the load balancer's",
  },
  identity: { path: `${conf}/identity.xml`, roles: ["keyManager"], optional: true },
  /** Where 1.10 has it. */
  identityOfLater: { path: `${conf}/identity/identity.xml`, roles: ["keyManager"], optional: true },
  tokenApi: { path: `${synapse}/_TokenAPI_.xml`, roles: ["gateway"] },
  authorizeApi: { path: `${synapse}/_AuthorizeAPI_.xml`, roles: ["gateway"] },
  revokeApi: { path: `${synapse}/_RevokeAPI_.xml`, roles: ["gateway"], since: "1.7.0" },
} as const satisfies Readonly<Record<string, ProductFile>>;

export type ConfigurationFile = keyof typeof configurationFiles;

/** Where carbon.xml has its truststore unless it was changed. */
export const stockTruststore = "repository/resources/security/client-truststore.jks";

/** The scripts that create the product's tables. */
export const databaseScripts = ["dbscripts/mysql.sql", "dbscripts/apimgt/mysql.sql"] as const;

/** Versions whose files this program knows, oldest first. */
export const supportedVersions = ["1.5.0", "1.6.0", "1.7.0", "1.8.0", "1.9.0", "1.9.1", "1.10.0"] as const;

/** Whether version `a` is `b` or newer; both like `1.10.0`. */
export function isSince(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (let index = 0; index < 3; index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
