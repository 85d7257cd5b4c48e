import type { Role } from "./roles";

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
