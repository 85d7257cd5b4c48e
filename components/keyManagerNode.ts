import type * as pulumi from "@pulumi/pulumi";
import { ProductNode, type ProductNodeArgs } from "./productNode";

/** Issues and validates tokens; the first of the row, since it seeds the shared tables. */
export class KeyManagerNode extends ProductNode {
  constructor(args: ProductNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("wso2:apim:KeyManagerNode", args, opts);
    this.registerOutputs({ container: this.containerName, managementUrl: this.managementUrl });
  }
}
