import type * as pulumi from "@pulumi/pulumi";
import { ProductNode, type ProductNodeArgs } from "./productNode";

/** Issues and validates tokens; the first of the row, since it seeds the shared tables. */
export class KeyManagerNode extends ProductNode {
  /** Token endpoint as the other nodes reach it. */
  readonly tokenUrl: string;

  constructor(args: ProductNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("wso2:apim:KeyManagerNode", args, opts);
    const { hostName, ports } = args.node;
    this.tokenUrl = `https://${hostName}:${ports.managementHttps}/oauth2/token`;
    this.registerOutputs({ container: this.containerName, managementUrl: this.managementUrl, tokenUrl: this.tokenUrl });
  }
}
