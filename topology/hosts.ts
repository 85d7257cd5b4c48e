import { maxReplicas } from "../settings/limits";
import type { Node, Topology } from "./model";
import { nodeHost } from "./nodes";

/** An entry of /etc/hosts. */
export type HostAlias = Topology["hosts"][number];

/**
 * The host aliases that one node needs: its own names, which lead to itself, and those that its files have. No others,
 * so that a node is not replaced when something comes or goes that it need not know.
 */
export function hostsOf(
  topology: Pick<Topology, "hosts" | "links" | "environments" | "balancer">,
  node: Node,
): HostAlias[] {
  const links = topology.links.filter(({ from }) => from === node.name);
  const wanted = new Set(links.map(({ host }) => host));
  // What users of the Publisher and the Store are shown.
  if (node.role !== "gateway") for (const { apiHost } of topology.environments) wanted.add(apiHost);
  if (node.role === "publisher")
    for (const { role, host } of topology.balancer.routes) if (role === "store") wanted.add(host);
  return topology.hosts.flatMap(({ host, ip }) => {
    if (host === node.hostName || host === node.nodeHostName) return [{ host, ip: node.address }];
    return wanted.has(host) ? [{ host, ip }] : [];
  });
}

/**
 * Every name that the nodes' certificate carries: those of nodes that are not there yet too, so that a further node
 * does not replace all others with a new certificate.
 */
export function certificateNames(nodes: readonly Node[]): string[] {
  const numbers = Array.from({ length: maxReplicas }, (_, number) => number + 1);
  const ofHosts = [...new Map(nodes.map((node) => [node.hostName, node])).values()].flatMap(({ role, hostName }) => [
    hostName,
    ...numbers.map((number) => nodeHost(hostName, `-${number}`)),
    ...(role === "gateway" ? numbers.map((number) => nodeHost(hostName, `-worker-${number}`)) : []),
  ]);
  return [...new Set(ofHosts), "localhost"];
}

/** The names by which the nodes that there are are called over TLS: what a certificate of the user's must carry. */
export function tlsHosts(nodes: readonly Node[]): string[] {
  return [...new Set(nodes.flatMap(({ hostName, nodeHostName }) => [hostName, nodeHostName]))];
}
