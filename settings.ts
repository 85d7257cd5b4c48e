import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as yaml from "yaml";
import { z } from "zod";
import { settingsFaults } from "./settingsFaults";
import { maxReplicas } from "./topology/addresses";
import { environmentsPattern } from "./topology/environments";
import type { SecretName } from "./topology/model";

/** The namespace of every setting: the project's name in Pulumi.yaml. */
const projectName = "wso2-apim";

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
/** Empty: not set. */
const optional = (pattern: RegExp, what: string) =>
  z.string().refine((value) => value === "" || pattern.test(value), `${what}, or nothing`);
const megabytes = z.int().min(32).max(1_048_576);

/**
 * Every setting of a stack, with its default. The same names, types and defaults stand in Pulumi.yaml, where the Pulumi
 * CLI reads them (a test keeps both equal).
 *
 * @see README.md, "Settings"
 */
export const settingsSchema = z.strictObject({
  distribution: z.string().min(1).default(standIn),
  image: z.string().default(""),
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
  publishAddress: z.ipv4().default("127.0.0.1"),
  httpsPort: port.default(8443),
  gatewayHttpsPort: port.default(8243),
  gatewayHttpPort: port.default(8280),
  managementPort: port.max(65000).default(9443),
  databasePort: port.default(23306),
  databaseServerPort: port.default(3306),
  databaseCharacterSet: z.enum(["latin1", "utf8mb3"]).default("latin1"),
  poolMaxActive: z.int().min(1).max(1000).default(50),
  poolMaxWait: z.int().min(-1).max(3_600_000).default(60_000),
  nodeMemory: megabytes.default(192),
  databaseMemory: megabytes.default(512),
  balancerMemory: megabytes.default(128),
  startTimeout: z.int().min(10).max(3600).default(180),
});

/** Settings that are secrets: read apart ({@link secretSetting}), so that no value of theirs can be shown. */
const secretSettings = ["adminPassword", "analyticsPassword", "svnPassword"] as const;

/** The settings of one stack, complete and valid, without its {@link secretSettings}. */
export type Settings = Readonly<z.infer<typeof settingsSchema>> & { readonly stack: string };

