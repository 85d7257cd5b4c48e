import { roleRecords } from "../product/roles";
import { maxReplicasOnDocker } from "../settings/schema/nodes";
import type { Node, Topology } from "./model";
import { nodeHost } from "./nodes";

/** An entry of /etc/hosts. */
export type HostAlias = Topology["hosts"][number];

/**
 * The host aliases that one node needs: its own names, which resolve to itself, and the names in its files. Other aliases
 * are left out: adding a node that this node's files do not name must not replace this node.
 */
export function hostsOf(
  topology: Pick<Topology, "hosts" | "links" | "environments" | "balancer">,
  node: Node,
): HostAlias[] {
  const { calls, linksTo = [] } = roleRecords[node.role];
  const links = topology.links.filter(({ from }) => from === node.name);
  const wanted = new Set(links.map(({ host }) => host));
  // The file with the gateway environments also names the hosts that API consumers call.
  if (calls.some(({ eachEnvironment }) => eachEnvironment))
    for (const { apiHost } of topology.environments) wanted.add(apiHost);
  for (const { to } of linksTo)
    for (const { role, host } of topology.balancer.routes) if (role === to) wanted.add(host);
  // The network's name server knows a name only when its server is healthy.
  const own = node.aliases.filter((name) => name === node.hostName).map((host) => ({ host, ip: "127.0.0.1" }));
  const known = topology.hosts.flatMap(({ host, ip }) => {
    if (host === node.hostName || host === node.nodeHostName) return [{ host, ip: node.address }];
    return wanted.has(host) ? [{ host, ip }] : [];
  });
  return [...known, ...own];
}

/**
 * Every name that the nodes' certificate carries. Names of nodes that may be added later are included, so that adding one
 * seldom changes the certificate and replaces all nodes: eight of each kind, or 16, 32 or 64 when there are more.
 */
export function certificateNames(nodes: readonly Node[]): string[] {
  const most = Math.max(...nodes.map(({ name }) => Number(/\d+$/.exec(name))));
  const length = Math.max(maxReplicasOnDocker, 2 ** Math.ceil(Math.log2(most)));
  const numbers = Array.from({ length }, (_, number) => number + 1);
  const ofHosts = [...new Map(nodes.map((node) => [node.hostName, node])).values()].flatMap(({ role, hostName }) => [
    hostName,
    ...numbers.map((number) => nodeHost(hostName, `-${number}`)),
    ...(roleRecords[role].servesApis ? numbers.map((number) => nodeHost(hostName, `-worker-${number}`)) : []),
  ]);
  return [...new Set(ofHosts), "localhost"];
}

/** Host names by which the nodes are called over TLS: a certificate of the user's own must carry them. */
export function tlsHosts(nodes: readonly Node[]): string[] {
  return [...new Set(nodes.flatMap(({ hostName, nodeHostName }) => [hostName, nodeHostName]))];
}
