import type * as pulumi from "@pulumi/pulumi";
import { ProductNode, type ProductNodeArgs } from "./productNode";

/** Secures, throttles and routes the API calls. */
export class GatewayNode extends ProductNode {
  /** Where the balancer reaches the API traffic of this node. */
  readonly apiUrls: readonly string[];

  constructor(args: ProductNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("wso2:apim:GatewayNode", args, opts);
    const { address, ports } = args.node;
    this.apiUrls = [`http://${address}:${ports.apiHttp}`, `https://${address}:${ports.apiHttps}`];
    this.registerOutputs({ container: this.containerName, managementUrl: this.managementUrl, apiUrls: this.apiUrls });
  }
}
