import assert from "node:assert/strict";
import fc from "fast-check";
import { deployedTopology } from "../../cli/deployedStack";
import { parseSettings } from "../../plan/settings";
import type { RawSettings } from "../../settings";
import { differingSettings } from "../../settings/derived";
import { buildTopology, fingerprint, hostsOf, type Machines, managementAccess, managementUrl } from "../../topology";
import { anySettings } from "../configs/settings";
import { assertUnique } from "./support";

const registry = "registry.example.com:5000";
const swarm: RawSettings = { platform: "swarm", imageRegistry: registry, sharedDirectory: "/mnt/apim" };
const several: RawSettings = { gatewayReplicas: 2, keyManagerReplicas: 2, publisherReplicas: 2 };
const machines: Machines = {
  architecture: "arm64",
  balancers: ["192.0.2.1", "192.0.2.2"],
  database: "192.0.2.3",
  names: ["one", "two", "three"],
};
const of = (raw: RawSettings = {}, found?: Machines) => buildTopology(parseSettings(raw, "dev"), undefined, found);

describe("topology: the same settings on one Docker engine and on a swarm", () => {
  for (const raw of [{}, several, { gatewayWorkers: 2, gatewayEnvironments: "hybrid, sandbox" }]) {
    const [one, other] = [of(raw), of({ ...swarm, ...raw })];
    const title = JSON.stringify(raw);

    it(`${title}: nodes, ports, start order, links and databases are the same`, () => {
      const common = ({ nodes }: typeof one) =>
        nodes.map(({ name, role, hostName, nodeHostName, ports, databases, startsAfter, volumes }) => ({
          ...{ name, role, hostName, nodeHostName, ports, databases, startsAfter, volumes },
        }));
      assert.deepEqual(common(other), common(one));
      assert.deepEqual(other.startOrder, one.startOrder);
      assert.deepEqual(other.databases, one.databases);
      assert.deepEqual(other.environments, one.environments);
      assert.deepEqual(
        other.links.filter(({ protocol }) => protocol !== "hazelcast"),
        one.links.filter(({ protocol }) => protocol !== "hazelcast"),
      );
    });

    it(`${title}: what host aliases answer on one engine, the network's name server answers on a swarm`, () => {
      assert.ok(one.hosts.length > 0);
      assert.deepEqual(other.hosts, []);
      const nameOf = new Map(
        [...other.nodes, other.balancer, other.databaseServer].flatMap((server) => {
          if (!("address" in server)) return [];
          return [server.address, ...server.aliases].map((alias) => [alias, server.name] as const);
        }),
      );
      const addressOf = new Map(
        [...one.nodes, one.balancer, one.databaseServer].flatMap((server) =>
          "address" in server ? [[server.address, server.name] as const] : [],
        ),
      );
      for (const { host, ip } of one.hosts) assert.equal(nameOf.get(host), addressOf.get(ip), host);
      assertUnique([...other.nodes, other.balancer].flatMap(({ address, aliases }) => [address, ...aliases]));
    });

    it(`${title}: a node that is alone finds its host name itself, before others find it`, () => {
      for (const node of other.nodes) {
        const isAlone = node.aliases.includes(node.hostName);
        assert.deepEqual(hostsOf(other, node), isAlone ? [{ host: node.hostName, ip: "127.0.0.1" }] : []);
      }
    });

    it(`${title}: cluster members are the nodes' own names`, () => {
      const nameOf = new Map(one.nodes.map(({ address, nodeHostName }) => [address, nodeHostName]));
      for (const [position, { cluster }] of other.nodes.entries()) {
        const expected = one.nodes[position]?.cluster;
        assert.equal(cluster?.domain, expected?.domain);
        assert.equal(cluster?.localHost, expected && nameOf.get(expected.localHost));
        assert.deepEqual(
          cluster?.members,
          expected?.members.map(({ host, port }) => ({ host: nameOf.get(host), port })),
        );
      }
    });
  }

  it("one Docker engine has neither aliases nor constraints, and one load balancer", () => {
    const { nodes, balancer, databaseServer, network, architecture } = of(several);
    for (const { aliases, constraints } of [...nodes, balancer]) assert.deepEqual([aliases, constraints], [[], []]);
    assert.ok(!databaseServer.external);
    assert.deepEqual([databaseServer.aliases, databaseServer.constraints], [[], []]);
    assert.deepEqual([balancer.replicas, network.driver, architecture], [1, "bridge", "amd64"]);
    assert.deepEqual(
      balancer.routes.filter(({ forwardedHost }) => forwardedHost !== undefined),
      [],
    );
  });
});

