import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSettings, type RawSettings } from "../settings";
import { buildTopology, hostsOf, type Node, type Topology } from "../topology";
import { anySettings } from "./configs/settings";
import { assertNothingTwice, assertUnique } from "./topologySupport";

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

describe("topology: several of a role", () => {
  const pair = of({ keyManagerReplicas: 2, publisherReplicas: 2, storeReplicas: 3 });

  it("has each node under its own name, at its own address and published port", () => {
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

  it("leads the role's name to the balancer, on the same port, and a single node's name to the node", () => {
    assert.equal(ip(pair, "keymanager.apim-wso2.com"), balancer);
    assert.equal(ip(pair, "gateway.apim-wso2.com"), "172.28.0.41");
    assert.deepEqual(
      pair.balancer.internalRoutes.map(({ host, listenPort, tls, targets }) => [
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
    assert.deepEqual(of().balancer.internalRoutes, []);
  });

  it("keeps a session on one of several consoles", () => {
    const sticky = (topology: Topology) =>
      topology.balancer.routes.filter((route) => route.sticky).map(({ name }) => name);
    assert.deepEqual(sticky(pair), ["keymanager", "publisher", "store"]);
    assert.deepEqual(sticky(of()), ["publisher", "store"]);
  });

  it("starts all that share userdb in one row", () => {
    assert.deepEqual(
      pair.nodes.map(({ name, startsAfter }) => [name, ...startsAfter]),
      [
        ["keymanager-1"],
        ["keymanager-2", "keymanager-1"],
        ["gateway-1"],
        ["publisher-1", "keymanager-2"],
        ["publisher-2", "publisher-1"],
        ["store-1", "publisher-2"],
        ["store-2", "store-1"],
        ["store-3", "store-2"],
      ],
    );
  });

  it("makes all Publishers and Stores members of one cluster", () => {
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

  it("validates keys by web service with several Key Managers, by Thrift with one", () => {
    assert.equal(pair.features.keyValidatorClient, "WSClient");
    assert.ok(!pair.links.some(({ protocol }) => protocol === "thrift"));
    assert.equal(of().features.keyValidatorClient, "ThriftClient");
    assert.equal(of({ keyValidatorClient: "WSClient" }).features.keyValidatorClient, "WSClient");
  });
});

describe("topology: gateways", () => {
  it("beside each other are environments of their own for whoever deploys, and one for callers", () => {
    const three = of({ gatewayReplicas: 3 });
    assert.deepEqual(
      three.environments.map(({ name, target, managementHost, managementPort, apiHost }) => [
        name,
        target,
        `${managementHost}:${managementPort}`,
        apiHost,
      ]),
      [1, 2, 3].map((index) => [
        index === 1 ? "Production and Sandbox" : `Production and Sandbox ${index}`,
        `gateway-${index}`,
        `gateway-${index}.apim-wso2.com:9444`,
        "gateway.apim-wso2.com",
      ]),
    );
    const route = three.balancer.routes.find(({ name }) => name === "api-https");
    assert.deepEqual(
      route?.targets.map((target) => target.node),
      ["gateway-1", "gateway-2", "gateway-3"],
    );
    assert.equal(ip(three, "gateway.apim-wso2.com"), balancer);
    assert.deepEqual(
      three.balancer.internalRoutes.map(({ listenPort, tls }) => [listenPort, tls]),
      [
        [9444, true],
        [8244, true],
        [8281, false],
      ],
    );
    const revoke = three.links.find(({ from, element }) => from === "keymanager-1" && element === "RevokeAPIURL");
    assert.deepEqual([revoke?.to, revoke?.port], ["loadbalancer", 8244]);
  });

  it("of several environments have names, addresses, ports and routes of their own", () => {
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

  it("are manager and workers of one cluster: APIs go to the manager, calls to the workers", () => {
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
      split.balancer.routes.find((route) => route.name === name)?.targets.map((target) => target.node);
    assert.deepEqual(targets("gateway"), ["gateway-1"]);
    assert.deepEqual(targets("api-http"), ["gateway-worker-1", "gateway-worker-2"]);
    assert.equal(ip(split, "gateway.apim-wso2.com"), "172.28.0.41");
  });

  it("of each environment have a cluster domain of their own", () => {
    const both = of({ gatewayWorkers: 1, gatewayEnvironments: "production,sandbox" });
    assert.equal(node(both, "gateway-worker-1").cluster?.domain, "wso2.gateway.domain");
    const worker = node(both, "gateway-sandbox-worker-1");
    assert.equal(worker.cluster?.domain, "wso2.gateway.domain.sandbox");
    assert.deepEqual(worker.cluster?.members, [{ host: node(both, "gateway-sandbox-1").address, port: 4000 }]);
  });
});

describe("topology: what a further node leaves alone", () => {
  const steps: readonly (readonly [before: RawSettings, after: RawSettings])[] = [
    [{}, { gatewayReplicas: 3 }],
    [{}, { gatewayWorkers: 2 }],
    [{}, { keyManagerReplicas: 2 }],
    [{ keyManagerReplicas: 2 }, { keyManagerReplicas: 3 }],
    [{}, { publisherReplicas: 2, storeReplicas: 2 }],
    [{}, { gatewayEnvironments: "hybrid, sandbox" }],
  ];
  for (const [before, after] of steps)
    it(`${JSON.stringify(before)} -> ${JSON.stringify(after)}: no other node's address, names or ports`, () => {
      const [old, now] = [of(before), of(after)];
      for (const { name, address, publishedPort, ports, hostName, nodeHostName } of old.nodes) {
        const same = node(now, name);
        assert.deepEqual(
          [same.address, same.publishedPort, same.ports, same.hostName, same.nodeHostName],
          [address, publishedPort, ports, hostName, nodeHostName],
        );
      }
    });

  it("with three gateways for one, the first one has the same host aliases, and the certificate the same names", () => {
    const [one, three] = [of(), of({ gatewayReplicas: 3 })];
    assert.deepEqual(aliases(three, "gateway-1"), aliases(one, "gateway-1"));
    assert.deepEqual(three.certificateNames, one.certificateNames);
    assert.notDeepEqual(aliases(three, "publisher-1"), aliases(one, "publisher-1"));
  });

  it("with workers for a manager, who deploys and who revokes has the same links and aliases", () => {
    const [one, split] = [of(), of({ gatewayWorkers: 4 })];
    for (const name of ["keymanager-1", "publisher-1", "store-1"]) {
      assert.deepEqual(aliases(split, name), aliases(one, name));
      const linksOf = ({ links }: Topology) => links.filter(({ from }) => from === name);
      assert.deepEqual(linksOf(split), linksOf(one));
    }
    assert.deepEqual(split.certificateNames, one.certificateNames);
  });

  it("a third Key Manager concerns no gateway, Publisher or Store", () => {
    const [two, three] = [of({ keyManagerReplicas: 2 }), of({ keyManagerReplicas: 3 })];
    for (const name of ["gateway-1", "publisher-1", "store-1"])
      assert.deepEqual(aliases(three, name), aliases(two, name));
  });
});

describe("topology: any settings", function () {
  this.timeout(60_000);
  it("never give a name, address or port twice, and every link leads to what its node can find", () => {
    fc.assert(
      fc.property(anySettings, (raw) => {
        const topology = of(raw);
        assertNothingTwice(topology);
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

  /** The node's own aliases lead the host to whom the link says, and that one listens there. */
  function assertReachable(topology: Topology, { from, to, host, port, protocol }: Topology["links"][number]): void {
    const { endpoint, external } = topology.databaseServer;
    // The name of a server that is none of ours leads where the network's own name service says.
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