/** All faults of the settings at once; each line names the setting, what was expected, what was found and the remedy. */
export class SettingsError extends pulumi.RunError {
  constructor(readonly faults: readonly string[]) {
    super(`The settings of this stack are not usable:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
    this.name = "SettingsError";
  }
}

/** Settings as the stack's configuration gives them: strings, as pulumi.Config delivers them, or YAML scalars. */
export type RawSettings = Readonly<Record<string, unknown>>;

/**
 * Checks raw values, adds defaults.
 *
 * @param raw setting name without namespace -> value
 * @throws {SettingsError} with every fault
 */
export function parseSettings(raw: RawSettings, stack: string): Settings {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (isSecret(name)) {
      faults.push(...passwordFaults(name, value));
    } else if (!(name in settingsSchema.shape)) {
      faults.push(`${name}: there is no such setting${suggestion(name)}; remove it with: pulumi config rm ${name}`);
    } else if (value !== undefined) {
      values[name] = plainValue(name, value);
    }
  }
  if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(stack)) {
    faults.push(
      `stack name: expected up to 32 lower-case letters, digits and dashes (it names containers), found "${stack}"`,
    );
  }
  for (const issue of settingsSchema.safeParse(values).error?.issues ?? []) {
    const name = String(issue.path[0]);
    faults.push(
      `${name}: expected ${expectation(issue)}, found ${JSON.stringify(values[name])}; set ${projectName}:${name}`,
    );
    // So that what the others say together is checked as well.
    delete values[name];
  }
  const settings = { ...settingsSchema.parse(values), stack };
  faults.push(...settingsFaults(settings, new Set(Object.keys(raw))));
  if (faults.length > 0) throw new SettingsError(faults);
  return settings;
}

/** Reads the running program's configuration. @throws {SettingsError} */
export function loadSettings(): Settings {
  const raw: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(pulumi.runtime.allConfig())) {
    if (key.startsWith(`${projectName}:`)) raw[key.slice(projectName.length + 1)] = value;
  }
  return parseSettings(raw, pulumi.getStack());
}

/** The value of a secret if the stack sets it (`pulumi config set --secret <name>`), else undefined. */
export function secretSetting(name: (typeof secretSettings)[number]): pulumi.Output<string> | undefined {
  return new pulumi.Config(projectName).getSecret(name);
}

/** What configuration files may need besides the databases' and the administrator's passwords. */
export function otherSecrets(): Partial<Record<SecretName, pulumi.Output<string>>> {
  const analytics = secretSetting("analyticsPassword");
  const svn = secretSetting("svnPassword");
  return { ...(analytics && { "analytics-password": analytics }), ...(svn && { "svn-password": svn }) };
}

/** The directory or zip that the stock files come from; relative paths are the project's. */
export function distributionPath(settings: Settings, projectDirectory: string): string {
  return settings.distribution === standIn
    ? path.join(projectDirectory, "standin", "distribution")
    : path.resolve(projectDirectory, settings.distribution);
}

/**
 * Reads a stack's settings file without an engine, for commands that only show configuration.
 *
 * @throws {SettingsError} also when there is no such stack file
 */
export function loadSettingsFromStack(projectDirectory: string, stack: string): Settings {
  const file = path.join(projectDirectory, `Pulumi.${stack}.yaml`);
  if (!fs.existsSync(file)) {
    throw new SettingsError([
      `stack ${stack}: there is no Pulumi.${stack}.yaml; make one with: pulumi stack init ${stack}`,
    ]);
  }
  const document = yaml.parse(fs.readFileSync(file, "utf8")) as { config?: Record<string, unknown> } | null;
  const raw: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(document?.config ?? {})) {
    if (key.startsWith(`${projectName}:`)) raw[key.slice(projectName.length + 1)] = value;
  }
  return parseSettings(raw, stack);
}

function isSecret(name: string): name is (typeof secretSettings)[number] {
  return secretSettings.some((secret) => secret === name);
}

/** The administrator's is subject to the product's PasswordJavaRegEx; the value is never shown. */
function passwordFaults(name: (typeof secretSettings)[number], value: unknown): string[] {
  // In a stack file that no engine has read, it is still encrypted.
  if (typeof value === "object") return [];
  const [pattern, expected] =
    name === "adminPassword"
      ? [/^\S{5,30}$/, "5 to 30 characters without white space"]
      : [/^\P{Cc}{1,200}$/u, "1 to 200 characters on one line"];
  if (typeof value === "string" && pattern.test(value)) return [];
  return [`${name}: expected ${expected}; run: pulumi config set --secret ${name}`];
}

function plainValue(name: string, value: unknown): unknown {
  if (typeof value !== "string") return value;
  const field = settingsSchema.shape[name as keyof typeof settingsSchema.shape].unwrap();
  if (field instanceof z.ZodBoolean && /^(true|false)$/.test(value)) return value === "true";
  if (field instanceof z.ZodNumber && /^-?\d+$/.test(value)) return Number(value);
  return value;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_value":
      return issue.values.map((value) => String(value)).join(" | ");
    case "too_small":
      return issue.origin === "string" ? "a value" : `at least ${issue.minimum}`;
    case "too_big":
      return issue.origin === "string" ? `at most ${issue.maximum} characters` : `at most ${issue.maximum}`;
    case "invalid_type":
      return issue.expected === "int" ? "a whole number" : `a ${issue.expected}`;
    case "invalid_format":
      return issue.format === "regex" ? issue.message : `a valid ${issue.format} address`;
    default:
      return issue.message;
  }
}

function suggestion(name: string): string {
  const near = [...Object.keys(settingsSchema.shape), ...secretSettings].find(
    (known) => distance(known.toLowerCase(), name.toLowerCase()) <= 2,
  );
  return near ? ` (did you mean ${near}?)` : "";
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
