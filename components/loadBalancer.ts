import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { balancerFiles } from "../configs/balancer";
import type { DeploymentPlan } from "../plan";
import { createRevision } from "./revision";
import { runServer, type ServerFile } from "./server";
import type { ServerCertificates } from "./serverCertificates";
import { createImage, dependencies } from "./shared";

/** Arguments of {@link LoadBalancer}. */
export interface LoadBalancerArgs {
  readonly plan: DeploymentPlan;
  readonly network: docker.Network;
  readonly certificates: ServerCertificates;
  /** Id or name of the image. @default the image of the plan, built by this component */
  readonly image?: pulumi.Input<string>;
}

/**
 * HAProxy in front of all roles, by host name. Resources that depend on it wait until its ports answer.
 *
 * @example
 * ```ts
 * const balancer = new LoadBalancer("balancer", { plan, network, certificates }, { dependsOn: [gateway] });
 * ```
 */
export class LoadBalancer extends pulumi.ComponentResource {
  /** Name of the container in Docker. */
  readonly containerName: pulumi.Output<string>;
  readonly container: docker.Container;

  constructor(
    private readonly name: string,
    args: LoadBalancerArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("wso2:apim:LoadBalancer", name, {}, opts);
    this.container = this.createContainer(args, opts?.dependsOn);
    this.containerName = this.container.name;
    this.registerOutputs({ container: this.containerName });
  }

  private createContainer(
    { plan, network, certificates, image }: LoadBalancerArgs,
    dependsOn: pulumi.ComponentResourceOptions["dependsOn"],
  ): docker.Container {
    const { settings, topology, balancerConfiguration, images } = plan;
    const { name, address, ports } = topology.balancer;
    const texts = { [balancerFiles.configuration]: balancerConfiguration };
    return runServer(
      this.name,
      {
        name,
        topology,
        network,
        address,
        image: image ?? createImage(`${this.name}-image`, images.loadBalancer, this),
        files: filesOf(balancerConfiguration, certificates),
        healthcheck: ["healthcheck", ...ports.map(({ internal }) => String(internal))],
        ports,
        publishedOn: topology.publishAddress,
        memory: settings.balancerMemory,
        startTimeout: settings.startTimeout,
        stopTimeout: 10,
        labels: { configuration: createRevision(this.name, texts, certificates, this).hex },
      },
      { parent: this, dependsOn: dependencies([], dependsOn) },
    );
  }
}

function filesOf(configuration: string, certificates: ServerCertificates): pulumi.Output<readonly ServerFile[]> {
  const path = (name: string) => `${balancerFiles.directory}/${name}`;
  return pulumi.all([certificates.balancerPem, certificates.balancerTrust]).apply(([pem, trust]) => [
    { path: path(balancerFiles.configuration), content: configuration },
    { path: path(balancerFiles.certificate), content: pem },
    { path: path(balancerFiles.authority), content: trust },
  ]);
}
