import assert from "node:assert/strict";
import type { Topology } from "../../topology";

/** Asserts that no value occurs twice. */
export function assertUnique(values: readonly unknown[]): void {
  assert.equal(new Set(values).size, values.length, String(values));
}

/** Asserts that all addresses, aliases, links and published ports are unique. */
export function assertAllUnique(topology: Topology): void {
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
