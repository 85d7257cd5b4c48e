export { ApiManager, type ApiManagerArgs } from "./apiManager";
export { GatewayNode } from "./gatewayNode";
export { KeyManagerNode } from "./keyManagerNode";
export { LoadBalancer, type LoadBalancerArgs } from "./loadBalancer";
export { MySqlDatabases, type MySqlDatabasesArgs } from "./mySqlDatabases";
export type { ProductNodeArgs } from "./productNode";
export { PublisherNode } from "./publisherNode";
export { ServerCertificates, type ServerCertificatesArgs } from "./serverCertificates";
export { StoreNode } from "./storeNode";
