import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { serverLabels, stackLabel } from "./labels";
import { healthcheckOf, log, sortedPorts } from "./serverDefaults";
import type { ServerDescription, Volume } from "./serverDescription";
import { deliverFiles, sharedMount, startScript } from "./serviceFiles";
import { volumeName } from "./volumes";

const MIB = 1024 * 1024;
/** What the images of this project, and those of the user's own, start with. */
const entrypoint = "/usr/local/bin/entrypoint.sh";

/**
 * Runs a server as a service of one task on a swarm. A task that cannot be replaced by a healthy one pauses the update,
 * which is an error of this run.
 */
export function runService(
  name: string,
  server: ServerDescription,
  opts: Pick<pulumi.CustomResourceOptions, "parent" | "dependsOn">,
): docker.Service {
  const { topology, replicas = 1 } = server;
  const { secrets, configs } = deliverFiles(name, server, opts.parent);
  return new docker.Service(
    `${name}-service`,
    {
      name: `${topology.prefix}-${server.name}`,
      labels: serverLabels(server),
      taskSpec: {
        containerSpec: {
          image: server.image,
          hostname: server.address,
          commands: ["/bin/bash", startScript, entrypoint],
          args: [...(server.command ?? [])],
          ...(server.hosts && { hosts: server.hosts.map(({ host, ip }) => ({ host, ip })) }),
          ...(server.volumes && { mounts: mountsOf(server.volumes, server) }),
          secrets,
          configs,
          healthcheck: healthcheckOf(server, "1h"),
          stopGracePeriod: shortDuration(server.stopTimeout),
        },
        networksAdvanceds: [{ id: server.network.id, aliases: [server.address, ...(server.aliases ?? [])].sort() }],
        placement: {
          constraints: [...(server.constraints ?? [])],
          ...(server.replicas !== undefined && { maxReplicas: 1 }),
          platforms: [{ architecture: topology.architecture, os: "linux" }],
        },
        resources: { limits: { memoryBytes: server.memory * MIB } },
        // The names of a task that has died are gone from the network in 6 s; a new one starts at once.
        restartPolicy: { condition: "any", delay: "1s", window: "0s" },
        logDriver: { name: log.driver, options: log.options },
      },
      mode: { replicated: { replicas } },
      // A virtual address has no use with one task, and needs IPVS in the kernel.
      endpointSpec: {
        mode: "dnsrr",
        ports: sortedPorts(server).map(({ internal, published }) => ({
          targetPort: internal,
          publishedPort: published,
          publishMode: "host",
          protocol: "tcp",
        })),
      },
      updateConfig: { parallelism: 1, order: "stop-first", failureAction: "pause" },
      convergeConfig: { delay: "1s", timeout: shortDuration(server.startTimeout) },
    },
    { ...opts, deleteBeforeReplace: true },
  );
}

/** Docker fills a new volume from the image, and creates it with these labels. */
function mountsOf(
  volumes: ReadonlyMap<string, Volume>,
  { topology, sharedDirectory }: ServerDescription,
): docker.types.input.ServiceTaskSpecContainerSpecMount[] {
  if (volumes.size > 0 && sharedDirectory !== undefined)
    return [{ type: "bind", source: sharedDirectory, target: sharedMount }];
  const volumeOptions = { labels: [stackLabel(topology)] };
  return [...volumes].map(([target, volume]) => ({
    type: "volume",
    source: volumeName(volume),
    target,
    volumeOptions,
  }));
}

/** e.g. 90 -> `1m30s`: the form in which Docker reports the durations of a service. */
function shortDuration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor((seconds % 3600) / 60), "m"],
    [seconds % 60, "s"],
  ] as const;
  return parts.flatMap(([count, unit]) => (count > 0 ? [`${count}${unit}`] : [])).join("") || "0s";
}
