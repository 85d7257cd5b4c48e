import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { balancerFiles } from "../configs/balancer";
import type { DeploymentPlan } from "../plan";
import { createRevision } from "./revision";
import { runServer, type ServerDescription, type ServerFile } from "./server";
import type { ServerCertificates } from "./serverCertificates";
import { createImage, createVolume, type DependsOn, dependencies } from "./shared";

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
 * balancer loads them and goes on listening. The second container is healthy once they are loaded.
 *
 * @example
 * ```ts
 * const balancer = new LoadBalancer("balancer", { plan, network, certificates }, { dependsOn: [gateway] });
 * ```
 */
export class LoadBalancer extends pulumi.ComponentResource {
  /** Name of HAProxy's container in Docker. */
  readonly containerName: pulumi.Output<string>;
  /** HAProxy's container. It is also healthy as long as it waits for its first files. */
  readonly container: docker.Container;
  /** The container that brings the files. What depends on it waits until HAProxy has loaded them. */
  readonly files: docker.Container;

  constructor(
    private readonly name: string,
    args: LoadBalancerArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("wso2:apim:LoadBalancer", name, {}, opts);
    const { plan, network } = args;
    const { settings, topology, images } = plan;
    const volume = createVolume(`${name}-files`, topology, topology.balancer.files.name, {
      parent: this,
      dependsOn: opts?.dependsOn,
    });
    const common = {
      topology,
      network,
      image: args.image ?? createImage(`${name}-image`, images.loadBalancer, this),
      volumes: new Map([[balancerFiles.directory, volume]]),
      startTimeout: settings.startTimeout,
      stopTimeout: 10,
    };
    this.container = this.createContainer(args, common, opts?.dependsOn);
    this.files = this.createFiles(args, common, opts?.dependsOn);
    this.containerName = this.container.name;
    this.registerOutputs({ container: this.containerName });
  }

  private createContainer({ plan }: LoadBalancerArgs, common: Common, dependsOn: DependsOn): docker.Container {
    const { settings, topology } = plan;
    const { name, address, ports } = topology.balancer;
    return runServer(
      this.name,
      {
        ...common,
        name,
        address,
        command: ["serve"],
        healthcheck: ["healthcheck", "ports", ...ports.map(({ internal }) => String(internal))],
        ports,
        publishedOn: topology.publishAddress,
        memory: settings.balancerMemory,
      },
      { parent: this, dependsOn: dependencies([], dependsOn) },
    );
  }

  private createFiles(
    { plan, certificates }: LoadBalancerArgs,
    common: Common,
    dependsOn: DependsOn,
  ): docker.Container {
    const { topology, balancerConfiguration } = plan;
    const { files, address, revisionPort } = topology.balancer;
    const texts = { [balancerFiles.configuration]: balancerConfiguration };
    const revision = createRevision(`${this.name}-files`, texts, certificates, this).hex;
    return runServer(
      `${this.name}-files`,
      {
        ...common,
        ...files,
        command: ["bring"],
        files: filesOf(balancerConfiguration, certificates, revision),
        healthcheck: ["healthcheck", "served", address, String(revisionPort)],
        ports: [],
        publishedOn: topology.publishAddress,
        memory: filesMemory,
        labels: { configuration: revision },
      },
      { parent: this, dependsOn: dependencies([this.container], dependsOn) },
    );
  }
}

/** What both containers have in common. */
type Common = Pick<ServerDescription, "topology" | "network" | "image" | "volumes" | "startTimeout" | "stopTimeout">;

function filesOf(
  configuration: string,
  certificates: ServerCertificates,
  revision: pulumi.Output<string>,
): pulumi.Output<readonly ServerFile[]> {
  const path = (name: string) => `${balancerFiles.directory}/${name}`;
  return pulumi.all([certificates.balancerPem, certificates.balancerTrust, revision]).apply(([pem, trust, name]) => [
    { path: path(balancerFiles.configuration), content: configuration },
    { path: path(balancerFiles.certificate), content: pem },
    { path: path(balancerFiles.authority), content: trust },
    { path: path(balancerFiles.revision), content: name },
  ]);
}
