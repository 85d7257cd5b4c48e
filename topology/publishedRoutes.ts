import type { Role } from "../product/roles";
import type { BalancerRoute, Entrance, Topology } from "./model";

/** A route that browsers and API consumers call. */
export type PublishedRoute = BalancerRoute & { readonly published: NonNullable<BalancerRoute["published"]> };

/**
 * The published routes to a role at one of the load balancer's ports: one, or one for each gateway environment.
 * @param host one of the role's host names. @default all
 */
export function publishedRoutes(
  { balancer }: Pick<Topology, "balancer">,
  role: Role,
  entrance: Entrance,
  host?: string,
): PublishedRoute[] {
  return balancer.routes.filter(
    (route): route is PublishedRoute =>
      route.role === role && route.published?.entrance === entrance && (host === undefined || route.host === host),
  );
}

/** The first of {@link publishedRoutes}. @throws when there is none */
export function publishedRoute(
  topology: Pick<Topology, "balancer">,
  role: Role,
  entrance: Entrance,
  host?: string,
): PublishedRoute {
  const [route] = publishedRoutes(topology, role, entrance, host);
  if (!route) throw new Error(`topology: the load balancer has no route to ${role} on its port ${entrance}`);
  return route;
}

/** The URL that a client uses, without a path, e.g. `https://store.apim-wso2.com:8443`; the scheme's own port is left out. */
export function routeUrl({ host, published, tls }: Pick<PublishedRoute, "host" | "published" | "tls">): string {
  const [scheme, ownPort] = tls ? ["https", 443] : ["http", 80];
  return published.port === ownPort ? `${scheme}://${host}` : `${scheme}://${host}:${published.port}`;
}
