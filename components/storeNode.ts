import type * as pulumi from "@pulumi/pulumi";
import { ProductNode, type ProductNodeArgs } from "./productNode";

/** Where API consumers find APIs, subscribe and get keys. */
export class StoreNode extends ProductNode {
  /** The web application as published on the host. */
  readonly storeUrl: string;

  constructor(args: ProductNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("wso2:apim:StoreNode", args, opts);
    this.storeUrl = `${this.managementUrl}/store`;
    this.registerOutputs({
      container: this.containerName,
      managementUrl: this.managementUrl,
      storeUrl: this.storeUrl,
    });
  }
}
