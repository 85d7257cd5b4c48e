import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { hostsOf, type Node, type Topology } from "../topology";

type Label = { label: string; value: pulumi.Input<string> };

/** The label that tells whose a Docker object is; every object of the deployment has it. */
export function stackLabel(topology: Topology): Label {
  return { label: "wso2.apim.stack", value: topology.prefix };
}

/** A container's labels, sorted by name as Docker gives them back. */
function containerLabels(
  topology: Topology,
  name: string,
  more: Readonly<Record<string, pulumi.Input<string>>>,
): Label[] {
  const labels = [
    stackLabel(topology),
    { label: "wso2.apim.name", value: name },
    ...Object.entries(more).map(([label, value]) => ({ label: `wso2.apim.${label}`, value })),
  ];
  return labels.sort((a, b) => (a.label < b.label ? -1 : 1));
}

/** The host aliases of a node's container. */
export function hostAliases(topology: Topology, node: Node): docker.types.input.ContainerHost[] {
  return hostsOf(topology, node).map(({ host, ip }) => ({ host, ip }));
}

/** What tells one container of the deployment from the others, where they are run alike. */
export interface ContainerKind {
  readonly topology: Topology;
  /** Without the stack's prefix. */
  readonly name: string;
  readonly network: docker.Network;
  readonly address: string;
  /** Command in the image that succeeds when the server may be used, and its arguments. */
  readonly healthcheck: readonly string[];
  readonly ports: readonly { readonly internal: number; readonly published: number }[];
  /** The host's address on which they are published. */
  readonly publishedOn: string;
  /** MiB. */
  readonly memory: number;
  /** Seconds until it must be healthy. */
  readonly startTimeout: number;
  /** Seconds that it may take to stop. */
  readonly stopTimeout: number;
  /** Further labels, without their common prefix. */
  readonly labels?: Readonly<Record<string, pulumi.Input<string>>>;
}

/** How every container of the deployment is run: its place in the network, health, limits, restarts and labels. */
export function containerDefaults(kind: ContainerKind) {
  const { topology, name, network, address, memory } = kind;
  const healthcheck = {
    tests: ["CMD", ...kind.healthcheck],
    // Each check costs the host some 50 ms: every second, one deployment at rest would take a third of a core.
    interval: "2s",
    timeout: "5s",
    retries: 5,
    // Failures before the first success don't count for as long as startTimeout may be. Not the stack's own: with another
    // one, MySQL and the balancer would be replaced for nothing.
    startPeriod: "1h0m0s",
  };
  return {
    name: `${topology.prefix}-${name}`,
    hostname: name,
    networksAdvanced: [{ name: network.name, ipv4Address: address }],
    ports: kind.ports.map(({ internal, published }) => ({
      internal,
      external: published,
      ip: kind.publishedOn,
      protocol: "tcp",
    })),
    healthcheck,
    wait: true,
    waitTimeout: kind.startTimeout,
    mustRun: true,
    restart: "unless-stopped",
    memory,
    memorySwap: memory,
    stopTimeout: kind.stopTimeout,
    destroyGraceSeconds: kind.stopTimeout,
    logDriver: "json-file",
    logOpts: { "max-file": "3", "max-size": "20m" },
    labels: containerLabels(topology, name, { ...kind.labels, healthcheck: replacedByHealthcheck(healthcheck) }),
  } satisfies Partial<docker.ContainerArgs>;
}

/** A password that is made once and kept in state. */
export function createPassword(name: string, parent?: pulumi.Resource): pulumi.Output<string> {
  return new random.RandomPassword(name, { length: 24, special: false }, parent && { parent }).result;
}

/** A volume of the deployment; no later change of its labels or driver may replace it, its data with it. */
export function createVolume(
  topology: Topology,
  name: string,
  opts: Pick<pulumi.CustomResourceOptions, "parent"> = {},
): docker.Volume {
  return new docker.Volume(
    name,
    { name: `${topology.prefix}-${name}`, labels: [stackLabel(topology)] },
    { ...opts, ignoreChanges: ["labels", "driver", "driverOpts"] },
  );
}

/** The volumes that product nodes keep files on, by name; one that several nodes share is there once. */
export function createNodeVolumes(topology: Topology): ReadonlyMap<string, docker.Volume> {
  const names = new Set(topology.nodes.flatMap(({ volumes }) => volumes.map(({ name }) => name)));
  return new Map([...names].map((name) => [name, createVolume(topology, name)]));
}

/**
 * Label value that changes with the health check: the Docker provider reports a changed health check as an update in
 * place but applies nothing, a changed label replaces the container.
 */
function replacedByHealthcheck(healthcheck: { readonly tests: readonly string[] }): string {
  return createHash("sha256").update(JSON.stringify(healthcheck)).digest("hex").slice(0, 12);
}
