/**
 * HAProxy 2.6 was measured to take 22 to 28 MiB by itself, with 9 to 256 servers, and 106 KiB for each connection with TLS
 * on both sides and a request under way. After a reload, two workers run until the old one has finished its requests.
 * Twice the memory per connection leaves room for what the kernel buffers.
 */
const ownMegabytes = 48;
const connectionsPerMegabyte = 5;

/** How many connections of clients the load balancer accepts at once; further ones wait. @param memory MiB of its container */
export function maxConnections(memory: number): number {
  return connectionsPerMegabyte * (memory - ownMegabytes);
}
