import * as pulumi from "@pulumi/pulumi";

const unix = "unix://";

/** The address of the Docker engine that the provider uses, e.g. `unix:///var/run/docker.sock`; undefined: the default socket. */
export function dockerHost(): string | undefined {
  return (new pulumi.Config("docker").get("host") ?? process.env.DOCKER_HOST) || undefined;
}

/** The socket of the engine; undefined for the default one, and when the engine is reached over a network. */
export function dockerSocket(): string | undefined {
  const host = dockerHost();
  return host?.startsWith(unix) ? host.slice(unix.length) : undefined;
}

/** Whether the engine is on this machine. */
export function isLocalEngine(): boolean {
  return dockerHost() === undefined || dockerSocket() !== undefined;
}
