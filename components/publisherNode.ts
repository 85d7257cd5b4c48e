import * as pulumi from "@pulumi/pulumi";
import { ProductNode, type ProductNodeArgs } from "./productNode";

/**
 * A Publisher: API providers create and publish APIs in it.
 *
 * @example
 * ```ts
 * const publisher = new PublisherNode("publisher", { plan, network, databases, certificates, adminPassword });
 * ```
 */
export class PublisherNode extends ProductNode {
  /** The web application, as the host publishes it. */
  readonly publisherUrl: pulumi.Output<string>;

  constructor(name: string, args: ProductNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("wso2:apim:PublisherNode", "publisher", name, args, opts);
    this.publisherUrl = pulumi.interpolate`${this.managementUrl}/publisher`;
    this.registerOutputs({
      server: this.serverName,
      managementUrl: this.managementUrl,
      publisherUrl: this.publisherUrl,
    });
  }
}
