import { managementAccess, type Node, type Topology } from "../../topology";
import { type DeployedStack, logsCommand, restartCommand } from "../deployedStack";
import { NoAnswer, probe } from "./httpProbe";
import type { Suspect } from "./suspects";

/** Milliseconds in which a node answers on its management port, with any status. */
const aliveLimit = 5000;

/**
 * Asks each node directly, not through the load balancer. A node hangs when its port accepts a connection, or drops it, and no
 * answer comes in time. A node that refuses connections has stopped or has another port: it does not hang.
 * @param limit milliseconds
 */
export async function hangingNodes(
  { topology, caCertificate: ca }: Pick<DeployedStack, "topology" | "caCertificate">,
  limit = aliveLimit,
): Promise<readonly Suspect[]> {
  const hangs = async (node: Node): Promise<boolean> => {
    try {
      // The stand-in answers this without a check of its links, and the product answers any path.
      await probe({ ...managementAccess(topology, node), path: "/standin/health?links=none", ca, timeout: limit });
      return false;
    } catch (error) {
      return error instanceof NoAnswer && error.timedOut;
    }
  };
  const found = await Promise.all(topology.nodes.map(async (node) => ((await hangs(node)) ? [node] : [])));
  return found.flat().map(({ name }) => suspectOf(name, topology, limit));
}

function suspectOf(node: string, topology: Topology, limit: number): Suspect {
  return {
    link: `${node} hangs: no answer on its management port within ${limit / 1000} s`,
    node,
    file: "the log",
    element: logsCommand(topology, node),
    why: "each node answers",
    settings: [],
    also: [restartCommand(topology, node)],
  };
}
