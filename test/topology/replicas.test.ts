import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSettings } from "../../plan/settings";
import type { RawSettings } from "../../settings";
import { buildTopology, hostsOf, type Node, type Topology, topologyWarnings } from "../../topology";
import { anySettings } from "../configs/settings";
import { assertAllUnique, assertUnique } from "./support";

const of = (raw: RawSettings = {}) => buildTopology(parseSettings(raw, "dev"));
const names = ({ nodes }: Topology) => nodes.map(({ name }) => name);
const aliases = (topology: Topology, name: string) =>
  Object.fromEntries(hostsOf(topology, node(topology, name)).map(({ host, ip }) => [host, ip]));
const balancer = "172.28.0.11";

function node(topology: Topology, name: string): Node {
  const found = topology.nodes.find((candidate) => candidate.name === name);
  assert.ok(found, `no ${name} among ${names(topology).join(", ")}`);
  return found;
}

function ip(topology: Topology, host: string): string | undefined {
  return topology.hosts.find((alias) => alias.host === host)?.ip;
}

describe("topology: several nodes of a role", () => {
  const pair = of({ keyManagerReplicas: 2, publisherReplicas: 2, storeReplicas: 3 });

  it("each node has its own names, address and published port", () => {
    assert.deepEqual(
      pair.nodes.map(({ name, nodeHostName, address, publishedPort }) => [name, nodeHostName, address, publishedPort]),
      [
        ["keymanager-1", "keymanager-1.apim-wso2.com", "172.28.0.21", 9443],
        ["keymanager-2", "keymanager-2.apim-wso2.com", "172.28.0.22", 9453],
        ["gateway-1", "gateway-1.apim-wso2.com", "172.28.0.41", 9444],
        ["publisher-1", "publisher-1.apim-wso2.com", "172.28.0.61", 9445],
        ["publisher-2", "publisher-2.apim-wso2.com", "172.28.0.62", 9455],
        ["store-1", "store-1.apim-wso2.com", "172.28.0.81", 9446],
        ["store-2", "store-2.apim-wso2.com", "172.28.0.82", 9456],
        ["store-3", "store-3.apim-wso2.com", "172.28.0.83", 9466],
      ],
    );
  });

  it("the role's host name resolves to the balancer, which listens on the node's port; with one node, to the node", () => {
    assert.equal(ip(pair, "keymanager.apim-wso2.com"), balancer);
    assert.equal(ip(of(), "publisher.apim-wso2.com"), "172.28.0.61");
    assert.deepEqual(
      pair.balancer.internalRoutes
        .filter(({ role }) => role !== "gateway")
        .map(({ host, listenPort, tls, targets }) => [
          `${host}:${listenPort}`,
          tls,
          ...targets.map((target) => `${target.node}:${target.port}`),
        ]),
      [
        ["keymanager.apim-wso2.com:9443", true, "keymanager-1:9443", "keymanager-2:9443"],
        ["publisher.apim-wso2.com:9445", true, "publisher-1:9445", "publisher-2:9445"],
        ["store.apim-wso2.com:9446", true, "store-1:9446", "store-2:9446", "store-3:9446"],
      ],
    );
    const login = pair.links.find(({ from, element }) => from === "store-1" && element === "AuthManager/ServerURL");
    assert.deepEqual([login?.to, login?.host, login?.port], ["loadbalancer", "keymanager.apim-wso2.com", 9443]);
    assert.ok(of().balancer.internalRoutes.every(({ role }) => role === "gateway"));
  });

  it("routes: Publisher and Store are sticky, the Key Manager only with several nodes", () => {
    const sticky = (topology: Topology) =>
      topology.balancer.routes.filter((route) => route.sticky).map(({ name }) => name);
    assert.deepEqual(sticky(pair), ["keymanager", "publisher", "store"]);
    assert.deepEqual(sticky(of()), ["publisher", "store"]);
  });

  it("all Publishers and Stores are members of one cluster", () => {
    const members = pair.nodes.filter(({ role }) => role === "publisher" || role === "store");
    for (const member of members) {
      assert.equal(member.cluster?.domain, "wso2.pub.store.domain");
      const others = members.filter((other) => other !== member).map(({ address }) => address);
      assert.deepEqual(
        member.cluster?.members.map(({ host }) => host),
        others,
      );
    }
  });

  it("several Key Managers form a cluster with links between its members; a single one has no cluster", () => {
    assert.deepEqual(node(pair, "keymanager-2").cluster, {
      domain: "wso2.km.domain",
      localHost: "172.28.0.22",
      localPort: 4000,
      members: [{ host: "172.28.0.21", port: 4000 }],
    });
    assert.deepEqual(
      pair.links
        .filter(({ from, protocol }) => from === "keymanager-1" && protocol === "hazelcast")
        .map(({ to, why }) => [to, why]),
      [["keymanager-2", "no Key Manager issues a revoked token again"]],
    );
    assert.equal(node(of(), "keymanager-1").cluster, undefined);
  });

  it("a warning is returned if the nodes may open more connections than MySQL accepts, one for each MiB of memory", () => {
    assert.deepEqual(topologyWarnings(of()), []);
    const [warning = "", ...more] = topologyWarnings(pair);
    assert.deepEqual(more, []);
    const { databaseConnections } = pair;
    assert.match(
      warning,
      new RegExp(`may open ${databaseConnections} .* takes 512.*databaseMemory to ${databaseConnections}`),
    );
    const fewer = of({ keyManagerReplicas: 2, publisherReplicas: 2, storeReplicas: 3, poolMaxActive: 20 });
    assert.deepEqual(topologyWarnings(fewer), []);
  });

  it("keyValidatorClient auto: web service with several Key Managers, Thrift with one", () => {
    assert.equal(pair.keyValidatorClient, "WSClient");
    assert.ok(!pair.links.some(({ protocol }) => protocol === "thrift"));
    assert.equal(of().keyValidatorClient, "ThriftClient");
    assert.equal(of({ keyValidatorClient: "WSClient" }).keyValidatorClient, "WSClient");
  });
});

