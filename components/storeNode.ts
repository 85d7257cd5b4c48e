import * as pulumi from "@pulumi/pulumi";
import { ProductNode, type ProductNodeArgs } from "./productNode";

/**
 * A Store: API consumers find APIs in it, subscribe to them and get keys.
 *
 * @example
 * ```ts
 * const store = new StoreNode("store", { plan, network, databases, certificates, adminPassword });
 * ```
 */
export class StoreNode extends ProductNode {
  /** The web application, as the host publishes it. */
  readonly storeUrl: pulumi.Output<string>;

  constructor(name: string, args: ProductNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("wso2:apim:StoreNode", "store", name, args, opts);
    this.storeUrl = pulumi.interpolate`${this.managementUrl}/store`;
    this.registerOutputs({
      server: this.serverName,
      managementUrl: this.managementUrl,
      storeUrl: this.storeUrl,
    });
  }
}
