import * as pulumi from "@pulumi/pulumi";
import type { ServerCertificates } from "./components";
import type { Settings } from "./settings";
import { managementUrl, type Topology } from "./topology";

/** What the stack tells: to a person, and to `verify`, `status` and `topology`, which read nothing else. */
export interface StackOutputs {
  /** One row per product server. */
  readonly nodes: readonly { name: string; role: string; container: string; address: string; managementUrl: string }[];
  /** What a browser or an API client calls, through the load balancer. */
  readonly urls: Readonly<Record<"keyManager" | "gatewayHttp" | "gatewayHttps" | "publisher" | "store", string>>;
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
  readonly topology: Topology;
}

export function stackOutputs(parts: {
  readonly settings: Settings;
  readonly topology: Topology;
  readonly version: string;
  readonly certificates: ServerCertificates;
  readonly adminPassword: pulumi.Output<string>;
}): { readonly [K in keyof StackOutputs]: pulumi.Input<StackOutputs[K]> } {
  const { settings, topology } = parts;
  const { host, port } = topology.databaseServer.endpoint;
  const browserUrl = (host: string, path: string) => `https://${host}:${settings.httpsPort}/${path}`;
  return {
    nodes: topology.nodes.map((node) => ({
      name: node.name,
      role: node.role,
      container: `${topology.prefix}-${node.name}`,
      address: node.address,
      managementUrl: managementUrl(topology, node),
    })),
    urls: {
      keyManager: browserUrl(settings.keyManagerHost, "carbon"),
      gatewayHttp: `http://${settings.gatewayHost}:${settings.gatewayHttpPort}`,
      gatewayHttps: `https://${settings.gatewayHost}:${settings.gatewayHttpsPort}`,
      publisher: browserUrl(settings.publisherHost, "publisher"),
      store: browserUrl(settings.storeHost, "store"),
    },
    databases: Object.fromEntries(topology.databases.map(({ name, schema }) => [name, `${host}:${port}/${schema}`])),
    adminUser: settings.adminUser,
    adminPassword: pulumi.secret(parts.adminPassword),
    caCertificate: parts.certificates.caCertificate,
    certificateExpires: parts.certificates.expires,
    version: parts.version,
    topology,
  };
}
