import type { Configuration } from "./configuration";
import { apiManagerFile } from "./configuration/apiManager";
import { axis2File } from "./configuration/axis2";
import { carbonFile } from "./configuration/carbon";
import { dataSourcesFile } from "./configuration/dataSources";
import { registryFile } from "./configuration/registry";
import { neededTables } from "./databases";
import { standInRoles } from "./roles/table";
import { thriftTarget } from "./thrift";

/** The purpose of a link, which decides how the link is checked. */
export type LinkKind =
  | "database"
  | "authentication"
  | "keyValidation"
  | "thrift"
  | "environment"
  | "tierCache"
  | "revocation"
  | "passThrough"
  | "clusterMember"
  | "hostAlias"
  | "published";

/** One connection as this server's files configure it. */
export interface ConfiguredLink {
  readonly kind: LinkKind;
  readonly protocol: "jdbc" | "https" | "http" | "thrift" | "hazelcast" | "hosts";
  readonly host: string;
  /** 0: a host alias. */
  readonly port: number;
  /** Below CARBON_HOME. */
  readonly file: string;
  readonly element: string;
  /** Absent: the files configure host and port instead of a URL. */
  readonly url?: string;
  /** The JNDI name of a database, or the name of an environment. */
  readonly name?: string;
}

/** The element of api-manager.xml behind each kind of link, as product/roles names it. */
export const apiManagerElements = {
  authentication: "AuthManager/ServerURL",
  keyValidation: "APIKeyValidator/ServerURL",
  thrift: "APIKeyValidator/ThriftClientPort",
  environment: "Environment[{environment}]/ServerURL",
  tierCache: "APIStore/ServerURL",
  revocation: "RevokeAPIURL",
  // Only web applications show addresses to browsers, and users log in to web applications only.
  published: "AuthManager/ServerURL",
} as const satisfies Partial<Record<LinkKind, string>>;

type ApiManagerLink = ConfiguredLink & { readonly kind: keyof typeof apiManagerElements };

/**
 * Every link of this server, each once, in the order of the files.
 * @throws naming the file and the element when a URL is invalid
 */
export function configuredLinks(configuration: Configuration): ConfiguredLink[] {
  const { elements } = standInRoles[configuration.role];
  const links = [
    ...databaseLinks(configuration),
    ...apiManagerLinks(configuration).filter(({ kind }) => elements.has(apiManagerElements[kind])),
    ...configuration.passThroughApis.map(({ name, file, target }) =>
      urlLink("passThrough", target, file, `${name} endpoint`),
    ),
    ...(configuration.axis2.clustering?.members ?? []).map(
      (member): ConfiguredLink => ({
        kind: "clusterMember",
        protocol: "hazelcast",
        ...member,
        file: axis2File,
        element: "clustering/members",
      }),
    ),
  ];
  return [...links, ...aliasLinks(configuration, links)];
}

function databaseLinks(configuration: Configuration): ConfiguredLink[] {
  const needs = neededTables(configuration);
  return configuration.dataSources.flatMap(({ name, jndiName, server }) =>
    server === undefined || !needs.some((need) => need.jndiName === jndiName)
      ? []
      : [
          {
            kind: "database",
            protocol: "jdbc",
            host: server.host,
            port: server.port,
            file: dataSourcesFile,
            element: name,
            name: jndiName,
          },
        ],
  );
}

function apiManagerLinks(configuration: Configuration): ApiManagerLink[] {
  const { authManager, environments, keyValidation, storeServices, storeUrl, publisherUrl } = configuration.apiManager;
  const link = (kind: ApiManagerLink["kind"], url: string | undefined, element: string, name?: string) =>
    url === undefined ? [] : [urlLink(kind, url, apiManagerFile, element, name)];
  return [
    ...link("authentication", authManager.url, "AuthManager/ServerURL"),
    ...environments.flatMap(({ name, url, endpoints }) => [
      ...link("environment", url, `Environment[${name}]/ServerURL`, name),
      ...endpoints.flatMap((endpoint) => link("published", endpoint, `Environment[${name}]/GatewayEndpoint`)),
    ]),
    ...link("keyValidation", keyValidation.url, `${keyValidation.element}/ServerURL`),
    ...(keyValidation.clientType === "ThriftClient"
      ? [
          {
            kind: "thrift",
            protocol: "thrift",
            ...thriftTarget(configuration),
            file: apiManagerFile,
            element: `${keyValidation.element}/ThriftClientPort`,
          } as const,
        ]
      : []),
    ...link("revocation", keyValidation.revokeUrl, "RevokeAPIURL"),
    ...link("tierCache", storeServices?.url, "APIStore/ServerURL"),
    ...link("published", storeUrl, "APIStore/URL"),
    ...link("published", publisherUrl, "APIPublisher/URL"),
  ];
}

/** Every host name in the files, once. Each must resolve on this node. */
function aliasLinks({ carbon, registry }: Configuration, links: readonly ConfiguredLink[]): ConfiguredLink[] {
  const named = [
    ...links,
    ...[carbon.hostName, carbon.managementHostName].map((host) => ({ host, file: carbonFile, element: "HostName" })),
    ...registry.instanceHosts.map((host) => ({ host, file: registryFile, element: "remoteInstance" })),
  ];
  const aliases = new Map<string, ConfiguredLink>();
  for (const { host, file, element } of named) {
    if (host !== undefined && !/^[\d.]+$/.test(host) && !aliases.has(host)) {
      aliases.set(host, { kind: "hostAlias", protocol: "hosts", host, port: 0, file, element });
    }
  }
  return [...aliases.values()];
}

function urlLink<K extends LinkKind>(kind: K, url: string, file: string, element: string, name?: string) {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const protocol = parsed?.protocol.replace(":", "");
  if (parsed === undefined || (protocol !== "https" && protocol !== "http")) {
    throw new Error(`${file}: ${element}: expected an http or https URL, found "${url}"`);
  }
  const port = Number(parsed.port || (protocol === "https" ? 443 : 80));
  const named = name === undefined ? {} : { name };
  return { kind, protocol, host: parsed.hostname, port, file, element, url, ...named } as const;
}
