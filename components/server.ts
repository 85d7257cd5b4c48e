import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { stackLabelName, type Topology } from "../topology";

/** A file in a server's container. */
export interface ServerFile {
  /** Absolute path in the container. */
  readonly path: string;
  /** Base64 if `isBase64`, otherwise text. */
  readonly content: string;
  readonly isBase64?: boolean;
  /** Octal, e.g. `0600`. @default 0644 */
  readonly mode?: string;
}

/** What a server is: MySQL, the product's nodes and the load balancer are all described like this. */
export interface ServerDescription {
  /** Names the server within the deployment: its host name, and the end of its container's name. */
  readonly name: string;
  readonly topology: Topology;
  readonly network: docker.Network;
  /** IPv4 address on the network. */
  readonly address: string;
  /** Id or name. */
  readonly image: pulumi.Input<string>;
  /** Arguments of the image's entrypoint. @default none */
  readonly command?: readonly string[];
  /** Name -> value of environment variables. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** Uploaded before the start; secret as a whole. @default none */
  readonly files?: pulumi.Input<readonly ServerFile[]>;
  /** Entries of /etc/hosts. @default none */
  readonly hosts?: readonly { readonly host: string; readonly ip: string }[];
  /** Directories that outlive the container: volume by absolute path. @default none */
  readonly volumes?: ReadonlyMap<string, docker.Volume>;
  /** Command in the image that succeeds when the server may be used, and its arguments. */
  readonly healthcheck: readonly string[];
  readonly ports: readonly { readonly internal: number; readonly published: number }[];
  /** The host's address on which the ports are published. */
  readonly publishedOn: string;
  /** Memory limit in MiB. */
  readonly memory: number;
  /** Seconds until it must be healthy. */
  readonly startTimeout: number;
  /** Seconds that a stop may take. */
  readonly stopTimeout: number;
  /** Labels besides the common ones, without their common prefix. @default none */
  readonly labels?: Readonly<Record<string, pulumi.Input<string>>>;
}

type Label = { label: string; value: pulumi.Input<string> };

/** The label that tells to which deployment a Docker object belongs; every object of the deployment has it. */
export function stackLabel(topology: Topology): Label {
  return { label: stackLabelName, value: topology.prefix };
}

/**
 * Runs a server as a container that is up once it is healthy. Nothing else creates containers.
 *
 * @param name of the component that the server belongs to
 */
export function runServer(
  name: string,
  server: ServerDescription,
  opts: Pick<pulumi.CustomResourceOptions, "parent" | "dependsOn">,
): docker.Container {
  const { environment = {}, memory } = server;
  const healthcheck = {
    tests: ["CMD", ...server.healthcheck],
    // Each check costs the host some 50 ms: every second, one deployment at rest would take a third of a core.
    interval: "2s",
    timeout: "5s",
    retries: 5,
    // The longest startTimeout: failures before the first success do not count. It is the same for every stack, so that
    // another startTimeout does not replace MySQL and the load balancer.
    startPeriod: "1h0m0s",
  };
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
        uploads: pulumi.secret(pulumi.output(server.files).apply((files) => files.map(uploadOf))),
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
      logDriver: "json-file",
      logOpts: { "max-file": "3", "max-size": "20m" },
      labels: labelsOf(server, healthcheck),
    },
    { ...opts, deleteBeforeReplace: true },
  );
}

/** Docker fills a new volume from the image. */
function mountsOf(volumes: ReadonlyMap<string, docker.Volume>): docker.types.input.ContainerMount[] {
  return [...volumes].map(([target, { name: source }]) => ({ type: "volume", source, target }));
}

/** Sorted, as the Docker provider returns them. */
function portsOf({ ports, publishedOn }: ServerDescription): docker.types.input.ContainerPort[] {
  return [...ports]
    .sort((a, b) => a.internal - b.internal)
    .map(({ internal, published }) => ({ internal, external: published, ip: publishedOn, protocol: "tcp" }));
}

function uploadOf({ path, content, isBase64, mode }: ServerFile): docker.types.input.ContainerUpload {
  return {
    file: path,
    ...(isBase64 ? { contentBase64: content } : { content }),
    ...(mode !== undefined && { permissions: mode }),
  };
}

/** Sorted by name, as Docker returns them. */
function labelsOf({ topology, name, labels = {} }: ServerDescription, healthcheck: object): Label[] {
  const all = [
    stackLabel(topology),
    { label: "wso2.apim.name", value: name },
    { label: "wso2.apim.healthcheck", value: hashOf(healthcheck) },
    ...Object.entries(labels).map(([label, value]) => ({ label: `wso2.apim.${label}`, value })),
  ];
  return all.sort((a, b) => (a.label < b.label ? -1 : 1));
}

/**
 * The Docker provider reports a changed health check as an update in place, but applies nothing. The label changes with
 * the health check, and a changed label replaces the container.
 */
function hashOf(healthcheck: object): string {
  return createHash("sha256").update(JSON.stringify(healthcheck)).digest("hex").slice(0, 12);
}
