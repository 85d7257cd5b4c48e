import { balancerFiles } from "../../configs/balancer";
import { errorMessage } from "../../errors";
import type { BalancerRoute, Topology } from "../../topology";
import type { DeployedStack } from "../deployedStack";
import { balancerLimit, isBalancers } from "./front";
import { type ProbeAnswer, probe } from "./httpProbe";
import type { Check } from "./linkChecks";
import { pause } from "./waiting";

type CheckedStack = Pick<DeployedStack, "topology" | "caCertificate" | "urls">;

/** Checks that each route of the load balancer reaches a node of its role, and that unknown host names reach none. */
export async function checkBalancer({ topology, caCertificate, urls }: CheckedStack): Promise<Check[]> {
  const routes = topology.balancer.routes
    // Without an HTTP receiver in the pack, nothing answers there.
    .filter(({ published }) => published?.entrance !== "gatewayHttp" || urls.gatewayHttp !== undefined)
    .map((route) => checkRoute(route, topology, caCertificate));
  return Promise.all([...routes, checkUnknownHost(topology, caCertificate)]);
}

async function checkRoute(route: BalancerRoute, topology: Topology, caCertificate: string): Promise<Check> {
  const name = `loadbalancer -> ${route.targets.map(({ node }) => node).join(", ")} (${route.name})`;
  const started = Date.now();
  try {
    let answer = await ask(route, topology, route.host, caCertificate);
    while (isBalancers(answer) && Date.now() - started < balancerLimit) {
      await pause(500);
      answer = await ask(route, topology, route.host, caCertificate);
    }
    const ms = Date.now() - started;
    const found = wrongAnswer(route, answer);
    return found === undefined ? { name, ok: true, ms } : { name, ok: false, ms, detail: `${found}; ${remedy}` };
  } catch (error) {
    return { name, ok: false, ms: Date.now() - started, detail: `${errorMessage(error)}; ${remedy}` };
  }
}

const remedy = `see ${balancerFiles.configuration} of loadbalancer`;

/** Each answer of a stand-in names the node in a header, also on API ports, which serve only APIs. */
function wrongAnswer(route: BalancerRoute, { status, headers }: ProbeAnswer): string | undefined {
  const node = headers["x-standin-node"];
  if (node === undefined) return `expected a node's answer, found status ${status} from the load balancer`;
  const expected = route.targets.map((target) => target.node);
  return expected.includes(`${node}`) ? undefined : `expected an answer from ${expected.join(" or ")}, found ${node}`;
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
    return { name, ok: false, detail: errorMessage(error) };
  }
}

function ask(route: BalancerRoute, topology: Topology, host: string, caCertificate: string): Promise<ProbeAnswer> {
  return probe({
    address: topology.reachableAddress,
    port: route.published?.port ?? route.listenPort,
    host: route.host,
    hostHeader: host,
    path: "/standin/health?links=none",
    ...(route.tls && { ca: caCertificate }),
  });
}