describe("topology: a swarm", () => {
  const topology = of({ ...swarm, ...several, balancerReplicas: 2 }, machines);

  it("has an overlay network, on which servers have host names", () => {
    assert.equal(topology.network.driver, "overlay");
    for (const { address, nodeHostName } of topology.nodes) assert.equal(address, nodeHostName);
    assert.equal(topology.balancer.address, "loadbalancer");
    assert.equal(!topology.databaseServer.external && topology.databaseServer.address, "mysql");
    assert.equal(topology.architecture, "arm64");
  });

  it("publishes the load balancer's ports and MySQL's, and no management port", () => {
    assert.deepEqual([topology.publishAddress, topology.managementAddress], ["0.0.0.0", "0.0.0.0"]);
    for (const node of topology.nodes) assert.equal(node.publishedPort, undefined);
    assert.equal(!topology.databaseServer.external && topology.databaseServer.publishedPort, 23306);
  });

  it("places MySQL and load balancers by labels, other nodes anywhere, gateways where their APIs are", () => {
    const placed = (raw: RawSettings) => {
      const { nodes, balancer, databaseServer } = of({ ...swarm, ...raw });
      const ofRole = (role: string) => nodes.find((node) => node.role === role)?.constraints;
      return {
        mysql: !databaseServer.external && databaseServer.constraints,
        balancer: balancer.constraints,
        gateway: ofRole("gateway"),
        store: ofRole("store"),
      };
    };
    const byLabel = { mysql: ["node.labels.apim.mysql == true"], balancer: ["node.labels.apim.loadbalancer == true"] };
    assert.deepEqual(placed({}), { ...byLabel, gateway: [], store: [] });
    const onOne = ["node.labels.apim.gateway == true"];
    assert.deepEqual(placed({ sharedDirectory: "" }), { ...byLabel, gateway: onOne, store: [] });
    const set = {
      databasePlacement: "node.hostname==db",
      balancerPlacement: "node.role == worker,node.labels.edge!=no",
      gatewayPlacement: "node.hostname == gw",
      nodePlacement: "node.hostname != db",
    };
    assert.deepEqual(placed(set), {
      mysql: ["node.hostname == db"],
      balancer: ["node.role == worker", "node.labels.edge != no"],
      gateway: ["node.hostname == gw"],
      store: ["node.hostname != db"],
    });
  });

  it("nodeSpread: the nodes of a role, or of an environment, get the values in turn; a single node gets none", () => {
    const { nodes } = of({
      ...swarm,
      nodeSpread: "node.labels.zone==a,b",
      nodePlacement: "node.role == worker",
      gatewayEnvironments: "production, sandbox",
      gatewayReplicas: 1,
      gatewayWorkers: 2,
      keyManagerReplicas: 3,
      deploymentSynchronizer: "svn",
      svnUrl: "https://svn.example.org/apis",
      svnUser: "apis",
      svnPassword: "x",
    });
    const [a, b] = ["node.labels.zone == a", "node.labels.zone == b"];
    const worker = "node.role == worker";
    assert.deepEqual(Object.fromEntries(nodes.map(({ name, constraints }) => [name, constraints])), {
      "keymanager-1": [worker, a],
      "keymanager-2": [worker, b],
      "keymanager-3": [worker, a],
      "gateway-1": [a],
      "gateway-worker-1": [b],
      "gateway-worker-2": [a],
      "gateway-sandbox-1": [a],
      "gateway-sandbox-worker-1": [b],
      "gateway-sandbox-worker-2": [a],
      "publisher-1": [worker],
      "store-1": [worker],
    });
    for (const node of of({ ...swarm, keyManagerReplicas: 2 }).nodes) assert.deepEqual(node.constraints, []);
  });

  it("balancerReplicas: so many load balancers", () => {
    assert.equal(topology.balancer.replicas, 2);
    assert.equal(of(swarm).balancer.replicas, 1);
  });

  it("reaches the management port of each node through the load balancer, under the node's own name", () => {
    for (const node of topology.nodes) {
      const [route, ...others] = topology.balancer.routes.filter(({ host }) => host === node.nodeHostName);
      assert.deepEqual([route?.name, others], [`node-${node.name}`, []]);
      assert.equal(route?.forwardedHost, node.hostName);
      assert.deepEqual(route?.targets, [
        { node: node.name, address: node.nodeHostName, port: node.ports.managementHttps },
      ]);
      const access = { address: "192.0.2.1", port: 8443, host: node.nodeHostName };
      assert.deepEqual(managementAccess(topology, node), access);
      assert.equal(managementUrl(topology, node), `https://${node.nodeHostName}:8443`);
      assert.ok(topology.certificateNames.includes(node.nodeHostName));
    }
  });

  it("reaches the management port of gateway workers too", () => {
    const { nodes, balancer } = of({ ...swarm, gatewayWorkers: 2 });
    const hosts = balancer.routes.filter(({ forwardedHost }) => forwardedHost).map(({ host }) => host);
    assert.deepEqual(
      hosts,
      nodes.map(({ nodeHostName }) => nodeHostName),
    );
  });

  it("on one Docker engine, nodes are reached at their published ports", () => {
    const docker = of();
    const [node] = docker.nodes;
    assert.ok(node);
    assert.deepEqual(managementAccess(docker, node), { address: "127.0.0.1", port: 9443, host: node.hostName });
    assert.equal(managementUrl(docker, node), "https://127.0.0.1:9443");
  });

  it("is reached at the machines of load balancers and MySQL; without machines, at this one", () => {
    const { reachableAddress, reachableManagementAddress, furtherAddresses, databaseServer } = topology;
    assert.deepEqual([reachableAddress, reachableManagementAddress], ["192.0.2.1", "192.0.2.1"]);
    assert.deepEqual(furtherAddresses, ["192.0.2.2"]);
    assert.deepEqual(databaseServer.endpoint, { host: "192.0.2.3", port: 23306 });
    const unknown = of(swarm);
    assert.deepEqual([unknown.reachableAddress, unknown.furtherAddresses], ["127.0.0.1", []]);
    assert.equal(unknown.databaseServer.endpoint.host, "127.0.0.1");
  });

  it("has a certificate that no other machine and no further node changes", () => {
    const certificate = (raw: RawSettings, found?: Machines) => of({ ...swarm, ...raw }, found).certificateNames;
    const names = certificate({});
    assert.deepEqual(certificate({}, machines), names);
    assert.deepEqual(certificate({ storeReplicas: 8, gatewayWorkers: 8 }), [...names]);
    assert.ok(certificate({ storeReplicas: 9 }).includes("store-9.apim-wso2.com"));
    assert.deepEqual(certificate({ storeReplicas: 9 }), certificate({ storeReplicas: 16 }));
  });

  it("databaseHost: an address gets host aliases, since no name server of the network knows it", () => {
    const { hosts, databaseServer } = of({ ...swarm, databaseHost: "192.0.2.7", databaseAdminPassword: "x" });
    assert.ok(databaseServer.external);
    assert.deepEqual(
      hosts.map(({ host, ip }) => `${host} ${ip}`),
      ["apimgtdb", "userdb", "regdb"].map((name) => `${name}.mysql-wso2.com 192.0.2.7`),
    );
  });

  it("follows from the settings and machines in the stack's outputs", () => {
    const settings = parseSettings({ ...swarm, ...several }, "dev");
    const built = buildTopology(settings, undefined, machines);
    const outputs = { settings: differingSettings(settings), layout: fingerprint(built), machines };
    assert.deepEqual(deployedTopology(outputs, "dev"), built);
    assert.notEqual(fingerprint(built), fingerprint(of(several)));
  });

  it("any settings: every link leads to a name that some server answers", () => {
    fc.assert(
      fc.property(anySettings, (raw) => {
        const { managementPort: _, ...rest } = raw;
        const built = of({ ...swarm, ...rest }, machines);
        const { nodes, balancer, databaseServer, hosts, links } = built;
        const servers = [...nodes, balancer, ...(databaseServer.external ? [] : [databaseServer])];
        const known = new Set([
          ...servers.flatMap(({ address, aliases }) => [address, ...aliases]),
          ...hosts.map(({ host }) => host),
          ...(databaseServer.external ? [databaseServer.endpoint.host] : []),
        ]);
        for (const { host, id } of links) assert.ok(known.has(host), `${id}: ${host}`);
        assertUnique(servers.map(({ address }) => address));
      }),
      { numRuns: 30 },
    );
  });
});