describe("topology: gateways", () => {
  it("replicas form one environment behind the balancer; a single gateway is behind it too", () => {
    const [one, three] = [of(), of({ gatewayReplicas: 3 })];
    assert.deepEqual(three.environments, one.environments);
    assert.deepEqual(
      three.environments.map(({ name, managementHost, managementPort, apiHost }) => [
        name,
        `${managementHost}:${managementPort}`,
        apiHost,
      ]),
      [["Production and Sandbox", "gateway.apim-wso2.com:9444", "gateway.apim-wso2.com"]],
    );
    for (const topology of [one, three]) {
      assert.equal(ip(topology, "gateway.apim-wso2.com"), balancer);
      assert.deepEqual(
        topology.balancer.internalRoutes.map(({ listenPort, tls }) => [listenPort, tls]),
        [
          [9444, true],
          [8244, true],
          [8281, false],
        ],
      );
      const revoke = topology.links.find(({ from, element }) => from === "keymanager-1" && element === "RevokeAPIURL");
      assert.deepEqual([revoke?.to, revoke?.port], ["loadbalancer", 8244]);
    }
  });

  it("API calls go to all gateways, management requests to the first one", () => {
    const { routes, internalRoutes } = of({ gatewayReplicas: 3 }).balancer;
    const ofGateways = [...routes, ...internalRoutes].filter(({ role }) => role === "gateway");
    for (const { targets } of ofGateways)
      assert.deepEqual(
        targets.map((target) => target.node),
        ["gateway-1", "gateway-2", "gateway-3"],
      );
    assert.deepEqual(
      ofGateways.map(({ name, traffic, firstOnly }) => [name, traffic, firstOnly]),
      [
        ["gateway", "management", true],
        ["api-https", "calls", false],
        ["api-http", "calls", false],
        ["internal-gateway-managementhttps", "management", true],
        ["internal-gateway-apihttps", "calls", false],
        ["internal-gateway-apihttp", "calls", false],
      ],
    );
    assert.ok(!of().balancer.routes.some(({ role, firstOnly }) => role !== "gateway" && firstOnly));
  });

  it("gateways of an environment share the volume with the APIs; with svn, each worker has its own", () => {
    const volumes = (raw: RawSettings) =>
      Object.fromEntries(
        of(raw)
          .nodes.filter(({ role }) => role === "gateway")
          .map((gateway) => [gateway.name, gateway.volumes.map(({ name }) => name).join()]),
      );
    const shared = "gateway-synapse-configs";
    assert.deepEqual(volumes({}), { "gateway-1": shared });
    assert.deepEqual(volumes({ gatewayReplicas: 2 }), { "gateway-1": shared, "gateway-2": shared });
    assert.deepEqual(volumes({ gatewayWorkers: 1 }), { "gateway-1": shared, "gateway-worker-1": shared });
    const svn = { deploymentSynchronizer: "svn", svnUrl: "http://svn/", svnUser: "apis", svnPassword: "x" };
    assert.deepEqual(volumes({ gatewayWorkers: 1, ...svn }), {
      "gateway-1": shared,
      "gateway-worker-1": "gateway-worker-1-synapse-configs",
    });
    assert.deepEqual(volumes({ gatewayEnvironments: "production,sandbox", multiTenancy: true }), {
      "gateway-1": `${shared},gateway-tenants`,
      "gateway-sandbox-1": "gateway-sandbox-synapse-configs,gateway-sandbox-tenants",
    });
  });

  it("several gateways of an environment form a cluster", () => {
    assert.equal(node(of({ gatewayEnvironments: "production,sandbox" }), "gateway-1").cluster, undefined);
    const two = of({ gatewayReplicas: 2 });
    assert.deepEqual(node(two, "gateway-2").cluster, {
      domain: "wso2.gateway.domain",
      localHost: "172.28.0.42",
      localPort: 4000,
      members: [{ host: "172.28.0.41", port: 4000 }],
    });
  });

  it("gateway environments have their own names, addresses, ports and routes", () => {
    const two = of({ gatewayEnvironments: "production, sandbox" });
    assert.deepEqual(
      two.environments.map(({ name, type, managementHost, apiHost }) => [name, type, managementHost, apiHost]),
      [
        ["Production", "production", "gateway.apim-wso2.com", "gateway.apim-wso2.com"],
        ["Sandbox", "sandbox", "sandbox-gateway.apim-wso2.com", "sandbox-gateway.apim-wso2.com"],
      ],
    );
    const sandbox = node(two, "gateway-sandbox-1");
    assert.deepEqual(
      [sandbox.address, sandbox.publishedPort, sandbox.nodeHostName, sandbox.ports.managementHttps],
      ["172.28.0.101", 9544, "sandbox-gateway-1.apim-wso2.com", 9444],
    );
    const hosts = two.balancer.routes
      .filter(({ listenPort }) => listenPort === 8243)
      .map(({ name, host }) => [name, host]);
    assert.deepEqual(hosts, [
      ["api-https", "gateway.apim-wso2.com"],
      ["api-https-sandbox", "sandbox-gateway.apim-wso2.com"],
    ]);
    assert.ok(two.certificateNames.includes("sandbox-gateway.apim-wso2.com"));
    assert.deepEqual(
      of({ gatewayEnvironments: "eu=production,us=production" }).environments.map(({ name, type }) => [name, type]),
      [
        ["eu", "production"],
        ["us", "production"],
      ],
    );
  });

  it("a manager and its workers form a cluster: APIs are deployed to the manager, calls go to the workers", () => {
    const split = of({ gatewayWorkers: 2 });
    const gateways = split.nodes.filter(({ role }) => role === "gateway");
    assert.deepEqual(
      gateways.map(({ name, profile, address, publishedPort }) => [name, profile, address, publishedPort]),
      [
        ["gateway-1", "gateway-manager", "172.28.0.41", 9444],
        ["gateway-worker-1", "gateway-worker", "172.28.0.42", 9454],
        ["gateway-worker-2", "gateway-worker", "172.28.0.43", 9464],
      ],
    );
    for (const { cluster } of gateways) {
      assert.equal(cluster?.domain, "wso2.gateway.domain");
      assert.equal(cluster?.members.length, 2);
    }
    assert.deepEqual(split.environments, of().environments);
    const targets = (name: string) =>
      [...split.balancer.routes, ...split.balancer.internalRoutes]
        .find((route) => route.name === name)
        ?.targets.map((target) => target.node);
    assert.deepEqual(targets("gateway"), ["gateway-1"]);
    assert.deepEqual(targets("api-http"), ["gateway-worker-1", "gateway-worker-2"]);
    assert.deepEqual(targets("internal-gateway-managementhttps"), ["gateway-1"]);
    assert.deepEqual(targets("internal-gateway-apihttps"), ["gateway-worker-1", "gateway-worker-2"]);
  });

  it("each gateway environment has its own cluster domain", () => {
    const both = of({ gatewayWorkers: 1, gatewayEnvironments: "production,sandbox" });
    assert.equal(node(both, "gateway-worker-1").cluster?.domain, "wso2.gateway.domain");
    const worker = node(both, "gateway-sandbox-worker-1");
    assert.equal(worker.cluster?.domain, "wso2.gateway.domain.sandbox");
    assert.deepEqual(worker.cluster?.members, [{ host: node(both, "gateway-sandbox-1").address, port: 4000 }]);
  });
});

