import type { ServerDescription } from "./serverDescription";

/** What containers and services have in common: how Docker checks a server, keeps its log, and publishes its ports. */

/**
 * @param startPeriod the longest startTimeout: failures before the first success do not count. It is the same for every
 *   stack, so that another startTimeout does not replace MySQL and the load balancer.
 */
export function healthcheckOf(server: ServerDescription, startPeriod: string) {
  return {
    tests: ["CMD", ...server.healthcheck],
    // Each check costs the host some 50 ms: every second, one deployment at rest would take a third of a core.
    interval: "2s",
    timeout: "5s",
    retries: 5,
    startPeriod,
  };
}

export const log = { driver: "json-file", options: { "max-file": "3", "max-size": "20m" } } as const;

/** Sorted, as the Docker provider returns them. */
export function sortedPorts({ ports }: ServerDescription): ServerDescription["ports"] {
  return [...ports].sort((a, b) => a.internal - b.internal);
}
