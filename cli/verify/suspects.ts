import { configurationFiles } from "../../distribution/files";
import type { Link, Node, Role, Topology } from "../../topology";
import type { CalledEnvironment } from "./environments";
import { type Entrance, routesOf } from "./front";

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
  deployment(environment: CalledEnvironment): Suspect[] {
    return this.gatewaysOf(environment).flatMap(({ name }) => this.links("publisher", `Environment[${name}]/`));
  }

  /** Which keys the Publisher deploys APIs for. */
  environmentType(environment: CalledEnvironment): Suspect[] {
    return this.nodes("publisher").flatMap((publisher) =>
      this.gatewaysOf(environment).map(({ name, type, target }) => ({
        ...{ link: `${publisher.name} -> ${target} (Environment[${name}]/@type)`, node: publisher.name },
        ...{ file: configurationFiles.apiManager.path, element: `Environment[${name}]/@type` },
        why: `the gateway takes ${type === "hybrid" ? "both kinds of keys" : `${type} keys and no others`}`,
        settings: ["gatewayEnvironments"],
        also: [
          `${configurationFiles.apiManager.path} (Environment[${name}]/ServerURL) of ${publisher.name}`,
          "haproxy.cfg of loadbalancer",
          `the API's file of ${target}, made when the API was published`,
        ],
      })),
    );
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

  private gatewaysOf({ host }: CalledEnvironment): Topology["environments"] {
    return this.topology.environments.filter(({ apiHost }) => apiHost === host);
  }

  private suspectOf({ id, from, to, file, element, why, protocol }: Link): Suspect {
    return { link: id, node: from, file, element, why, ...this.behind(from, to, element, protocol) };
  }

  /** What the link's value comes from, and what the other end must have. */
  private behind(from: string, to: string, element: string, protocol: Link["protocol"]) {
    const target = this.topology.nodes.find(({ name }) => name === to);
    const at = (file: string, what: string, node: string) => `${file} (${what}) of ${node}`;
    switch (protocol) {
      case "jdbc":
        return {
          settings: this.topology.databaseServer.external ? ["databaseHost", `${to}Host`] : [`${to}Host`],
          also: [...dataSourceUsers(to, from), at("the database", `schema, accounts and grants of ${to}`, "mysql")],
        };
      case "hazelcast":
        return {
          settings: ["clusterDomain"],
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
          settings: target ? [`${target.role}Host`, "portOffsets"] : [],
          also: [
            ...(element.endsWith("/ServerURL")
              ? [
                  at(
                    configurationFiles.apiManager.path,
                    `${element.replace(/ServerURL$/, "Username and Password")}`,
                    from,
                  ),
                  at(configurationFiles.userManagement.path, "AdminUser", to),
                ]
              : []),
            at("/etc/hosts", "host aliases", from),
            at(configurationFiles.carbon.path, "Ports/Offset", to),
          ],
        };
    }
  }
}

/** The files that choose a data source by its JNDI name. */
function dataSourceUsers(database: string, node: string): string[] {
  const choice: Readonly<Record<string, string>> = {
    apimgtdb: `${configurationFiles.apiManager.path} (DataSourceName)`,
    userdb: `${configurationFiles.userManagement.path} (Property dataSource)`,
    regdb: `${configurationFiles.registry.path} (dbConfig, mount)`,
  };
  return choice[database] === undefined ? [] : [`${choice[database]} of ${node}`];
}
