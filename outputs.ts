import * as pulumi from "@pulumi/pulumi";
import type { ServerCertificates } from "./components";
import { differingSettings, type Settings } from "./settings";
import { fingerprint, managementUrl, type Topology } from "./topology";

/**
 * What the stack tells: to a person, and to `verify` and `status`, which read nothing else. Each run shows it, and each
 * preview what changes in it: so short, and keyed by names.
 */
export interface StackOutputs {
  /** Management URL of each product server. */
  readonly nodes: Readonly<Record<string, string>>;
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
  /** Those that are not the default: what the topology follows from. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Fingerprint of the topology: another program may lay the same settings out otherwise. */
  readonly layout: string;
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
    nodes: Object.fromEntries(topology.nodes.map((node) => [node.name, managementUrl(topology, node)])),
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
    settings: differingSettings(settings),
    layout: fingerprint(topology),
  };
}
