/** The credentials for registries, from `registryAuth` of the provider's configuration. */

import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import type { ProviderRegistryAuth } from "@pulumi/docker/types/input";
import type { Unwrap } from "@pulumi/pulumi";
import type { Value } from "../../provider";

type Given = Unwrap<ProviderRegistryAuth>;

/** What the Docker engine needs to log in to a registry, and the registry's own URL. */
export interface Credentials {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

/** The names of Docker Hub; credentials for one are for all. */
const HUB = ["registry-1.docker.io", "index.docker.io", "docker.io", "registry.hub.docker.com"];
const HUB_FILE_KEY = "https://index.docker.io/v1/";

const hostOf = (address: string): string => address.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
const urlOf = (address: string): string => `${address.startsWith("http://") ? "http" : "https"}://${hostOf(address)}`;

export class RegistryAuth {
  private readonly entries: ReadonlyMap<string, Given>;

  /** @param config the SDK sends the list as JSON */
  constructor(config: Value | undefined) {
    const given = typeof config === "string" && config !== "" ? parse(config, "registryAuth") : config;
    const list = (Array.isArray(given) ? given : []) as unknown as readonly Given[];
    this.entries = new Map(list.map((entry) => [hostOf(entry.address), entry]));
  }

  /**
   * The credentials for a registry; undefined if it has no entry.
   * @throws when the entry's file can't be read
   */
  for(registry: string): Credentials | undefined {
    const names = HUB.includes(registry) ? HUB : [registry];
    const entry = names.map((name) => this.entries.get(name)).find((one) => one !== undefined);
    return entry && credentials(entry);
  }
}

function credentials(entry: Given): Credentials {
  const { address, authDisabled, username, password, configFileContent } = entry;
  const url = urlOf(address);
  // The Docker engine wants some credentials to push, also where none are needed.
  if (authDisabled) return { url, username: "username", password: "password" };
  const { DOCKER_REGISTRY_USER: user = "", DOCKER_REGISTRY_PASS: pass = "", DOCKER_CONFIG = "" } = process.env;
  if (username || user) return { url, username: username || user, password: password ?? pass };
  if (configFileContent) return { url, ...fromFile(configFileContent, address, "configFileContent") };
  const file = expand(entry.configFile ?? (DOCKER_CONFIG || "~/.docker/config.json"));
  return { url, ...fromFile(read(file, address), address, file) };
}

function expand(file: string): string {
  const full = file.startsWith("~/") ? path.join(homedir(), file.slice(2)) : file;
  return statSync(full, { throwIfNoEntry: false })?.isDirectory() ? path.join(full, "config.json") : full;
}

function read(file: string, address: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(
      `registryAuth of ${address}: ${(error as Error).message}; log in (docker login ${hostOf(address)}), ` +
        "or set username and password, or authDisabled",
    );
  }
}

function parse(text: string, what: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch {
    // The parser's message quotes the text, which contains passwords.
    throw new Error(`${what}: expected JSON, found something else`);
  }
}

interface DockerConfig {
  readonly auths?: Readonly<Record<string, { auth?: string; username?: string; password?: string } | undefined>>;
}

function fromFile(text: string, address: string, where: string): Pick<Credentials, "username" | "password"> {
  const host = hostOf(address);
  const { auths } = parse(text, `registryAuth of ${address}: ${where}`) as unknown as DockerConfig;
  const keys = HUB.includes(host) ? [HUB_FILE_KEY, ...HUB] : [host, `https://${host}`, `http://${host}`];
  const found = keys.map((key) => auths?.[key]).find((one) => one !== undefined);
  const [user = "", pass = ""] = Buffer.from(found?.auth ?? "", "base64")
    .toString("utf8")
    .split(/:(.*)/s);
  return { username: found?.username || user, password: found?.password || pass };
}
