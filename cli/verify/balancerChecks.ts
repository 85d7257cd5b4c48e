import type { BalancerRoute, Topology } from "../../topology";
import { type ProbeAnswer, probe } from "./httpProbe";
import type { Check } from "./linkChecks";

/** Each front of the balancer must lead to a node of its role, and a name that it does not know to none. */
export async function checkBalancer(topology: Topology, caCertificate: string): Promise<Check[]> {
  const routes = topology.balancer.routes.map((route) => checkRoute(route, topology, caCertificate));
  return Promise.all([...routes, checkUnknownHost(topology, caCertificate)]);
}

async function checkRoute(route: BalancerRoute, topology: Topology, caCertificate: string): Promise<Check> {
  const name = `loadbalancer -> ${route.targets.map(({ node }) => node).join(", ")} (${route.name})`;
  const started = Date.now();
  try {
    const answer = await ask(route, topology, route.host, caCertificate);
    const node = answer.headers["x-standin"];
    const ms = Date.now() - started;
    if (typeof node === "string" && route.targets.some((target) => target.node === node)) return { name, ok: true, ms };
    const found = node === undefined ? `status ${answer.status} without a node's name` : `an answer of ${node}`;
    return {
      name,
      ok: false,
      ms,
      detail: `expected an answer of ${name.split("-> ")[1]}, found ${found}; haproxy.cfg decides it`,
    };
  } catch (error) {
    return { name, ok: false, ms: Date.now() - started, detail: `${(error as Error).message}; haproxy.cfg decides it` };
  }
}

async function checkUnknownHost(topology: Topology, caCertificate: string): Promise<Check> {
  const name = "loadbalancer refuses unknown host names";
  const [route] = topology.balancer.routes;
  if (!route) return { name, ok: false, detail: "the topology has no routes" };
  try {
    const answer = await ask(route, topology, "unknown.invalid", caCertificate);
    const refused = answer.status >= 400 && answer.headers["x-standin"] === undefined;
    return refused
      ? { name, ok: true }
      : { name, ok: false, detail: `expected a refusal, found status ${answer.status}` };
  } catch (error) {
    return { name, ok: false, detail: (error as Error).message };
  }
}

function ask(route: BalancerRoute, topology: Topology, host: string, caCertificate: string): Promise<ProbeAnswer> {
  const port = topology.balancer.ports.find(({ internal }) => internal === route.listenPort);
  if (!port) throw new Error(`${route.name}: port ${route.listenPort} of the balancer is not published`);
  return probe({
    address: reachable(topology.publishAddress),
    port: port.published,
    host: route.host,
    hostHeader: host,
    path: "/",
    ...(route.tls && { ca: caCertificate }),
  });
}

/** An address that a client on this host can connect to. */
export function reachable(publishAddress: string): string {
  return publishAddress === "0.0.0.0" ? "127.0.0.1" : publishAddress;
}
