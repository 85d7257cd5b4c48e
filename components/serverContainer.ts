import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { serverLabels } from "./labels";
import { healthcheckOf, log, sortedPorts } from "./serverDefaults";
import type { ServerDescription, ServerFile, Volume } from "./serverDescription";
import { volumeName } from "./volumes";

/** Runs a server as a container on the Docker engine. */
export function runContainer(
  name: string,
  server: ServerDescription,
  opts: Pick<pulumi.CustomResourceOptions, "parent" | "dependsOn">,
): docker.Container {
  const { environment = {}, memory } = server;
  const healthcheck = healthcheckOf(server, "1h0m0s");
  return new docker.Container(
    `${name}-container`,
    {
      name: `${server.topology.prefix}-${server.name}`,
      hostname: server.name,
      image: server.image,
      ...(server.command && { command: [...server.command] }),
      ...(server.environment && { envs: Object.entries(environment).map(([key, value]) => `${key}=${value}`) }),
      ...(server.hosts && { hosts: server.hosts.map(({ host, ip }) => ({ host, ip })) }),
      ...(server.volumes && { mounts: mountsOf(server.volumes) }),
      ...(server.files && {
        uploads: pulumi.secret(pulumi.output(server.files.map(uploadOf))),
      }),
      networksAdvanced: [{ name: server.network.name, ipv4Address: server.address }],
      ports: portsOf(server),
      healthcheck,
      wait: true,
      waitTimeout: server.startTimeout,
      mustRun: true,
      restart: "unless-stopped",
      memory,
      memorySwap: memory,
      stopTimeout: server.stopTimeout,
      destroyGraceSeconds: server.stopTimeout,
      logDriver: log.driver,
      logOpts: log.options,
      labels: serverLabels(server, { healthcheck: hashOf(healthcheck) }),
    },
    { ...opts, deleteBeforeReplace: true },
  );
}

/** Docker fills a new volume from the image. */
function mountsOf(volumes: ReadonlyMap<string, Volume>): docker.types.input.ContainerMount[] {
  return [...volumes].map(([target, volume]) => ({ type: "volume", source: volumeName(volume), target }));
}

function portsOf(server: ServerDescription): docker.types.input.ContainerPort[] {
  const { publishedOn: ip } = server;
  return sortedPorts(server).map(({ internal, published }) => ({ internal, external: published, ip, protocol: "tcp" }));
}

function uploadOf({ path, content, isBase64, mode }: ServerFile): docker.types.input.ContainerUpload {
  return {
    file: path,
    ...(isBase64 ? { contentBase64: content } : { content }),
    ...(mode !== undefined && { permissions: mode }),
  };
}

/**
 * The Docker provider reports a changed health check as an update in place, but applies nothing. The label changes with
 * the health check, and a changed label replaces the container.
 */
function hashOf(healthcheck: object): string {
  return createHash("sha256").update(JSON.stringify(healthcheck)).digest("hex").slice(0, 12);
}
