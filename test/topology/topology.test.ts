import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSettings } from "../../plan/settings";
import type { DatabaseName } from "../../product/databases";
import type { Role } from "../../product/roles";
import type { RawSettings } from "../../settings";
import { buildTopology, hostAddress, type Topology } from "../../topology";
import { assertAllUnique } from "./support";

const standard = buildTopology(parseSettings({}, "dev"));

function node(topology: Topology, role: Role) {
  const found = topology.nodes.find((candidate) => candidate.role === role);
  assert.ok(found, `no ${role}`);
  return found;
}

describe("topology: one node of each role", () => {
  it("nodes have the port offsets and ports of the WSO2 guide", () => {
    assert.deepEqual(
      standard.nodes.map(({ role, offset, ports }) => [role, offset, ports.managementHttps]),
      [
        ["keyManager", 0, 9443],
        ["gateway", 1, 9444],
        ["publisher", 2, 9445],
        ["store", 3, 9446],
      ],
    );
    assert.equal(node(standard, "gateway").ports.apiHttps, 8244);
    assert.equal(node(standard, "keyManager").ports.thrift, 10397);
  });

  it("each role has the databases of the WSO2 guide's table, and accounts for exactly these", () => {
    const table: Record<Role, DatabaseName[]> = {
      keyManager: ["apimgtdb", "userdb"],
      gateway: [],
      publisher: ["apimgtdb", "userdb", "regdb"],
      store: ["apimgtdb", "userdb", "regdb"],
    };
    for (const { role, databases, databaseUsers } of standard.nodes) {
      assert.deepEqual(databases, table[role], role);
      assert.deepEqual(
        databaseUsers.flatMap((user) => user.databases),
        table[role],
        role,
      );
    }
    assert.deepEqual(
      standard.databaseUsers.map(({ name }) => name),
      ["apim_keymanager", "apim_gateway", "apim_publisher", "apim_store", "apim_registry"],
    );
  });

  it("nodes that mount the registry share one account, since the product's cache key is account and URL", () => {
    const accounts = standard.nodes
      .filter(({ databases }) => databases.includes("regdb"))
      .map(({ databaseUsers }) => databaseUsers.find(({ databases }) => databases.includes("regdb"))?.name);
    assert.deepEqual(accounts, ["apim_registry", "apim_registry"]);
  });

  it("databaseHost: an address gets host aliases; a host name is used in the JDBC URLs", () => {
    const of = (more: RawSettings) =>
      buildTopology(parseSettings({ databaseAdminPassword: "x", databaseServerPort: 3307, ...more }, "dev"));
    const toDatabases = ({ links, nodes: [keyManager] }: Topology) =>
      links.filter(({ from, protocol }) => from === keyManager?.name && protocol === "jdbc");
    const aliases = ({ hosts }: Topology) => hosts.filter(({ host }) => host.includes("mysql") || host.includes("db."));
    const byAddress = of({ databaseHost: "192.0.2.7" });
    assert.deepEqual(
      aliases(byAddress).map(({ host, ip }) => `${host} ${ip}`),
      ["apimgtdb", "userdb", "regdb"].map((name) => `${name}.mysql-wso2.com 192.0.2.7`),
    );
    assert.deepEqual(
      toDatabases(byAddress).map(({ host, port }) => `${host}:${port}`),
      ["apimgtdb.mysql-wso2.com:3307", "userdb.mysql-wso2.com:3307"],
    );
    const byName = of({ databaseHost: "db.example.com", databasePrefix: "prod-", databaseUserPrefix: "prod_" });
    assert.deepEqual(aliases(byName), []);
    assert.deepEqual(
      toDatabases(byName).map(({ host, port }) => `${host}:${port}`),
      ["db.example.com:3307", "db.example.com:3307"],
    );
    assert.deepEqual(
      byName.databases.map(({ schema }) => schema),
      ["prod-apimgtdb", "prod-userdb", "prod-regdb"],
    );
    assert.deepEqual(
      byName.nodes.map(({ databaseUsers }) => databaseUsers.map(({ name }) => name)),
      [["prod_keymanager"], [], ["prod_publisher", "prod_registry"], ["prod_store", "prod_registry"]],
    );
    assert.deepEqual(byName.databaseServer.endpoint, { host: "db.example.com", port: 3307 });
  });

  it("multiTenancy: gateway and Key Manager use more databases", () => {
    const tenants = buildTopology(parseSettings({ multiTenancy: true }, "dev"));
    assert.deepEqual(node(tenants, "gateway").databases, ["userdb", "regdb"]);
    assert.deepEqual(node(tenants, "keyManager").databases, ["apimgtdb", "userdb", "regdb"]);
  });

  it("nodes that share userdb wait for each other; the gateway only with multiTenancy", () => {
    const order = (topology: Topology) => topology.nodes.map(({ name, startsAfter }) => [name, ...startsAfter]);
    assert.deepEqual(order(standard), [
      ["keymanager-1"],
      ["gateway-1"],
      ["publisher-1", "keymanager-1"],
      ["store-1", "publisher-1"],
    ]);
    assert.deepEqual(order(buildTopology(parseSettings({ multiTenancy: true }, "dev"))), [
      ["keymanager-1"],
      ["gateway-1", "keymanager-1"],
      ["publisher-1", "gateway-1"],
      ["store-1", "publisher-1"],
    ]);
  });

  it("Publisher and Store form a cluster; each lists only the other as a member", () => {
    const [publisher, store] = [node(standard, "publisher"), node(standard, "store")];
    assert.equal(publisher.cluster?.domain, "wso2.pub.store.domain");
    assert.deepEqual(publisher.cluster?.members, [{ host: store.address, port: 4000 }]);
    assert.deepEqual(store.cluster?.members, [{ host: publisher.address, port: 4000 }]);
    assert.equal(publisher.cluster?.localHost, publisher.address);
    assert.equal(node(standard, "gateway").cluster, undefined);
  });

  it("the links of the WSO2 guide exist; the gateway has none to a database, and WSClient none over Thrift", () => {
    const links = standard.links.map(
      ({ from, to, protocol, host, port }) => `${from} ${to} ${protocol}://${host}:${port}`,
    );
    for (const wanted of [
      "keymanager-1 apimgtdb jdbc://apimgtdb.mysql-wso2.com:3306",
      "gateway-1 keymanager-1 https://keymanager.apim-wso2.com:9443",
      "gateway-1 keymanager-1 thrift://keymanager.apim-wso2.com:10397",
      "keymanager-1 loadbalancer https://gateway.apim-wso2.com:8244",
      "publisher-1 loadbalancer https://gateway.apim-wso2.com:9444",
      "publisher-1 store-1 hazelcast://172.28.0.81:4000",
      "store-1 publisher-1 hazelcast://172.28.0.61:4000",
      "store-1 regdb jdbc://regdb.mysql-wso2.com:3306",
    ]) {
      assert.ok(links.includes(wanted), `missing: ${wanted}\n${links.join("\n")}`);
    }
    assert.ok(!links.some((link) => link.startsWith("gateway-1") && link.includes("jdbc")));
    const web = buildTopology(parseSettings({ keyValidatorClient: "WSClient" }, "dev"));
    assert.ok(!web.links.some(({ protocol }) => protocol === "thrift"));
  });

  it("the balancer routes each host name to its role; only the web applications are sticky", () => {
    assert.deepEqual(
      standard.balancer.routes.map(({ name, sticky, targets }) => [
        name,
        sticky !== undefined,
        ...targets.map(({ node, port }) => `${node}:${port}`),
      ]),
      [
        ["keymanager", false, "keymanager-1:9443"],
        ["gateway", false, "gateway-1:9444"],
        ["publisher", true, "publisher-1:9445"],
        ["store", true, "store-1:9446"],
        ["api-https", false, "gateway-1:8244"],
        ["api-http", false, "gateway-1:8281"],
      ],
    );
  });

  const subnets = fc
    .tuple(fc.constantFrom("10.7", "172.16", "172.31", "192.168"), fc.integer({ min: 0, max: 255 }))
    .map(([start, third]) => `${start}.${third}.0/24`);
  const settings = fc.record({
    networkSubnet: subnets,
    multiTenancy: fc.boolean(),
    keyValidatorClient: fc.constantFrom("ThriftClient", "WSClient"),
    portOffsets: fc.constantFrom("standard", "none"),
  });

  it("names, addresses and published ports are unique, and the host of every link has an alias", () => {
    fc.assert(
      fc.property(settings, (raw) => {
        const topology = buildTopology(parseSettings(raw, "dev"));
        assertAllUnique(topology);
        const names = new Set<string>([
          ...topology.nodes.map(({ name }) => name),
          ...topology.databases.map(({ name }) => name),
          topology.balancer.name,
        ]);
        for (const { to, host } of topology.links) {
          assert.ok(names.has(to), to);
          const known = topology.hosts.some((alias) => alias.host === host || alias.ip === host);
          assert.ok(known, `${host} has no alias`);
        }
        for (const { hostName } of topology.nodes) assert.ok(topology.certificateNames.includes(hostName));
      }),
    );
  });

  it("nodes and MySQL are published on the loopback address unless managementAddress is set", () => {
    const addresses = (raw: RawSettings) => {
      const topology = buildTopology(parseSettings(raw, "dev"));
      const { publishAddress, managementAddress, reachableAddress, reachableManagementAddress } = topology;
      assert.equal(topology.databaseServer.endpoint.host, reachableManagementAddress);
      for (const address of ["127.0.0.1", reachableAddress, reachableManagementAddress])
        assert.ok(topology.certificateNames.includes(address), address);
      return [publishAddress, managementAddress, reachableAddress, reachableManagementAddress].join(" ");
    };
    assert.equal(addresses({}), "127.0.0.1 127.0.0.1 127.0.0.1 127.0.0.1");
    assert.equal(addresses({ publishAddress: "127.0.0.2" }), "127.0.0.2 127.0.0.2 127.0.0.2 127.0.0.2");
    assert.equal(addresses({ publishAddress: "0.0.0.0" }), "0.0.0.0 127.0.0.1 127.0.0.1 127.0.0.1");
    assert.equal(addresses({ publishAddress: "192.0.2.7" }), "192.0.2.7 127.0.0.1 192.0.2.7 127.0.0.1");
    assert.equal(addresses({ managementAddress: "192.0.2.7" }), "127.0.0.1 192.0.2.7 127.0.0.1 192.0.2.7");
    assert.equal(
      addresses({ publishAddress: "192.0.2.7", managementAddress: "0.0.0.0" }),
      "192.0.2.7 0.0.0.0 192.0.2.7 127.0.0.1",
    );
  });

  it("hostAddress counts across octets", () => {
    assert.equal(hostAddress("10.0.0.0/16", 300), "10.0.1.44");
    assert.equal(hostAddress("192.168.5.0/24", 10), "192.168.5.10");
  });
});
