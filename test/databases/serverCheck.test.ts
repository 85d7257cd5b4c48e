import assert from "node:assert/strict";
import net, { Socket } from "node:net";
import type { Server } from "../../databases/server";
import { checkServer, type Requirements } from "../../databases/serverCheck";
import { FakeServers, password } from "./fakeServer";

const required: Requirements = {
  databases: [{ schema: "apimgtdb", characterSet: "latin1", collation: "latin1_swedish_ci" }],
  databasesExist: false,
  connections: 400,
  connectionsOfAccount: 250,
};

describe("check of the user's own MySQL server", function () {
  this.timeout(10_000);
  const servers = new FakeServers();
  after(() => servers.close());

  async function faultOf(server: Server, more: Partial<Requirements> = {}): Promise<string> {
    const before = Date.now();
    const error = await checkServer(server, { ...required, ...more }, 700).then(
      () => assert.fail("expected a fault, found none"),
      (reason: Error) => reason,
    );
    assert.ok(Date.now() - before < 6000);
    assert.ok(!error.message.includes(password), error.message);
    assert.ok(error.message.includes(`127.0.0.1:${server.port} (wso2-apim:databaseHost, databaseServerPort)`));
    return error.message;
  }

  it("a suitable server has no faults", async () => {
    assert.deepEqual(await checkServer(await servers.mysql(), required), []);
    assert.deepEqual(await checkServer(await servers.mysql({ version: "10.9.8-MariaDB-1" }), required), []);
  });

  it("max_connections below what the nodes may open is a warning", async () => {
    const [warning = "", ...more] = await checkServer(await servers.mysql({ connections: 151 }), required);
    assert.match(warning, /may open 400 connections .* the server accepts only 151: raise max_connections, or set/);
    assert.deepEqual(more, []);
  });

  it("max_user_connections below what the nodes may open with one account is a warning", async () => {
    const server = await servers.mysql({ variables: { max_user_connections: "100" } });
    const [warning = "", ...more] = await checkServer(server, required);
    assert.match(warning, /may open 250 connections with one account .* only 100: raise max_user_connections, or set/);
    assert.deepEqual(more, []);
    for (const limit of ["0", "250"])
      assert.deepEqual(
        await checkServer(await servers.mysql({ variables: { max_user_connections: limit } }), required),
        [],
      );
  });

  it("a limit of the administrator's own connections is a fault, with the statement for its place", async () => {
    const ofAccount = await faultOf(await servers.mysql({ ownLimit: 3 }));
    assert.match(ofAccount, /found 3; run .*: ALTER USER 'root'@'%' WITH MAX_USER_CONNECTIONS 16/);
    const ofServer = await faultOf(await servers.mysql({ ownLimit: 3, variables: { max_user_connections: "3" } }));
    assert.match(ofServer, /found 3; run .*: SET GLOBAL max_user_connections = 16/);
    assert.deepEqual(await checkServer(await servers.mysql({ ownLimit: 16 }), required), []);
  });

  for (const [variable, remedy] of [
    ["super_read_only", /replica, .* set wso2-apim:databaseHost to the primary server/],
    ["read_only", /replica, .* set wso2-apim:databaseHost to the primary server/],
    ["sql_require_primary_key", /tables without a primary key; run .*: SET PERSIST sql_require_primary_key = OFF/],
  ] as const)
    it(`${variable} is a fault`, async () => {
      const fault = await faultOf(await servers.mysql({ variables: { [variable]: "ON" } }));
      assert.match(fault, new RegExp(`- ${variable}: expected OFF, found ON`));
      assert.match(fault, remedy);
      assert.deepEqual(await checkServer(await servers.mysql({ variables: { [variable]: "OFF" } }), required), []);
    });

  it("a MariaDB on which Pulumi's mysql provider fails is refused", async () => {
    for (const version of ["10.10.0-MariaDB", "5.5.5-10.11.6-MariaDB-0+deb12u1", "11.4.2-MariaDB-log"]) {
      const fault = await faultOf(await servers.mysql({ version }));
      assert.match(
        fault,
        /version: expected MySQL, or MariaDB before 10\.10, found .*MariaDB.*set wso2-apim:databaseHost/,
      );
    }
  });

  it("missing privileges are named as GRANT statements", async () => {
    const fault = await faultOf(await servers.mysql({ grants: ["GRANT USAGE ON *.* TO `root`@`%`"] }));
    assert.match(fault, /'root'@'%' \(wso2-apim:databaseAdminUser\) lacks/);
    assert.match(fault, /GRANT CREATE USER ON \*\.\* TO 'root'@'%'; GRANT SELECT .*; GRANT ALL ON `apimgtdb`\.\* TO/);
  });

  it("all faults are reported at once", async () => {
    const server = await servers.mysql({ version: "11.4.2-MariaDB", grants: [], schemas: [] });
    const fault = await faultOf(server, { databasesExist: true });
    assert.equal(fault.split("\n  - ").length, 4, fault);
  });

  it("databasesExist: a missing database and one of another character set are faults", async () => {
    const missing = await faultOf(await servers.mysql(), { databasesExist: true });
    assert.match(missing, /found none; run: CREATE DATABASE `apimgtdb` CHARACTER SET latin1 COLLATE latin1_swedish_ci/);
    const schema = { name: "apimgtdb", characters: "utf8mb4", collation: "utf8mb4_0900_ai_ci" };
    const other = await faultOf(await servers.mysql({ schemas: [schema] }), { databasesExist: true });
    assert.match(other, /expected the character set latin1, found utf8mb4; set wso2-apim:databaseCharacterSet/);
  });

  it("databasesExist: utf8, as older servers call utf8mb3, is accepted for utf8mb3", async () => {
    const server = await servers.mysql({ schemas: [{ name: "apimgtdb", characters: "utf8", collation: "" }] });
    const databases = [{ schema: "apimgtdb", characterSet: "utf8mb3", collation: "" }];
    assert.deepEqual(await checkServer(server, { ...required, databasesExist: true, databases }), []);
  });

  it("another service, a closed connection and a closed port have different messages", async () => {
    assert.match(
      await faultOf(await servers.other(() => {})),
      /no answer from MySQL within 0\.7 s: its name is still being resolved/,
    );
    assert.match(await faultOf(await servers.other((socket) => socket.write("SSH-2.0-x\r\n"))), /no answer from MySQL/);
    assert.match(
      await faultOf(await servers.other((socket) => socket.destroy())),
      /closes every connection before it answers/,
    );
    assert.match(await faultOf(await servers.gone()), /nothing listens there.*ECONNREFUSED.*bind_address/);
  });

  it("a missing route is reported", async () => {
    const { connect } = net;
    for (const code of ["EHOSTUNREACH", "ENETUNREACH"]) {
      net.connect = () => {
        const socket = new Socket();
        process.nextTick(() => socket.destroy(Object.assign(new Error(`connect ${code}`), { code })));
        return socket;
      };
      try {
        const fault = await faultOf({ host: "127.0.0.1", port: 1, user: "root", password });
        assert.match(
          fault,
          /there is no route to it from this machine: connect E.*Set wso2-apim:databaseHost to an address/,
        );
      } finally {
        net.connect = connect;
      }
    }
  });

  it("a server that accepts no connection from this host is quoted", async () => {
    const text = "Host '10.1.1.1' is not allowed to connect to this MySQL server";
    const refusing = await servers.other((socket) => {
      const content = Buffer.concat([Buffer.from([255, 0x6a, 0x04]), Buffer.from(text)]);
      socket.end(Buffer.concat([Buffer.from([content.length, 0, 0, 0]), content]));
    });
    assert.match(
      await faultOf(refusing),
      /accepts no connection from this machine: Host '10\.1\.1\.1' is not allowed.*Create an account "root"/,
    );
  });
});
