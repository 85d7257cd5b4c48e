import { z } from "zod";
import { characterSets } from "../product/mysql";
import { environmentsPattern } from "./environments";
import { maxReplicas } from "./limits";

/** The namespace of every setting: the project's name in Pulumi.yaml. */
export const projectName = "wso2-apim";

/** The value of `distribution` that stands for the embedded stand-in instead of a product pack. */
export const standIn = "stand-in";

const hostName = z
  .string()
  .max(253)
  .regex(
    /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/,
    "a full lower-case host name, e.g. gateway.apim-wso2.com",
  );
const port = z.int().min(1).max(65535);
const replicas = z.int().min(1).max(maxReplicas);
const domain = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "letters, digits, dots and dashes");
const serverName = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Empty: not set. */
const optional = (pattern: RegExp, what: string) =>
  z.string().refine((value) => value === "" || pattern.test(value), `${what}, or nothing`);
/** Empty: none. */
const file = z.string().max(1000);
/** Free: what counts is that it changes. */
const renewal = optional(/^[\w.:+-]{1,64}$/, "a date, a number or a word");
const megabytes = z.int().min(32).max(1_048_576);
/** 0: what suits the distribution, see derived.ts. */
const orSuitable = (minimum: number, maximum: number) =>
  z
    .int()
    .max(maximum)
    .refine((value) => value === 0 || value >= minimum, `0, or at least ${minimum}`)
    .default(0);

/**
 * Every setting of a stack, with its default. The same names, types and defaults stand in Pulumi.yaml, where the Pulumi
 * CLI reads them (a test keeps both equal).
 *
 * @see docs/settings.md
 */
