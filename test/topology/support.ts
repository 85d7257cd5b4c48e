import assert from "node:assert/strict";
import type { Topology } from "../../topology";

/** Each value once. */
export function assertUnique(values: readonly unknown[]): void {
  assert.equal(new Set(values).size, values.length, String(values));
}

/** No address, alias, link or published port stands for two things. */
export function assertNothingTwice(topology: Topology): void {
  assertUnique([
    ...topology.nodes.map(({ address }) => address),
    ...(topology.databaseServer.external ? [] : [topology.databaseServer.address]),
    topology.balancer.address,
    topology.network.gateway,
  ]);
  assertUnique(topology.hosts.map(({ host }) => host));
  assertUnique(topology.links.map(({ id }) => id));
  assertUnique([
    ...topology.nodes.map(({ publishedPort }) => publishedPort),
    ...(topology.databaseServer.external ? [] : [topology.databaseServer.publishedPort]),
    ...topology.balancer.ports.map(({ published }) => published),
  ]);
}
