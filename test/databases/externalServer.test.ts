import assert from "node:assert/strict";
import { busiestAccount, checkExternalServer } from "../../databases/externalServer";
import { parseSettings } from "../../plan/settings";
import { buildTopology } from "../../topology";
import { FakeServers, password } from "./fakeServer";

describe("checkExternalServer", () => {
  const servers = new FakeServers();
  after(() => servers.close());

  it("gives up on a server that accepts the connection and then does not answer", async () => {
    const { host, port } = await servers.other((socket) => {
      const greeting = Buffer.concat([
        Buffer.from([10]),
        Buffer.from("8.4.3\0"),
        Buffer.from([1, 0, 0, 0]),
        Buffer.from("8 bytes.\0"),
        Buffer.from([0xff, 0xf7, 33, 2, 0, 0xff, 0x81, 21]),
        Buffer.alloc(10),
        Buffer.from("12 bytes....\0mysql_native_password\0"),
      ]);
      socket.write(Buffer.concat([Buffer.from([greeting.length, 0, 0, 0]), greeting]));
    });
    const settings = parseSettings({ databaseHost: "db.example.com", databaseAdminPassword: password }, "dev");
    const { databaseServer, ...topology } = buildTopology(settings);
    const there = { ...topology, databaseServer: { ...databaseServer, endpoint: { host, port } } };
    await assert.rejects(
      checkExternalServer(there, password, 500),
      new RegExp(
        `MySQL server ${host}:${port} .*: it accepted the connection but did not answer within 0\\.5 s; check its load`,
      ),
    );
  });

  it("the account that most data sources use is the registry's, which nodes of several roles share", () => {
    const topologyOf = (settings: object) => buildTopology(parseSettings({ poolMaxActive: 10, ...settings }, "dev"));
    const { nodes } = topologyOf({ storeReplicas: 3 });
    const onRegistry = nodes.filter(({ databases }) => databases.includes("regdb")).length;
    assert.ok(onRegistry >= 4);
    assert.equal(busiestAccount(topologyOf({ storeReplicas: 3 })), 10 * Math.max(onRegistry, 3 * 2));
  });
});