describe("topology: adding nodes", () => {
  const steps: readonly (readonly [before: RawSettings, after: RawSettings])[] = [
    [{}, { gatewayReplicas: 3 }],
    [{}, { gatewayWorkers: 2 }],
    [{}, { keyManagerReplicas: 2 }],
    [{ keyManagerReplicas: 2 }, { keyManagerReplicas: 3 }],
    [{}, { publisherReplicas: 2, storeReplicas: 2 }],
    [{}, { gatewayEnvironments: "hybrid, sandbox" }],
  ];
  for (const [before, after] of steps)
    it(`${JSON.stringify(before)} -> ${JSON.stringify(after)}: existing nodes keep address, names and ports`, () => {
      const [old, now] = [of(before), of(after)];
      for (const { name, address, publishedPort, ports, hostName, nodeHostName } of old.nodes) {
        const same = node(now, name);
        assert.deepEqual(
          [same.address, same.publishedPort, same.ports, same.hostName, same.nodeHostName],
          [address, publishedPort, ports, hostName, nodeHostName],
        );
      }
    });

  for (const more of [{ gatewayReplicas: 3 }, { gatewayWorkers: 4 }])
    it(`${JSON.stringify(more)}: Key Manager, Publisher and Store keep their links and aliases`, () => {
      const [before, after] = [of(), of(more)];
      for (const name of ["keymanager-1", "publisher-1", "store-1"]) {
        assert.deepEqual(aliases(after, name), aliases(before, name));
        const linksOf = ({ links }: Topology) => links.filter(({ from }) => from === name);
        assert.deepEqual(linksOf(after), linksOf(before));
      }
      assert.deepEqual(aliases(after, "gateway-1"), aliases(before, "gateway-1"));
      assert.deepEqual(after.certificateNames, before.certificateNames);
    });

  it("a third Key Manager does not change the aliases of gateway, Publisher and Store", () => {
    const [two, three] = [of({ keyManagerReplicas: 2 }), of({ keyManagerReplicas: 3 })];
    for (const name of ["gateway-1", "publisher-1", "store-1"])
      assert.deepEqual(aliases(three, name), aliases(two, name));
  });
});

