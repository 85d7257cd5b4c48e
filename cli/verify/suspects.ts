import { balancerFiles } from "../../configs/balancer";
import { databaseNames, databaseRecord } from "../../product/databases";
import { configurationFiles } from "../../product/files";
import { type Role, roleRecords, roles, roleThat } from "../../product/roles";
import { type Entrance, type Link, type Node, publishedRoutes, type Topology } from "../../topology";
import type { CalledEnvironment } from "./environments";

/** Something that a step needs, and the file that configures it. */
export interface Suspect {
  /** The id of a link in the topology, or a text in the same form for something else. */
  readonly link: string;
  /** The owner of the file: a node's name or `loadbalancer`. */
  readonly node: string;
  /** The path below APIM_HOME; or the name of the load balancer's file. */
  readonly file: string;
  /** The element in that file. */
  readonly element: string;
  /** What the link is for. */
  readonly why: string;
  /** The settings from which the element is rendered. */
  readonly settings: readonly string[];
  /** What else the link depends on, as `file (element) of node`. */
  readonly also: readonly string[];
}

/** The roles that deploy APIs, and that serve them. */
const deployer = roleThat(({ calls }) => calls.some(({ deploysApis }) => deploysApis));
const server = roleThat(({ servesApis }) => servesApis);

/** Finds the parts of a deployment that the steps need. */
export class Suspects {
  constructor(private readonly topology: Topology) {}

  /**
   * Links of the topology from the nodes of a role, or from one gateway environment.
   * @param element the beginning of the links' element
   */
  links(from: Role, element: string, environment?: CalledEnvironment): Suspect[] {
    const names = this.nodes(from, environment).map(({ name }) => name);
    return this.topology.links
      .filter((link) => names.includes(link.from) && link.element.startsWith(element))
      .map((link) => this.suspectOf(link));
  }

  /** Links from the nodes of a role to a database. */
  database(from: Role, database: string): Suspect[] {
    const names = this.nodes(from).map(({ name }) => name);
    return this.topology.links
      .filter((link) => names.includes(link.from) && link.to === database)
      .map((link) => this.suspectOf(link));
  }

  /** The data source on which a role's nodes mount the shared part of the registry. */
  registryMount(from: Role): Suspect[] {
    return this.nodes(from).map(({ name }) => ({
      link: `${name} -> regdb (mount)`,
      node: name,
      file: configurationFiles.registry.path,
      element: "mount",
      why: databaseRecord("regdb").why,
      settings: [],
      also: [],
    }));
  }

  /** The links within the cluster of the nodes that deploy APIs, from all of them. */
  cluster(): Suspect[] {
    const setting = roleRecords[deployer].cluster?.setting;
    const members = roles.filter((role) => setting !== undefined && roleRecords[role].cluster?.setting === setting);
    return members.flatMap((role) => this.links(role, "clustering"));
  }

  /** What the Store's list of published APIs needs. */
  publishedApis(): Suspect[] {
    return [
      ...this.registryMount("store"),
      ...this.database("store", "regdb"),
      ...this.cluster(),
      ...this.registryMount("publisher"),
    ];
  }

  /** The links over which APIs are deployed to the gateways of an environment. */
  deployment({ name }: CalledEnvironment): Suspect[] {
    return this.links(deployer, `Environment[${name}]/`);
  }

  /** The volume on which a gateway shares API files with the other gateways of its environment. */
  shared(gateway: string): Suspect[] {
    return this.nodes(server)
      .filter(({ name }) => name === gateway)
      .flatMap(({ volumes }) => volumes.slice(0, 1))
      .map(({ name: volume, path }) => ({
        link: `${gateway} -> ${volume} (volume)`,
        node: gateway,
        file: path,
        element: "API files",
        why: "the gateways of one environment serve the same APIs",
        settings: ["deploymentSynchronizer"],
        also: [],
      }));
  }

  /** The type of keys for which Publishers deploy APIs to an environment. */
  environmentType(environment: CalledEnvironment): Suspect[] {
    const { name, type } = environment;
    const gateways = this.nodes(server, environment).map((node) => node.name);
    return this.nodes(deployer).map((publisher) => ({
      link: `${publisher.name} -> loadbalancer (Environment[${name}]/@type)`,
      node: publisher.name,
      file: configurationFiles.apiManager.path,
      element: `Environment[${name}]/@type`,
      why: `the gateway accepts ${type === "hybrid" ? "both types of keys" : `only ${type} keys`}`,
      settings: ["gatewayEnvironments"],
      also: [
        `${configurationFiles.apiManager.path} (Environment[${name}]/ServerURL) of ${publisher.name}`,
        `${balancerFiles.configuration} of loadbalancer`,
        `the API's file of ${gateways.join(", ")}, created when the API was published`,
      ],
    }));
  }

