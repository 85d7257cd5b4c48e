import type { Node } from "./model";
import { isWorker } from "./nodes";

const balancer = "loadbalancer";

/** Who starts, and is replaced, after whom. */
export interface StartOrder {
  /** Every node, and the balancer among them, behind those that it starts after. */
  readonly names: readonly string[];
  /** By name: who must be healthy before; nobody where there is no entry. */
  readonly startsAfter: ReadonlyMap<string, readonly string[]>;
}

/**
 * One after another: the nodes that share userdb, since starting together they can break each other's first entries, and
 * the gateways of an environment, so that calls go on while they are replaced. Between the gateways comes the balancer:
 * it must know further gateways before the first one restarts, and a gateway that is alone must be back before the
 * balancer sends it all calls.
 *
 * `gateway-3, gateway-2, loadbalancer, gateway-1`, or `gateway-1, loadbalancer`
 */
export function startOrder(nodes: readonly Node[]): StartOrder {
  const gateways = nodes.filter(({ role }) => role === "gateway");
  const environments = [...new Set(gateways.map(({ environment }) => environment))].map((environment) =>
    rollingOrder(gateways.filter((node) => node.environment === environment)),
  );
  const namesOf = (...roles: readonly Node["role"][]) =>
    nodes.filter(({ role }) => roles.includes(role)).map(({ name }) => name);
  const names = [
    ...namesOf("keyManager"),
    ...environments.flatMap((order) => order.slice(0, order.indexOf(balancer))),
    balancer,
    ...environments.flatMap((order) => order.slice(order.indexOf(balancer) + 1)),
    ...namesOf("publisher", "store"),
  ];
  const sharing = nodes.filter(({ databases }) => databases.includes("userdb")).map(({ name }) => name);
  const rows = [...environments, names.filter((name) => sharing.includes(name))];
  return { names, startsAfter: new Map(names.map((name) => [name, predecessors(rows, name)])) };
}

/** The gateways of one environment and the balancer, those that take calls from the last to the first. */
function rollingOrder(gateways: readonly Node[]): string[] {
  const workers = gateways.filter(isWorker);
  const [first, ...further] = (workers.length > 0 ? workers : gateways).map(({ name }) => name);
  const managers = workers.length > 0 ? gateways.filter((node) => !isWorker(node)).map(({ name }) => name) : [];
  if (first === undefined) return [balancer];
  return further.length > 0 ? [...further.reverse(), balancer, first, ...managers] : [first, balancer, ...managers];
}

/** Whoever stands before it in a row. */
function predecessors(rows: readonly (readonly string[])[], name: string): string[] {
  return [...new Set(rows.flatMap((row) => row[row.indexOf(name) - 1] ?? []))];
}