export const settingsSchema = z.strictObject({
  distribution: z.string().min(1).default(standIn),
  image: z.string().default(""),
  jdbcDriver: optional(
    /^([0-9]+(\.[0-9]+)+|.*[^/]\.jar)$/,
    "the path of a mysql-connector-java jar, or a version of it such as 5.1.49",
  ).default(""),
  apimHome: z
    .string()
    .regex(/^\/[^\s:]*[^/\s:]$/, "an absolute path without a slash at its end")
    .default("/opt/wso2am"),
  multiTenancy: z.boolean().default(false),
  jwt: z.boolean().default(false),
  jwtHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/, "the name of an HTTP header, e.g. X-JWT-Assertion")
    .default("X-JWT-Assertion"),
  jwtClaimsRetriever: optional(
    /^([A-Za-z_$][\w$]*\.)+[A-Za-z_$][\w$]*$/,
    "the full name of a Java class, e.g. org.wso2.carbon.apimgt.impl.token.DefaultClaimsRetriever",
  ).default(""),
  jwtDialect: z
    .string()
    .regex(/^[a-z][a-z0-9+.-]*:[^\s<>"]+$/, "a URI, e.g. http://wso2.org/claims")
    .default("http://wso2.org/claims"),
  jwtSignature: z.enum(["SHA256withRSA", "NONE"]).default("SHA256withRSA"),
  keyManagerReplicas: replicas.default(1),
  gatewayReplicas: replicas.default(1),
  publisherReplicas: replicas.default(1),
  storeReplicas: replicas.default(1),
  gatewayEnvironments: z
    .string()
    .regex(environmentsPattern, "hybrid, production or sandbox, or several like europe=production, test=sandbox")
    .default("hybrid"),
  gatewayWorkers: z.int().min(0).max(maxReplicas).default(0),
  gatewayClusterDomain: domain.default("wso2.gateway.domain"),
  keyManagerClusterDomain: domain.default("wso2.km.domain"),
  deploymentSynchronizer: z.enum(["off", "svn"]).default("off"),
  svnUrl: optional(
    /^(https?|svn):\/\/[^\s@]+$/,
    "a URL without user or password, e.g. https://svn.example.com/apis/",
  ).default(""),
  svnUser: z.string().max(64).default(""),
  keyValidatorClient: z.enum(["auto", "ThriftClient", "WSClient"]).default("auto"),
  analytics: z.boolean().default(false),
  analyticsHost: hostName.default("bam.apim-wso2.com"),
  analyticsPort: port.default(7612),
  analyticsUser: z.string().min(1).max(64).default("admin"),
  adminUser: z
    .string()
    .regex(/^[^~!#$;%^*+={}\\|<>,'"\s]{3,30}$/, "3 to 30 characters that the product allows in a user name")
    .default("admin"),
  portOffsets: z.enum(["document", "none", "custom"]).default("document"),
  keyManagerOffset: z.int().min(0).max(10000).default(0),
  gatewayOffset: z.int().min(0).max(10000).default(1),
  publisherOffset: z.int().min(0).max(10000).default(2),
  storeOffset: z.int().min(0).max(10000).default(3),
  networkSubnet: z
    .string()
    .regex(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/, "an IPv4 network such as 172.28.0.0/24")
    .default("172.28.0.0/24"),
  keyManagerHost: hostName.default("keymanager.apim-wso2.com"),
  gatewayHost: hostName.default("gateway.apim-wso2.com"),
  publisherHost: hostName.default("publisher.apim-wso2.com"),
  storeHost: hostName.default("store.apim-wso2.com"),
  apimgtdbHost: hostName.default("apimgtdb.mysql-wso2.com"),
  userdbHost: hostName.default("userdb.mysql-wso2.com"),
  regdbHost: hostName.default("regdb.mysql-wso2.com"),
  clusterDomain: domain.default("wso2.pub.store.domain"),
  keystore: file.default(""),
  keystoreAlias: z.string().max(100).default(""),
  truststore: file.default(""),
  certificateRenewal: renewal.default(""),
  certificateDays: z.int().min(1).max(7300).default(3650),
  authorityRenewal: renewal.default(""),
  publishAddress: z.ipv4().default("127.0.0.1"),
  managementAddress: z
    .string()
    .refine((value) => value === "" || z.ipv4().safeParse(value).success, "an IPv4 address, or nothing")
    .default(""),
  httpsPort: port.default(8443),
  gatewayHttpsPort: port.default(8243),
  gatewayHttpPort: port.default(8280),
  managementPort: port.max(65000).default(9443),
  databasePort: port.default(23306),
  databaseServerPort: port.default(3306),
  databaseHost: z
    .string()
    .refine(
      (value) => value === "" || serverName.test(value) || z.ipv4().safeParse(value).success,
      "a lower-case host name or an IPv4 address, or nothing",
    )
    .default(""),
  databaseAdminUser: z
    .string()
    .regex(/^[^\s'"`\\]{1,32}$/, "1 to 32 characters without white space, quotes and backslashes")
    .default("root"),
  databasesExist: z.boolean().default(false),
  // In a GRANT, an underscore in a database's name stands for any letter.
  databasePrefix: z
    .string()
    .regex(/^[a-z0-9-]{0,40}$/, "up to 40 lower-case letters, digits and dashes")
    .default(""),
  // MySQL allows 32 characters, and the longest role has 10.
  databaseUserPrefix: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,22}$/, "1 to 22 letters, digits, underscores and dashes")
    .default("apim_"),
  databaseCharacterSet: z.enum(characterSets).default("latin1"),
  poolMaxActive: z.int().min(1).max(1000).default(50),
  poolMaxWait: z.int().min(-1).max(3_600_000).default(60_000),
  nodeMemory: orSuitable(32, 1_048_576),
  nodeHeap: orSuitable(256, 1_048_576),
  databaseMemory: megabytes.min(300).default(512),
  balancerMemory: megabytes.min(64).default(128),
  startTimeout: orSuitable(10, 3600),
});

/** Settings that are secrets: read apart ({@link secretSetting}), so that no value of theirs can be shown. */
export const secretSettings = [
  "adminPassword",
  "analyticsPassword",
  "svnPassword",
  "databaseAdminPassword",
  "keystorePassword",
  "keyPassword",
  "truststorePassword",
] as const;

/** The settings of one stack, complete and valid, zeros that mean "suitable" replaced, without its {@link secretSettings}. */
export type Settings = Readonly<z.infer<typeof settingsSchema>> & { readonly stack: string };
