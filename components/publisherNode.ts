import type * as pulumi from "@pulumi/pulumi";
import { ProductNode, type ProductNodeArgs } from "./productNode";

/** Where API providers create and publish APIs. */
export class PublisherNode extends ProductNode {
  /** The web application as published on the host. */
  readonly publisherUrl: string;

  constructor(args: ProductNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("wso2:apim:PublisherNode", args, opts);
    this.publisherUrl = `${this.managementUrl}/publisher`;
    this.registerOutputs({
      container: this.containerName,
      managementUrl: this.managementUrl,
      publisherUrl: this.publisherUrl,
    });
  }
}
