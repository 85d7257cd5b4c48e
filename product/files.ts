/** A file of the product that is read from the distribution. */
export interface ProductFile {
  /** Below APIM_HOME. */
  readonly path: string;
  /** The first version that has the file. @default all versions have it */
  readonly since?: string;
  /** True: a distribution without the file is complete too. @default false */
  readonly optional?: boolean;
  /** What the deployment lacks without an optional file; shown as a warning. */
  readonly withoutIt?: string;
}

/** How the product's files write APIM_HOME. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: the product's own notation
export const homeVariable = "${carbon.home}/";

const conf = "repository/conf";
const synapse = "repository/deployment/server/synapse-configs/default/api";

/** Every configuration file that is rendered, all XML. The records in roles/ say which role gets which of them. */
const xmlFiles = {
  carbon: { path: `${conf}/carbon.xml` },
  dataSources: { path: `${conf}/datasources/master-datasources.xml` },
  apiManager: { path: `${conf}/api-manager.xml` },
  userManagement: { path: `${conf}/user-mgt.xml` },
  registry: { path: `${conf}/registry.xml` },
  axis2: { path: `${conf}/axis2/axis2.xml` },
  catalina: {
    path: `${conf}/tomcat/catalina-server.xml`,
    optional: true,
    withoutIt: "redirects lead to a node's own port, not to the load balancer's",
  },
  identity: { path: `${conf}/identity.xml`, optional: true },
  /** The place of identity.xml since 1.10. */
  identityOfLater: { path: `${conf}/identity/identity.xml`, optional: true },
  tokenApi: { path: `${synapse}/_TokenAPI_.xml` },
  authorizeApi: { path: `${synapse}/_AuthorizeAPI_.xml` },
  revokeApi: { path: `${synapse}/_RevokeAPI_.xml`, since: "1.7.0" },
  userInfoApi: { path: `${synapse}/_UserInfoAPI_.xml`, optional: true },
} as const satisfies Readonly<Record<string, ProductFile>>;

/** Files of properties. They are created where a pack has none. */
const propertyFiles = {
  /** Hazelcast's own properties, which override those that the server sets. */
  hazelcast: { path: `${conf}/hazelcast.properties`, optional: true },
} as const satisfies Readonly<Record<string, ProductFile>>;

export const configurationFiles = { ...xmlFiles, ...propertyFiles } as const;

/** The name of a file in XML. */
export type XmlFileName = keyof typeof xmlFiles;
/** The name of a file of properties. */
export type PropertyFileName = keyof typeof propertyFiles;

/** The name of a configuration file in {@link configurationFiles}. */
export type ConfigurationFile = keyof typeof configurationFiles;

/**
 * The directory of the files that define data sources. The server reads master-datasources.xml first, then each other file
 * with this end in its name: the last definition of a name counts.
 */
export const dataSourceFiles = { directory: `${conf}/datasources`, end: "-datasources.xml" } as const;

/** The settings of the product's vault. It is in use when a line sets one of these. */
export const vaultFile = {
  path: `${conf}/security/secret-conf.properties`,
  activeLine: /^\s*(carbon\.secretProvider|secretRepositories)(\s*[=:]|\s+\S)/,
} as const;

const components = "repository/components";

/** The server's OSGi bundles. A bundle's file is `<symbolic name>_<version>.jar`. */
export const bundleFiles = {
  plugins: `${components}/plugins`,
  /** At its start, the server copies the files of these directories over plugins, in the order of the names. */
  patches: `${components}/patches`,
  /** patch0000 holds the plugins as they were before. */
  patch: /^patch(?!0000)\d{4}$/,
  /** Bundles that the server adds to those of its profile. */
  dropins: `${components}/dropins`,
  /** The list of a profile's bundles: one line each, which begins with the symbolic name and a comma. */
  list: (profile: string) =>
    `${components}/${profile}/configuration/org.eclipse.equinox.simpleconfigurator/bundles.info`,
} as const;

/** Where carbon.xml has its truststore unless somebody changed it. */
export const stockTruststore = "repository/resources/security/client-truststore.jks";

/** The attribute with which an element takes its text from the product's vault, not from the file. */
export const vaultAttribute = /:secretAlias$/;
