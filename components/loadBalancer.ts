import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Topology } from "../topology";
import type { ServerCertificates } from "./serverCertificates";
import { containerDefaults } from "./shared";

const directory = "/usr/local/etc/haproxy";

export interface LoadBalancerArgs {
  readonly topology: Topology;
  /** Text of haproxy.cfg. */
  readonly configuration: string;
  readonly certificates: ServerCertificates;
  readonly image: pulumi.Input<string>;
  readonly network: docker.Network;
  /** MiB. */
  readonly memory: number;
  /** Seconds until its ports must answer. */
  readonly startTimeout: number;
  /** What must be up before it starts. */
  readonly startsAfter: readonly pulumi.Resource[];
}

/** HAProxy in front of all four roles, by host name. */
export class LoadBalancer extends pulumi.ComponentResource {
  readonly containerName: pulumi.Output<string>;
  /** Up once its ports answer. */
  readonly container: docker.Container;

  constructor(args: LoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("wso2:apim:LoadBalancer", args.topology.balancer.name, {}, opts);
    const revision = this.createRevision(args);
    this.container = this.createContainer(args, revision);
    this.containerName = this.container.name;
    this.registerOutputs({ container: this.containerName });
  }

  private createRevision({ topology, configuration, certificates }: LoadBalancerArgs): random.RandomId {
    const keepers = { ...certificates.keepers, "haproxy.cfg": configuration };
    return new random.RandomId(`${topology.balancer.name}-config`, { byteLength: 8, keepers }, { parent: this });
  }

  private createContainer(args: LoadBalancerArgs, revision: random.RandomId): docker.Container {
    const { topology, certificates } = args;
    const { name, address, ports } = topology.balancer;
    return new docker.Container(
      `${name}-container`,
      {
        ...containerDefaults({
          ...args,
          name,
          address,
          healthcheck: ["healthcheck", ...ports.map(({ internal }) => String(internal))],
          ports,
          publishedOn: topology.publishAddress,
          stopTimeout: 10,
          labels: { configuration: revision.hex },
        }),
        image: args.image,
        uploads: pulumi.secret([
          { file: `${directory}/haproxy.cfg`, content: args.configuration },
          { file: `${directory}/balancer.pem`, content: certificates.balancerPem },
          { file: `${directory}/ca.pem`, content: certificates.balancerTrust },
        ]),
      },
      { parent: this, dependsOn: [...args.startsAfter], deleteBeforeReplace: true },
    );
  }
}