describe("topology: any settings", function () {
  this.timeout(60_000);
  it("names, addresses and ports are unique, and the target of every link resolves and listens", () => {
    fc.assert(
      fc.property(anySettings, (raw) => {
        const topology = of(raw);
        assertAllUnique(topology);
        assertUnique(names(topology));
        assertUnique(topology.environments.map(({ name }) => name));
        const { routes, internalRoutes } = topology.balancer;
        assertUnique([...routes, ...internalRoutes].map(({ name }) => name));
        assertUnique([...routes, ...internalRoutes].map(({ host, listenPort }) => `${host}:${listenPort}`));
        for (const link of topology.links) assertReachable(topology, link);
        for (const { hostName, nodeHostName } of topology.nodes)
          for (const name of [hostName, nodeHostName]) assert.ok(topology.certificateNames.includes(name), name);
      }),
      { numRuns: 60 },
    );
  });

  const addressOf = (server: Topology["databaseServer"]) => (server.external ? server.endpoint.host : server.address);

  /** Asserts that the aliases of the calling node resolve the link's host to the link's target, which listens on the port. */
  function assertReachable(topology: Topology, { from, to, host, port, protocol }: Topology["links"][number]): void {
    const { endpoint, external } = topology.databaseServer;
    // The host name of the user's own server is resolved by DNS, not by an alias.
    const isForeignName = protocol === "jdbc" && external && host === endpoint.host;
    const address = /^[\d.]+$/.test(host) || isForeignName ? host : aliases(topology, from)[host];
    const known = new Map<string, string>([
      ...topology.nodes.map(({ name, address: own }) => [name, own] as const),
      ...topology.databases.map(({ name }) => [name, addressOf(topology.databaseServer)] as const),
      [topology.balancer.name, topology.balancer.address],
    ]);
    assert.equal(address, known.get(to), `${from} -> ${to}: ${host}`);
    if (to === "loadbalancer") {
      const fronts = [...topology.balancer.routes, ...topology.balancer.internalRoutes];
      const isServed = fronts.some((route) => route.host === host && route.listenPort === port && route.tls);
      assert.ok(isServed, `${from}: the balancer has no ${host}:${port}`);
    } else if (protocol === "https") assert.ok(Object.values(node(topology, to).ports).includes(port));
  }
});
