import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { balancerFiles } from "../configs/balancer";
import type { DeploymentPlan } from "../plan";
import { createRevision } from "./revision";
import { runServer } from "./server";
import type { ServerCertificates } from "./serverCertificates";
import type { Server, ServerDescription, ServerFile } from "./serverDescription";
import { createImage, type DependsOn, dependencies } from "./shared";
import { createVolume } from "./volumes";

/** Arguments of {@link LoadBalancer}. */
export interface LoadBalancerArgs {
  readonly plan: DeploymentPlan;
  readonly network: docker.Network;
  readonly certificates: ServerCertificates;
  /** Id or name of the image. @default the image of the plan, built by this component */
  readonly image?: pulumi.Input<string>;
}

/** MiB; the container that brings the files runs a shell that sleeps. */
const filesMemory = 32;

/**
 * HAProxy in front of all roles, by host name. Resources that depend on it wait until it serves its files.
 *
 * Docker replaces a container for each changed file, and a replaced load balancer answers nothing for a second. So a
 * second container brings the files, in a volume that both mount. Only that one is replaced when files change; the load
 * balancer loads them and goes on listening. The second container is healthy once they are loaded. On a swarm, several load
 * balancers are replaced one after another, and each has its files from the start.
 *
 * @example
 * ```ts
 * const balancer = new LoadBalancer("balancer", { plan, network, certificates }, { dependsOn: [gateway] });
 * ```
 */
export class LoadBalancer extends pulumi.ComponentResource {
  /** Name of HAProxy's container or service in Docker. */
  readonly serverName: pulumi.Output<string>;
  /** HAProxy. As a container, it is also healthy as long as it waits for its first files. */
  readonly server: Server;
  /** What depends on it waits until HAProxy has loaded its files: the container that brings them or, on a swarm, HAProxy. */
  readonly files: Server;

  constructor(
    private readonly name: string,
    args: LoadBalancerArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("wso2:apim:LoadBalancer", name, {}, opts);
    const { plan, network, certificates } = args;
    const { settings, topology, images } = plan;
    const texts = { [balancerFiles.configuration]: plan.balancerConfiguration };
    const revision = createRevision(`${name}-files`, texts, certificates, this).hex;
    const given: Given = {
      common: {
        topology,
        network,
        image: args.image ?? createImage(`${name}-image`, images.loadBalancer, this),
        startTimeout: settings.startTimeout,
        stopTimeout: 10,
      },
      files: filesOf(plan.balancerConfiguration, certificates, revision),
      revision,
      dependsOn: opts?.dependsOn,
    };
    [this.server, this.files] =
      topology.platform === "swarm" ? this.createService(plan, given) : this.createContainers(plan, given);
    this.serverName = this.server.name;
    this.registerOutputs({ server: this.serverName });
  }

  private createService(plan: DeploymentPlan, { common, files, revision, dependsOn }: Given): [Server, Server] {
    // As the container that brings the files would write it.
    const complete = revision.apply((name) => `${name} ${name}\n`);
    const service = runServer(
      this.name,
      {
        ...common,
        ...haproxy(plan),
        files: [...files, { path: pathOf(balancerFiles.complete), content: complete }],
        labels: { configuration: revision },
      },
      { parent: this, dependsOn: dependencies([], dependsOn) },
    );
    return [service, service];
  }

  private createContainers(plan: DeploymentPlan, { common, files, revision, dependsOn }: Given): [Server, Server] {
    const { topology } = plan;
    const { address, revisionPort } = topology.balancer;
    const volume = createVolume(`${this.name}-files`, topology, topology.balancer.files.name, {
      parent: this,
      dependsOn,
    });
    const volumes = new Map([[balancerFiles.directory, volume]]);
    const server = runServer(
      this.name,
      { ...common, ...haproxy(plan), volumes },
      { parent: this, dependsOn: dependencies([], dependsOn) },
    );
    const bringer = runServer(
      `${this.name}-files`,
      {
        ...common,
        ...topology.balancer.files,
        volumes,
        command: ["bring"],
        files,
        healthcheck: ["healthcheck", "served", address, String(revisionPort)],
        ports: [],
        publishedOn: topology.publishAddress,
        memory: filesMemory,
        labels: { configuration: revision },
      },
      { parent: this, dependsOn: dependencies([server], dependsOn) },
    );
    return [server, bringer];
  }
}

/** What HAProxy and the container that brings its files have in common. */
type Common = Pick<ServerDescription, "topology" | "network" | "image" | "startTimeout" | "stopTimeout">;

interface Given {
  readonly common: Common;
  readonly files: readonly ServerFile[];
  readonly revision: pulumi.Output<string>;
  readonly dependsOn: DependsOn;
}

/** HAProxy itself, without its files. */
function haproxy({ settings, topology }: DeploymentPlan) {
  const { name, address, aliases, constraints, replicas, ports } = topology.balancer;
  return {
    name,
    address,
    aliases,
    constraints,
    replicas,
    command: ["serve"],
    healthcheck: ["healthcheck", "ports", ...ports.map(({ internal }) => String(internal))],
    ports,
    publishedOn: topology.publishAddress,
    memory: settings.balancerMemory,
  };
}

function pathOf(name: string): string {
  return `${balancerFiles.directory}/${name}`;
}

function filesOf(
  configuration: string,
  certificates: ServerCertificates,
  revision: pulumi.Output<string>,
): readonly ServerFile[] {
  return [
    { path: pathOf(balancerFiles.configuration), content: configuration },
    { path: pathOf(balancerFiles.certificate), content: certificates.balancerPem },
    { path: pathOf(balancerFiles.authority), content: certificates.balancerTrust },
    { path: pathOf(balancerFiles.revision), content: revision },
  ];
}
