import { type RoleRecord, roleRecords } from "../product/roles";
import type { Node } from "./model";
import { isWorker } from "./nodes";

const balancer = "loadbalancer";

/** The order in which nodes and load balancer start, and are replaced. */
export interface StartOrder {
  /** Every node and the load balancer, each behind those that it starts after. */
  readonly names: readonly string[];
  /** Name -> names of those that must be healthy before it starts; no entry: it waits for nobody. */
  readonly startsAfter: ReadonlyMap<string, readonly string[]>;
}

/**
 * Nodes that share userdb start one after another: started together, they can break each other's first entries. The
 * gateways of an environment start one after another too, so that calls go on while they are replaced. The load balancer
 * starts among the gateways: it must know further gateways before the first one restarts, and a gateway that is alone
 * must be healthy before the load balancer sends it all calls.
 *
 * `gateway-3, gateway-2, loadbalancer, gateway-1`, or `gateway-1, loadbalancer`
 */
export function startOrder(nodes: readonly Node[]): StartOrder {
  const starting = (when: RoleRecord["starts"]) => nodes.filter(({ role }) => roleRecords[role].starts === when);
  const around = starting("around balancer");
  const environments = [...new Set(around.map(({ environment }) => environment))].map((environment) =>
    rollingOrder(around.filter((node) => node.environment === environment)),
  );
  const names = [
    ...starting("before balancer").map(({ name }) => name),
    ...environments.flatMap((order) => order.slice(0, order.indexOf(balancer))),
    balancer,
    ...environments.flatMap((order) => order.slice(order.indexOf(balancer) + 1)),
    ...starting("after balancer").map(({ name }) => name),
  ];
  const sharing = nodes.filter(({ databases }) => databases.includes("userdb")).map(({ name }) => name);
  const rows = [...environments, names.filter((name) => sharing.includes(name))];
  return { names, startsAfter: new Map(names.map((name) => [name, predecessors(rows, name)])) };
}

/** The gateways of one environment and the balancer. Gateways that take calls start from the last to the first. */
function rollingOrder(gateways: readonly Node[]): string[] {
  const workers = gateways.filter(isWorker);
  const [first, ...further] = (workers.length > 0 ? workers : gateways).map(({ name }) => name);
  const managers = workers.length > 0 ? gateways.filter((node) => !isWorker(node)).map(({ name }) => name) : [];
  if (first === undefined) return [balancer];
  return further.length > 0 ? [...further.reverse(), balancer, first, ...managers] : [first, balancer, ...managers];
}

/** The names that stand directly before it in a row. */
function predecessors(rows: readonly (readonly string[])[], name: string): string[] {
  return [...new Set(rows.flatMap((row) => row[row.indexOf(name) - 1] ?? []))];
}
