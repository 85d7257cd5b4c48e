import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as yaml from "yaml";
import { z } from "zod";

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
  keyValidatorClient: z.enum(["ThriftClient", "WSClient"]).default("ThriftClient"),
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
  clusterDomain: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, "letters, digits, dots and dashes")
    .default("wso2.pub.store.domain"),
  publishAddress: z.ipv4().default("127.0.0.1"),
  httpsPort: port.default(8443),
  gatewayHttpsPort: port.default(8243),
  gatewayHttpPort: port.default(8280),
  managementPort: port.max(65000).default(9443),
  databasePort: port.default(23306),
  databaseCharacterSet: z.enum(["latin1", "utf8mb3"]).default("latin1"),
  poolMaxActive: z.int().min(1).max(1000).default(50),
  poolMaxWait: z.int().min(-1).max(3_600_000).default(60_000),
  nodeMemory: megabytes.default(192),
  databaseMemory: megabytes.default(512),
  balancerMemory: megabytes.default(128),
  startTimeout: z.int().min(10).max(3600).default(180),
});

/** The settings of one stack, complete and valid. `adminPassword` is not among them: it is a secret (see {@link adminPassword}). */
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
    if (name === "adminPassword") {
      faults.push(...passwordFaults(value));
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
  faults.push(...contradictions(settings));
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

/** The administrator's password if the stack sets one (`pulumi config set --secret adminPassword`), else undefined. */
export function adminPassword(): pulumi.Output<string> | undefined {
  return new pulumi.Config(projectName).getSecret("adminPassword");
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

/** The product's PasswordJavaRegEx; the value is never shown. */
function passwordFaults(value: unknown): string[] {
  // In a stack file that no engine has read, it is still encrypted.
  const encrypted = typeof value === "object";
  if (encrypted || (typeof value === "string" && /^\S{5,30}$/.test(value))) return [];
  return [
    "adminPassword: expected 5 to 30 characters without white space; run: pulumi config set --secret adminPassword",
  ];
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
  const near = Object.keys(settingsSchema.shape).find(
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

/** Faults that only several settings together have. */
function contradictions(settings: Settings): string[] {
  return [...distributionFaults(settings), ...subnetFaults(settings), ...sameValueFaults(settings)];
}

function distributionFaults(settings: Settings): string[] {
  if (settings.distribution !== standIn && settings.image === "") {
    return [
      `image: expected the name of an image that holds the pack of ${settings.distribution}, found nothing; set ${projectName}:image (README, "Your own distribution")`,
    ];
  }
  if (settings.distribution === standIn && settings.image !== "") {
    return [
      `image: the stand-in has its own image, found "${settings.image}"; set ${projectName}:distribution too, or remove image`,
    ];
  }
  return [];
}

function subnetFaults({ networkSubnet }: Settings): string[] {
  const [address = "", bits = ""] = networkSubnet.split("/");
  const octets = address.split(".").map(Number);
  const [a = 0, b = 0] = octets;
  const isPrivate = a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168);
  const found = `found "${networkSubnet}"; set ${projectName}:networkSubnet, e.g. 172.28.0.0/24`;
  if (octets.some((octet) => octet > 255) || !isPrivate || Number(bits) < 16 || Number(bits) > 24 || octets[3] !== 0) {
    return [`networkSubnet: expected a private network from /16 to /24 whose address ends in .0, ${found}`];
  }
  const hosts = 2 ** (32 - Number(bits));
  const number = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  if (number % hosts === 0) return [];
  const start = number - (number % hosts);
  const own = [24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256).join(".");
  return [`networkSubnet: expected the network's own address ${own}/${bits}, ${found}`];
}

/** Names or ports that would meet each other. */
function sameValueFaults(settings: Settings): string[] {
  const groups: (keyof Settings)[][] = [
    ["keyManagerHost", "gatewayHost", "publisherHost", "storeHost", "apimgtdbHost", "userdbHost", "regdbHost"],
    ["httpsPort", "gatewayHttpsPort", "gatewayHttpPort", "managementPort", "databasePort"],
  ];
  const faults: string[] = [];
  for (const group of groups) {
    for (const [i, name] of group.entries()) {
      const other = group.slice(0, i).find((earlier) => settings[earlier] === settings[name]);
      if (other)
        faults.push(
          `${name}: expected another value than ${other}, found "${settings[name]}" for both; set ${projectName}:${name}`,
        );
    }
  }
  return [...faults, ...managementPortFaults(settings)];
}

/** The nodes' management ports are published one after another. */
function managementPortFaults(settings: Settings): string[] {
  const last = settings.managementPort + 3;
  const others = ["httpsPort", "gatewayHttpsPort", "gatewayHttpPort", "databasePort"] as const;
  return others
    .filter((name) => settings[name] > settings.managementPort && settings[name] <= last)
    .map(
      (name) =>
        `${name}: port ${settings[name]} is one of the management ports ${settings.managementPort} to ${last}; set ${projectName}:${name} or ${projectName}:managementPort`,
    );
}
