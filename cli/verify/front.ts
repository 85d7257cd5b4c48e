import { isFromBalancer } from "../../configs/balancer";
import type { Role } from "../../product/roles";
import { type Entrance, publishedRoute, publishedRoutes, routeUrl, type Topology } from "../../topology";
import { type ProbeAnswer, probe } from "./httpProbe";
import type { Check } from "./linkChecks";
import { type Limits, pause } from "./waiting";

export interface FrontRequest {
  readonly role: Role;
  /** One of the role's host names, if it has several. @default the first */
  readonly host?: string;
  /** @default https */
  readonly entrance?: Entrance;
  readonly path: string;
  readonly method?: "GET" | "POST" | "OPTIONS";
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  /** A body in place of a form. */
  readonly body?: Buffer;
}

/** Seconds. */
const defaultAnswerLimit = 60;
/** How long the load balancer may take to notice that a node is back, in ms. */
export const balancerLimit = 8000;

export interface FrontOptions {
  /** Milliseconds to wait for the load balancer to notice a node. 0: an earlier check has waited already. @default 8000 */
  readonly patience?: number;
  /** Seconds until a request is given up. @default 60 */
  readonly answerLimit?: number;
  /** Nodes that are down on purpose. The set may change. @default none */
  readonly absent?: ReadonlySet<string>;
}

/** What a run knows about the deployment. */
export interface FrontSource {
  readonly outputs: { readonly topology: Topology; readonly caCertificate: string };
  readonly checks: readonly Check[];
  readonly limits: Limits;
  readonly absent?: ReadonlySet<string>;
}

/** The front for the steps of a run, with the run's limits. */
export function frontOf({ outputs, checks, limits, absent }: FrontSource): Front {
  const waited = checks.some(({ name, ok }) => !ok && name.startsWith("loadbalancer ->"));
  return new Front(outputs.topology, outputs.caCertificate, {
    ...(waited && { patience: 0 }),
    ...(limits.answer !== undefined && { answerLimit: limits.answer }),
    ...(absent && { absent }),
  });
}

/** The deployment as its users see it: the load balancer's published ports and host names. */
export class Front {
  constructor(
    private readonly topology: Topology,
    private readonly caCertificate: string,
    private readonly options: FrontOptions = {},
  ) {}

  /**
   * Sends one request; retries while the load balancer has not noticed that a node is back.
   * @throws NoAnswer
   */
  async ask({ role, entrance = "https", host, ...request }: FrontRequest): Promise<ProbeAnswer> {
    const { patience = balancerLimit, answerLimit = defaultAnswerLimit } = this.options;
    const route = publishedRoute(this.topology, role, entrance, host);
    const send = () =>
      probe({
        ...request,
        address: this.topology.reachableAddress,
        port: route.published.port,
        host: route.host,
        timeout: answerLimit * 1000,
        ...(route.tls && { ca: this.caCertificate }),
      });
    const end = Date.now() + patience;
    let answer = await send();
    while (isBalancers(answer) && answer.status === 503 && Date.now() < end) {
      await pause(500);
      answer = await send();
    }
    return answer;
  }

  /** Names of the nodes to which the load balancer sends such requests, without those that are down on purpose. */
  targets(role: Role, entrance: Entrance, host?: string): readonly string[] {
    const names = publishedRoute(this.topology, role, entrance, host).targets.map(({ node }) => node);
    return names.filter((name) => !this.options.absent?.has(name));
  }

  /** The URL that a client would use. @param host one of the role's host names, if it has several. @default the first */
  url(role: Role, entrance: Entrance, path: string, host?: string): string {
    return routeUrl(publishedRoute(this.topology, role, entrance, host)) + path;
  }

  /** The host names of a role at one of the load balancer's ports. */
  hosts(role: Role, entrance: Entrance): readonly string[] {
    return publishedRoutes(this.topology, role, entrance).map(({ host }) => host);
  }

  /** Whether the location is an address of this deployment. */
  owns(location: URL): boolean {
    return this.routeTo(location) !== undefined;
  }

  /** How {@link ask} reaches an address; undefined when it is not one of this deployment. */
  routeTo(location: URL): Required<Pick<FrontRequest, "role" | "host" | "entrance">> | undefined {
    const given = Number(location.port || (location.protocol === "https:" ? 443 : 80));
    const found = this.topology.balancer.routes.find(
      ({ tls, host, published }) =>
        location.protocol === (tls ? "https:" : "http:") && location.hostname === host && given === published?.port,
    );
    return found?.published && { role: found.role, host: found.host, entrance: found.published.entrance };
  }

  /** Whether `host` is a host name of this deployment. */
  knows(host: string): boolean {
    return this.topology.balancer.routes.some((route) => route.host === host);
  }
}

/** Whether the load balancer itself answered, instead of a node. */
export function isBalancers(answer: ProbeAnswer): boolean {
  return answer.headers["x-standin"] === undefined && isFromBalancer(answer);
}
