import type * as pulumi from "@pulumi/pulumi";
import { ProductNode, type ProductNodeArgs } from "./productNode";

/**
 * A Gateway, or one of its workers: secures, throttles and routes the API calls.
 *
 * @example
 * ```ts
 * const gateway = new GatewayNode("gateway", { plan, network, databases, certificates, adminPassword });
 * ```
 */
export class GatewayNode extends ProductNode {
  constructor(name: string, args: ProductNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("wso2:apim:GatewayNode", "gateway", name, args, opts);
    this.registerOutputs({ server: this.serverName, managementUrl: this.managementUrl });
  }
}
