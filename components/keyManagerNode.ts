import type * as pulumi from "@pulumi/pulumi";
import { ProductNode, type ProductNodeArgs } from "./productNode";

/**
 * A Key Manager: issues and validates tokens.
 *
 * @example
 * ```ts
 * const keyManager = new KeyManagerNode("keyManager", { plan, network, databases, certificates, adminPassword });
 * ```
 */
export class KeyManagerNode extends ProductNode {
  constructor(name: string, args: ProductNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("wso2:apim:KeyManagerNode", "keyManager", name, args, opts);
    this.registerOutputs({ server: this.serverName, managementUrl: this.managementUrl });
  }
}
