import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSettings } from "../../plan/settings";
import type { RawSettings } from "../../settings";
import { buildTopology, type Topology } from "../../topology";
import { anySettings } from "../configs/settings";

const of = (raw: RawSettings = {}) => buildTopology(parseSettings(raw, "dev"));

/** Each name in the start order with the names that it waits for, e.g. `publisher-1 < keymanager-1`. */
function order(topology: Topology): string[] {
  return topology.startOrder.map((name) => [name, ...waitsFor(topology, name)].join(" < "));
}

function waitsFor({ nodes, balancer }: Topology, name: string): readonly string[] {
  const found = [balancer, ...nodes].find((one) => one.name === name);
  assert.ok(found, name);
  return found.startsAfter;
}

describe("topology: start order", () => {
  it("a single gateway starts before the balancer, so that scaling down to one loses no call", () => {
    assert.deepEqual(order(of()), [
      "keymanager-1",
      "gateway-1",
      "loadbalancer < gateway-1",
      "publisher-1 < keymanager-1",
      "store-1 < publisher-1",
    ]);
  });

  it("gateways start one after another, and the balancer before the first, so that it already routes to the others", () => {
    const rolling = order(of({ gatewayReplicas: 3 })).filter((line) => /^(gateway|load)/.test(line));
    assert.deepEqual(rolling, [
      "gateway-3",
      "gateway-2 < gateway-3",
      "loadbalancer < gateway-2",
      "gateway-1 < loadbalancer",
    ]);
  });

  it("the gateway manager starts after its workers, which serve the calls", () => {
    const rolling = (gatewayWorkers: number) =>
      order(of({ gatewayWorkers })).filter((line) => /^(gateway|load)/.test(line));
    assert.deepEqual(rolling(1), ["gateway-worker-1", "loadbalancer < gateway-worker-1", "gateway-1 < loadbalancer"]);
    assert.deepEqual(rolling(3), [
      "gateway-worker-3",
      "gateway-worker-2 < gateway-worker-3",
      "loadbalancer < gateway-worker-2",
      "gateway-worker-1 < loadbalancer",
      "gateway-1 < gateway-worker-1",
    ]);
  });

  it("gateway environments do not wait for each other", () => {
    const rolling = order(of({ gatewayReplicas: 2, gatewayEnvironments: "production,sandbox" }));
    assert.deepEqual(
      rolling.filter((line) => /^(gateway|load)/.test(line)),
      [
        "gateway-2",
        "gateway-sandbox-2",
        "loadbalancer < gateway-2 < gateway-sandbox-2",
        "gateway-1 < loadbalancer",
        "gateway-sandbox-1 < loadbalancer",
      ],
    );
  });

  it("nodes that share userdb start one after another; with multiTenancy also the gateways", () => {
    assert.deepEqual(order(of({ keyManagerReplicas: 2, publisherReplicas: 2, storeReplicas: 2 })), [
      "keymanager-1",
      "keymanager-2 < keymanager-1",
      "gateway-1",
      "loadbalancer < gateway-1",
      "publisher-1 < keymanager-2",
      "publisher-2 < publisher-1",
      "store-1 < publisher-2",
      "store-2 < store-1",
    ]);
    assert.deepEqual(order(of({ multiTenancy: true, gatewayReplicas: 2, gatewayEnvironments: "production,sandbox" })), [
      "keymanager-1",
      "gateway-2 < keymanager-1",
      "gateway-sandbox-2 < gateway-2",
      "loadbalancer < gateway-2 < gateway-sandbox-2",
      "gateway-1 < loadbalancer < gateway-sandbox-2",
      "gateway-sandbox-1 < loadbalancer < gateway-1",
      "publisher-1 < gateway-sandbox-1",
      "store-1 < publisher-1",
    ]);
  });

  it("any settings: every server occurs once, after all that it waits for; nodes that share userdb form one chain", () => {
    fc.assert(
      fc.property(anySettings, (raw) => {
        const topology = of(raw);
        const { startOrder, nodes } = topology;
        assert.deepEqual([...startOrder].sort(), [...nodes.map(({ name }) => name), "loadbalancer"].sort());
        startOrder.forEach((name, position) => {
          for (const before of waitsFor(topology, name)) assert.ok(startOrder.slice(0, position).includes(before));
        });
        const sharing = startOrder.filter((name) =>
          nodes.some((node) => node.name === name && node.databases.includes("userdb")),
        );
        sharing.slice(1).forEach((name, position) => {
          assert.ok(waitsFor(topology, name).includes(sharing[position] ?? ""), `${name}: ${order(topology)}`);
        });
      }),
      { numRuns: 60 },
    );
  });
});
