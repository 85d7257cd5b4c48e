export { DeploymentKeystore } from "./deploymentKeystore";
export { GatewayNode } from "./gatewayNode";
export { KeyManagerNode } from "./keyManagerNode";
export { LoadBalancer } from "./loadBalancer";
export { MySqlDatabases } from "./mySqlDatabases";
export type { ProductNode, ProductNodeArgs } from "./productNode";
export { PublisherNode } from "./publisherNode";
export { stackLabel } from "./shared";
export { StoreNode } from "./storeNode";
