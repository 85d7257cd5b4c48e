import type * as pulumi from "@pulumi/pulumi";
import { ProductNode, type ProductNodeArgs } from "./productNode";

/** Secures, throttles and routes the API calls. */
export class GatewayNode extends ProductNode {
  constructor(args: ProductNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("wso2:apim:GatewayNode", args, opts);
    this.registerOutputs({ container: this.containerName, managementUrl: this.managementUrl });
  }
}
