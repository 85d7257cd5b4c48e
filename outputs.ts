import * as pulumi from "@pulumi/pulumi";
import type { ApiManager } from "./components";
import type { DeploymentPlan } from "./plan";
import { differingSettings } from "./settings";
import { fingerprint, type Machines, managementUrl, publishedRoute, routeUrl } from "./topology";

/**
 * The outputs of the stack: `verify`, `status` and people read nothing else. Every run shows them, and every preview
 * shows what changes in them, so they are short and keyed by names.
 */
export interface StackOutputs {
  /** Management URL of each product server. */
  readonly nodes: Readonly<Record<string, string>>;
  /** The URLs that browsers and API clients use, through the load balancer. */
  readonly urls: Readonly<Record<"keyManager" | "gatewayHttps" | "publisher" | "store", string>> & {
    /** Absent: the gateways serve HTTPS only. */
    readonly gatewayHttp?: string;
  };
  /** `host:port/schema` of each database, as the program reaches it. */
  readonly databases: Readonly<Record<string, string>>;
  readonly adminUser: string;
  /** Secret. */
  readonly adminPassword: string;
  /** PEM; clients must trust it. */
  readonly caCertificate: string;
  /** When the servers' certificate ends, ISO. */
  readonly certificateExpires: string;
  readonly version: string;
  /** The settings that differ from their defaults, and `namePrefix`: the topology follows from them. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Fingerprint of the topology: another version of the program may build another one from the same settings. */
  readonly layout: string;
  /** On a swarm: the machines on which ports are published. */
  readonly machines?: Machines;
}

export function stackOutputs(
  { settings, topology, version, servesHttp, machines }: DeploymentPlan,
  apim: ApiManager,
): { readonly [K in keyof StackOutputs]: pulumi.Input<StackOutputs[K]> } {
  const { host, port } = topology.databaseServer.endpoint;
  return {
    nodes: Object.fromEntries(topology.nodes.map((node) => [node.name, managementUrl(topology, node)])),
    urls: pulumi.output({
      keyManager: apim.keyManagerUrl,
      ...(servesHttp && { gatewayHttp: routeUrl(publishedRoute(topology, "gateway", "gatewayHttp")) }),
      gatewayHttps: apim.gatewayUrl,
      publisher: apim.publisherUrl,
      store: apim.storeUrl,
    }),
    databases: Object.fromEntries(topology.databases.map(({ name, schema }) => [name, `${host}:${port}/${schema}`])),
    adminUser: settings.adminUser,
    adminPassword: pulumi.secret(apim.adminPassword),
    caCertificate: apim.caCertificate,
    certificateExpires: apim.certificates.expires,
    version,
    // The names stay when the stack is renamed.
    settings: { ...differingSettings(settings), namePrefix: topology.prefix },
    layout: fingerprint(topology),
    ...(machines && { machines }),
  };
}
