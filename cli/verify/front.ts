import { isFromBalancer } from "../../configs/balancer";
import type { Role } from "../../product/roles";
import type { BalancerRoute, Entrance, Topology } from "../../topology";
import { type ProbeAnswer, probe } from "./httpProbe";
import { pause } from "./waiting";

export interface FrontRequest {
  readonly role: Role;
  /** Which of the role's host names, where it has several. @default the first */
  readonly host?: string;
  /** @default https */
  readonly entrance?: Entrance;
  readonly path: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
}

/** The first answer of a page that the product has to compile may take this long, in ms. */
const answerLimit = 60_000;
/** A balancer needs this long, in ms, to see that a node is back. */
const balancerLimit = 8000;

/** The deployment as its users see it: the load balancer's published ports and host names. */
export class Front {
  constructor(
    private readonly topology: Topology,
    private readonly caCertificate: string,
    /** Milliseconds; 0 when it is known that the balancer has had its time. */
    private readonly patience = balancerLimit,
  ) {}

  /**
   * Sends one request; waits for a balancer that has not seen a node come back yet.
   * @throws NoAnswer
   */
  async ask({ role, entrance = "https", host, ...request }: FrontRequest): Promise<ProbeAnswer> {
    const { route, published } = this.routeOf(role, entrance, host);
    const send = () =>
      probe({
        ...request,
        address: this.topology.reachableAddress,
        port: published,
        host: route.host,
        timeout: answerLimit,
        ...(route.tls && { ca: this.caCertificate }),
      });
    const end = Date.now() + this.patience;
    let answer = await send();
    while (isBalancers(answer) && answer.status === 503 && Date.now() < end) {
      await pause(500);
      answer = await send();
    }
    return answer;
  }

  /** Names of the nodes that the balancer sends such requests to. */
  targets(role: Role, entrance: Entrance, host?: string): readonly string[] {
    return this.routeOf(role, entrance, host).route.targets.map(({ node }) => node);
  }

  /** As a client would write it. */
  url(role: Role, entrance: Entrance, path: string): string {
    const { route, published } = this.routeOf(role, entrance);
    return `${route.tls ? "https" : "http"}://${route.host}:${published}${path}`;
  }

  /** Whether a browser that follows this location still talks to the deployment. */
  owns(location: URL): boolean {
    return this.topology.balancer.routes.some((route) => {
      const scheme = route.tls ? "https:" : "http:";
      const given = Number(location.port || (location.protocol === "https:" ? 443 : 80));
      return location.protocol === scheme && location.hostname === route.host && given === route.published?.port;
    });
  }

  /** Whether it is a host name of the deployment. */
  knows(host: string): boolean {
    return this.topology.balancer.routes.some((route) => route.host === host);
  }

  private routeOf(role: Role, entrance: Entrance, host?: string): { route: BalancerRoute; published: number } {
    const [route] = routesOf(this.topology, role, entrance, host);
    if (!route?.published)
      throw new Error(`topology: the load balancer has no route to ${role} on its port ${entrance}`);
    return { route, published: route.published.port };
  }
}

/** The balancer's fronts for a role at one of its ports: one, or one for each gateway environment. */
export function routesOf({ balancer }: Topology, role: Role, entrance: Entrance, host?: string): BalancerRoute[] {
  return balancer.routes.filter(
    (route) =>
      route.role === role && route.published?.entrance === entrance && (host === undefined || route.host === host),
  );
}

/** Whether the load balancer answered by itself, not a node. */
export function isBalancers(answer: ProbeAnswer): boolean {
  return answer.headers["x-standin"] === undefined && isFromBalancer(answer);
}
