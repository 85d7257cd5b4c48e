import { databaseNames, databaseRecord } from "../../product/databases";
import { configurationFiles } from "../../product/files";
import { type Role, roleRecords } from "../../product/roles";
import type { Entrance, Link, Node, Topology } from "../../topology";
import type { CalledEnvironment } from "./environments";
import { routesOf } from "./front";

/** Something that a step needs to work, and the file that decides it. */
export interface Suspect {
  /** The link's id in the topology, or for one that no link stands for, in the same form. */
  readonly link: string;
  /** A node's name or `loadbalancer`: whose file it is. */
  readonly node: string;
  /** Below APIM_HOME; `haproxy.cfg` at the balancer. */
  readonly file: string;
  /** The element in that file. */
  readonly element: string;
  /** What stops working without it. */
  readonly why: string;
  /** Settings that it is rendered from. */
  readonly settings: readonly string[];
  /** What else decides whether it works, as `file (element) of node`. */
  readonly also: readonly string[];
}

/** Parts of a deployment that steps name as what they need. */
export class Suspects {
  constructor(private readonly topology: Topology) {}

  /** Links of the topology from nodes of a role, or of one gateway environment, whose element begins so. */
  links(from: Role, element: string, environment?: CalledEnvironment): Suspect[] {
    const names = this.nodes(from, environment).map(({ name }) => name);
    return this.topology.links
      .filter((link) => names.includes(link.from) && link.element.startsWith(element))
      .map((link) => this.suspectOf(link));
  }

  /** Links to a database. */
  database(from: Role, database: string): Suspect[] {
    const names = this.nodes(from).map(({ name }) => name);
    return this.topology.links
      .filter((link) => names.includes(link.from) && link.to === database)
      .map((link) => this.suspectOf(link));
  }

  /** Which data source the shared part of the registry is on. */
  registryMount(from: Role): Suspect[] {
    return this.nodes(from).map(({ name }) => ({
      ...{ link: `${name} -> regdb (mount)`, node: name, file: configurationFiles.registry.path, element: "mount" },
      ...{ why: "Publisher and Store share what is published", settings: [], also: [] },
    }));
  }

  /** Membership of Publishers and Stores in one cluster, seen from both ends. */
  cluster(): Suspect[] {
    return [...this.links("publisher", "clustering"), ...this.links("store", "clustering")];
  }

  /** By what the Publisher deploys APIs to the gateways of an environment. */
  deployment({ name }: CalledEnvironment): Suspect[] {
    return this.links("publisher", `Environment[${name}]/`);
  }

  /** That a gateway has the APIs which another one of its environment was given. */
  shared(gateway: string): Suspect[] {
    return this.nodes("gateway")
      .filter(({ name }) => name === gateway)
      .flatMap(({ volumes }) => volumes.slice(0, 1))
      .map(({ name: volume, path }) => ({
        ...{ link: `${gateway} -> ${volume} (volume)`, node: gateway, file: path, element: "its files" },
        ...{ why: "gateways of one environment serve the same APIs", settings: ["deploymentSynchronizer"], also: [] },
      }));
  }

  /** Which keys the Publisher deploys APIs for. */
  environmentType(environment: CalledEnvironment): Suspect[] {
    const { name, type } = environment;
    const gateways = this.nodes("gateway", environment).map((node) => node.name);
    return this.nodes("publisher").map((publisher) => ({
      ...{ link: `${publisher.name} -> loadbalancer (Environment[${name}]/@type)`, node: publisher.name },
      ...{ file: configurationFiles.apiManager.path, element: `Environment[${name}]/@type` },
      why: `the gateway takes ${type === "hybrid" ? "both kinds of keys" : `${type} keys and no others`}`,
      settings: ["gatewayEnvironments"],
      also: [
        `${configurationFiles.apiManager.path} (Environment[${name}]/ServerURL) of ${publisher.name}`,
        "haproxy.cfg of loadbalancer",
        `the API's file of ${gateways.join(", ")}, made when the API was published`,
      ],
    }));
  }

  /** The balancer's front for a role. */
  balancer(role: Role, entrance: Entrance = "https", environment?: CalledEnvironment): Suspect[] {
    return routesOf(this.topology, role, entrance, environment?.host).map(({ name, targets }) => ({
      ...{ link: `loadbalancer -> ${targets.map(({ node }) => node).join(", ")} (${name})`, node: "loadbalancer" },
      ...{ file: "haproxy.cfg", element: `backend ${name}`, why: "requests from outside reach the nodes" },
      settings: [],
      also: targets.map(({ node }) => `${configurationFiles.carbon.path} (Ports/Offset) of ${node}`),
    }));
  }

  /** The host name or the port that a server tells browsers to go to. */
  browserAddress(role: Role, part: "host" | "port"): Suspect[] {
    const decides =
      part === "host"
        ? { file: configurationFiles.carbon.path, element: "HostName, MgtHostName", settings: [`${role}Host`] }
        : { file: configurationFiles.catalina.path, element: "Connector/@proxyPort", settings: ["httpsPort"] };
    return this.nodes(role).map(({ name }) => ({
      ...{ link: `browser -> ${name} (${part})`, node: name, ...decides },
      ...{ why: "redirects stay in the deployment", also: [] },
    }));
  }

  /** What the API itself leads to. */
  endpoint(environment: CalledEnvironment, url: string): Suspect[] {
    return this.nodes("gateway", environment).map(({ name }) => ({
      ...{ link: `${name} -> ${url} (endpoint)`, node: name, file: "the API itself", element: "endpoint_config" },
      ...{ why: "calls reach what the API leads to", settings: [] },
      also: ["a firewall between the containers and this machine; give another endpoint with --endpoint URL"],
    }));
  }

  private nodes(role: Role, environment?: CalledEnvironment): readonly Node[] {
    const host = environment?.host;
    return this.topology.nodes.filter((node) => node.role === role && (host === undefined || node.hostName === host));
  }

  private suspectOf(link: Link): Suspect {
    const { id, from, file, element, why } = link;
    return { link: id, node: from, file, element, why, ...this.behind(link) };
  }

  /** What the link's value comes from, and what the other end must have. */
  private behind({ from, to, host, port, element, protocol }: Link) {
    const { balancer, nodes } = this.topology;
    const servers = nodes.filter(({ name, hostName }) => name === to || (to === balancer.name && hostName === host));
    const front = [...balancer.routes, ...balancer.internalRoutes].find(
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
                  at(
                    configurationFiles.apiManager.path,
                    `${element.replace(/ServerURL$/, "Username and Password")}`,
                    from,
                  ),
                  ...servers.map(({ name }) => at(configurationFiles.userManagement.path, "AdminUser", name)),
                ]
              : []),
            at("/etc/hosts", "host aliases", from),
            ...(front ? [at("haproxy.cfg", `backend ${front.name}`, balancer.name)] : []),
            ...servers.map(({ name }) => at(configurationFiles.carbon.path, "Ports/Offset", name)),
          ],
        };
    }
  }
}

/** The files that choose a data source by its JNDI name. */
function dataSourceUsers(database: string, node: string): string[] {
  const name = databaseNames.find((each) => each === database);
  if (!name) return [];
  const { file, element } = databaseRecord(name).chosenIn;
  return [`${configurationFiles[file].path} (${element}) of ${node}`];
}