  /** The pages from which the gateways of an environment permit calls. */
  allowedOrigins(environment: CalledEnvironment): Suspect[] {
    return this.nodes(server, environment).map(({ name }) => ({
      link: `${name} -> Store pages (CORS)`,
      node: name,
      file: configurationFiles.apiManager.path,
      element: "CORSConfiguration/Access-Control-Allow-Origin",
      why: "API consumers try APIs on the Store's pages",
      settings: ["storeHost", "httpsPort"],
      also: [],
    }));
  }

  /** The load balancer's routes to a role. */
  balancer(role: Role, entrance: Entrance = "https", environment?: CalledEnvironment): Suspect[] {
    return publishedRoutes(this.topology, role, entrance, environment?.host).map(({ name, targets }) => ({
      link: `loadbalancer -> ${targets.map(({ node }) => node).join(", ")} (${name})`,
      node: "loadbalancer",
      file: balancerFiles.configuration,
      element: `backend ${name}`,
      why: "requests from outside reach the nodes",
      settings: [],
      also: targets.map(({ node }) => `${configurationFiles.carbon.path} (Ports/Offset) of ${node}`),
    }));
  }

  /** The host name or the port to which a server redirects browsers. */
  browserAddress(role: Role, part: "host" | "port"): Suspect[] {
    const source =
      part === "host"
        ? { file: configurationFiles.carbon.path, element: "HostName, MgtHostName", settings: [`${role}Host`] }
        : { file: configurationFiles.catalina.path, element: "Connector/@proxyPort", settings: ["httpsPort"] };
    return this.nodes(role).map(({ name }) => ({
      link: `browser -> ${name} (${part})`,
      node: name,
      ...source,
      why: "redirects stay in the deployment",
      also: [],
    }));
  }

  /** The endpoint of the API. */
  endpoint(environment: CalledEnvironment, url: string): Suspect[] {
    return this.nodes("gateway", environment).map(({ name }) => ({
      link: `${name} -> ${url} (endpoint)`,
      node: name,
      file: "the API itself",
      element: "endpoint_config",
      why: "calls reach the API's endpoint",
      settings: [],
      also: ["a firewall between the containers and this machine; to use another endpoint, pass --endpoint URL"],
    }));
  }

  /** The nodes of a role, or the gateways of one environment. */
  nodes(role: Role, environment?: CalledEnvironment): readonly Node[] {
    const host = environment?.host;
    return this.topology.nodes.filter((node) => node.role === role && (host === undefined || node.hostName === host));
  }

  private suspectOf(link: Link): Suspect {
    const { id, from, file, element, why } = link;
    return { link: id, node: from, file, element, why, ...this.sources(link) };
  }

  /** The settings of the link's value, and what the link depends on at both ends. */
  private sources({ from, to, host, port, element, protocol }: Link) {
    const { balancer, nodes } = this.topology;
    const servers = nodes.filter(({ name, hostName }) => name === to || (to === balancer.name && hostName === host));
    const entry = [...balancer.routes, ...balancer.internalRoutes].find(
      (route) => to === balancer.name && route.host === host && route.listenPort === port,
    );
    const at = (file: string, what: string, node: string) => `${file} (${what}) of ${node}`;
    switch (protocol) {
      case "jdbc":
        return {
          settings: this.topology.databaseServer.external ? ["databaseHost", `${to}Host`] : [`${to}Host`],
          also: [...dataSourceUsers(to, from), at("the database", `schema, accounts and grants of ${to}`, "mysql")],
        };
      case "hazelcast":
        return {
          settings: servers.slice(0, 1).flatMap(({ role }) => roleRecords[role].cluster?.setting ?? []),
          also: [from, to].map((node) => at(configurationFiles.axis2.path, "domain, localMemberHost", node)),
        };
      case "thrift":
        return {
          settings: ["keyValidatorClient", "keyManagerHost"],
          also: [
            at(configurationFiles.apiManager.path, "ThriftServerHost", from),
            at(configurationFiles.apiManager.path, "EnableThriftServer, ThriftServerPort", to),
          ],
        };
      default:
        return {
          settings: servers[0] ? [`${servers[0].role}Host`, "portOffsets"] : [],
          also: [
            ...(element.endsWith("/ServerURL")
              ? [
                  at(configurationFiles.apiManager.path, element.replace(/ServerURL$/, "Username and Password"), from),
                  ...servers.map(({ name }) => at(configurationFiles.userManagement.path, "AdminUser", name)),
                ]
              : []),
            at("/etc/hosts", "host aliases", from),
            ...(entry ? [at(balancerFiles.configuration, `backend ${entry.name}`, balancer.name)] : []),
            ...servers.map(({ name }) => at(configurationFiles.carbon.path, "Ports/Offset", name)),
          ],
        };
    }
  }
}

/** The file of a node that selects the database's data source by its JNDI name. */
function dataSourceUsers(database: string, node: string): string[] {
  const name = databaseNames.find((each) => each === database);
  if (!name) return [];
  const { file, element } = databaseRecord(name).chosenIn;
  return [`${configurationFiles[file].path} (${element}) of ${node}`];
}
