import type { Node } from "../topology";
import type { Deployment } from "./deployment";
import { setProperties } from "./properties";

/**
 * How long a member of the cluster may be silent before the others give it up. Until then, they wait for it: the product
 * sets ten minutes, in which log-ins and token requests hang when a machine is lost.
 *
 * @param stock the text of the pack's file; empty when it has none
 * @returns undefined on a node without a cluster
 */
export function renderHazelcastProperties(stock: string, node: Node, { settings }: Deployment): string | undefined {
  if (!node.cluster) return undefined;
  const { memberTimeout } = settings;
  return setProperties(stock, {
    "hazelcast.max.no.heartbeat.seconds": memberTimeout,
    // The master gives up a member that does not confirm it; each member confirms several times in that time.
    "hazelcast.master.confirmation.interval.seconds": Math.floor(memberTimeout / 3),
    "hazelcast.max.no.master.confirmation.seconds": 2 * memberTimeout,
    // Members that found each other late, or lost each other, join into one cluster again.
    "hazelcast.merge.first.run.delay.seconds": memberTimeout,
    "hazelcast.merge.next.run.delay.seconds": memberTimeout,
  });
}
