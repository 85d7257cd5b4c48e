import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { errorMessage } from "../../errors";
import { type Report, toStderr } from "./host";

/** Which Docker engine the docker CLI would use. */
export interface DockerAddress {
  /** E.g. `unix:///run/user/1000/docker.sock`; undefined for the default socket. */
  readonly host: string | undefined;
  /** What names the engine, and how to choose another one; undefined for the default socket. */
  readonly origin: { readonly name: string; readonly remedy: string } | undefined;
  /** Directory with ca.pem, cert.pem and key.pem of a context. */
  readonly certificates?: string;
}

const byDefault = "unix:///var/run/docker.sock";

/**
 * Finds the engine as the docker CLI does: DOCKER_HOST, else the context of DOCKER_CONTEXT, else the context that
 * `docker context use` chose, else the default socket.
 *
 * @throws when there is no such context, or when the engine is reached by ssh
 */
export function dockerAddress(env: NodeJS.ProcessEnv): DockerAddress {
  const address = env.DOCKER_HOST ? fromVariable(env.DOCKER_HOST) : fromContext(env);
  if (address.host?.startsWith("ssh://"))
    throw new Error(
      `${address.origin?.name}: expected a Docker engine on this machine, found ${address.host}: the program connects to ports that the engine publishes on its own machine. Run the program there, or ${address.origin?.remedy}.`,
    );
  return address;
}

function fromVariable(host: string): DockerAddress {
  if (host === byDefault) return { host, origin: undefined };
  return { host, origin: { name: "DOCKER_HOST", remedy: "run `unset DOCKER_HOST` to use a local engine" } };
}

function fromContext(env: NodeJS.ProcessEnv): DockerAddress {
  const directory = env.DOCKER_CONFIG || join(env.HOME || homedir(), ".docker");
  const configuration = join(directory, "config.json");
  const variable = env.DOCKER_CONTEXT;
  const name = variable || currentContext(configuration);
  if (name === undefined || name === "default") return { host: undefined, origin: undefined };
  const origin = {
    name: `Docker context ${name}`,
    remedy: variable
      ? "run `unset DOCKER_CONTEXT` to use a local engine"
      : "run `docker context use default` to use a local engine",
  };
  const id = createHash("sha256").update(name).digest("hex");
  const file = join(directory, "contexts", "meta", id, "meta.json");
  if (!existsSync(file))
    throw new Error(
      `${variable ? "DOCKER_CONTEXT" : `${configuration}: currentContext`}: expected a context that \`docker context ls\` lists, found ${name}; create it, or ${origin.remedy}.`,
    );
  const { Endpoints } = readJson(file) as { Endpoints?: { docker?: { Host?: string; SkipTLSVerify?: boolean } } };
  const certificates = join(directory, "contexts", "tls", id, "docker");
  const tls = existsSync(certificates) && Endpoints?.docker?.SkipTLSVerify !== true;
  return { host: Endpoints?.docker?.Host || undefined, origin, ...(tls && { certificates }) };
}

function currentContext(configuration: string): string | undefined {
  if (!existsSync(configuration)) return undefined;
  return (readJson(configuration) as { currentContext?: string }).currentContext || undefined;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`${file}: ${errorMessage(error)}`);
  }
}

/** By environment: once DOCKER_HOST is set, it no longer tells what named the engine. */
const used = new WeakMap<NodeJS.ProcessEnv, DockerAddress>();

/**
 * Sets DOCKER_HOST to the engine of {@link dockerAddress}, for this process and those that it starts: the Pulumi CLI's
 * docker provider does not follow `docker context use`. Does this once for each environment.
 *
 * @param report gets one line when it is not the default engine. @default to stderr
 */
export function useDockerAddress(report: Report = toStderr, env: NodeJS.ProcessEnv = process.env): DockerAddress {
  const known = used.get(env);
  if (known) return known;
  const address = dockerAddress(env);
  used.set(env, address);
  if (address.origin) report(`Docker engine: ${address.host ?? "the default one"} (${address.origin.name})`);
  // The provider prefers DOCKER_CONTEXT to DOCKER_HOST; the docker CLI does not.
  delete env.DOCKER_CONTEXT;
  if (address.host !== undefined) env.DOCKER_HOST = address.host;
  if (address.certificates !== undefined) {
    env.DOCKER_CERT_PATH = address.certificates;
    env.DOCKER_TLS_VERIFY = "1";
  }
  return address;
}
