import type { BalancerRoute } from "./model";

/**
 * HAProxy 2.6 was measured to take 12 MiB by itself and 0.08 MiB for each checked server, and 106 KiB for each connection
 * with TLS on both sides and a request under way. After a reload, two workers run until the old one has finished its
 * requests. Twice the memory per connection leaves room for what the kernel buffers. See docs/scaling.md.
 */
const megabytesAtLeast = 48;
const megabytesOfTwoWorkers = 24;
const serversPerMegabyte = 6;
const connectionsPerMegabyte = 5;
/** What the smallest `balancerMemory` gives a small deployment. */
const fewestConnections = 80;

type Routes = readonly Pick<BalancerRoute, "targets">[];

/** How many connections of clients the load balancer accepts at once; further ones wait. @param memory MiB of its container */
export function connectionsWith(memory: number, routes: Routes): number {
  return connectionsPerMegabyte * (memory - ownMegabytes(routes));
}

/** The MiB that a load balancer with these routes needs at least. */
export function leastMemory(routes: Routes): number {
  return ownMegabytes(routes) + fewestConnections / connectionsPerMegabyte;
}

function ownMegabytes(routes: Routes): number {
  const servers = routes.reduce((sum, { targets }) => sum + targets.length, 0);
  return Math.max(megabytesAtLeast, megabytesOfTwoWorkers + Math.ceil(servers / serversPerMegabyte));
}
