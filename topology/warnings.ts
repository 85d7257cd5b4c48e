import type { Topology } from "./model";

/** Settings with which a deployment runs, but may run badly. */
export function topologyWarnings({ databaseServer, databaseConnections }: Topology): string[] {
  if (databaseServer.external || databaseServer.maxConnections >= databaseConnections) return [];
  return [
    `databaseMemory: the nodes may open ${databaseConnections} connections (wso2-apim:poolMaxActive for each data source), with ${databaseServer.maxConnections} MiB the deployment's MySQL takes ${databaseServer.maxConnections}, one for each MiB; set wso2-apim:databaseMemory to ${databaseConnections}, or a smaller wso2-apim:poolMaxActive`,
  ];
}
