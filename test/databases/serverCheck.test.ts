import assert from "node:assert/strict";
import net, { type AddressInfo, createServer, type Server as NetServer, Socket } from "node:net";
import mysql, { type Connection } from "mysql2";
import { checkExternalServer } from "../../databases/externalServer";
import type { Server } from "../../databases/server";
import { checkServer, type Wanted } from "../../databases/serverCheck";
import { parseSettings } from "../../plan/settings";
import { buildTopology } from "../../topology";

const password = "never-shown";
const wanted: Wanted = {
  databases: [{ schema: "apimgtdb", characterSet: "latin1", collation: "latin1_swedish_ci" }],
  databasesExist: false,
  connections: 400,
};
const administrator = ["GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION"];

interface Answers {
  readonly version: string;
  readonly connections: number;
  readonly grants: readonly string[];
  readonly schemas: readonly { name: string; characters: string; collation: string }[];
}

describe("the check of a MySQL server that the user runs", function () {
  this.timeout(10_000);
  const closers: (() => void)[] = [];
  after(() => {
    for (const close of closers) close();
  });

  /** A server that speaks just enough of MySQL. */
  async function mysqlServer(answers: Partial<Answers>): Promise<Server> {
    const { version = "8.4.3", connections = 500, grants = administrator, schemas = [] } = answers;
    const server = mysql.createServer((connection: Connection) => {
      const own = connection as unknown as {
        serverHandshake(options: object): void;
        sequenceId: number;
        writeTextResult(rows: object[], columns: object[]): void;
        writeOk(): void;
        on(event: string, listener: (sql: string) => void): void;
      };
      own.on("error", () => {});
      // Packets are numbered anew with each command.
      const done = () => {
        own.sequenceId = 0;
      };
      const authCallback = (_: unknown, answer: (error: null) => void) => {
        answer(null);
        done();
      };
      own.serverHandshake({
        ...{ protocolVersion: 10, serverVersion: version, connectionId: 1, statusFlags: 2, characterSet: 33 },
        ...{ capabilityFlags: 0xffffff ^ 0x800, authCallback },
      });
      // The module's name for what begins with SET.
      own.on("stmt_prepare", () => {
        own.sequenceId = 1;
        own.writeOk();
        done();
      });
      own.on("query", (sql) => {
        const rows = sql.startsWith("SHOW GRANTS")
          ? grants.map((line) => ({ "Grants for root@%": line }))
          : sql.includes("SCHEMATA")
            ? [...schemas]
            : [{ version, most: connections, account: "root@%" }];
        const columns = Object.keys(rows[0] ?? { name: "" }).map((name) => ({
          ...{ catalog: "def", schema: "", table: "", orgTable: "", name, orgName: name },
          ...{ characterSet: 33, columnLength: 4000, columnType: 253, flags: 0, decimals: 0 },
        }));
        own.sequenceId = 1;
        own.writeTextResult(rows, columns);
        done();
      });
    });
    return listening(server as unknown as NetServer, () => (server as unknown as NetServer).close());
  }

  /** Something that is no MySQL. */
  function other(answer: (socket: Socket) => void): Promise<Server> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      answer(socket);
    });
    return listening(server, () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
  }

  async function listening(server: NetServer, close: () => void): Promise<Server> {
    await new Promise<void>((resolve) => {
      (server as unknown as { listen(port: number, host: string, done: () => void): void }).listen(
        0,
        "127.0.0.1",
        resolve,
      );
    });
    closers.push(close);
    const inner = (server as unknown as { _server?: NetServer })._server ?? server;
    return { host: "127.0.0.1", port: (inner.address() as AddressInfo).port, user: "root", password };
  }

  async function faultOf(server: Server, more: Partial<Wanted> = {}): Promise<string> {
    const before = Date.now();
    const error = await checkServer(server, { ...wanted, ...more }, 700).then(
      () => assert.fail("expected a fault, found none"),
      (reason: Error) => reason,
    );
    assert.ok(Date.now() - before < 6000);
    assert.ok(!error.message.includes(password), error.message);
    assert.ok(error.message.includes(`127.0.0.1:${server.port} (wso2-apim:databaseHost, databaseServerPort)`));
    return error.message;
  }

  it("finds nothing wrong with a good one", async () => {
    assert.deepEqual(await checkServer(await mysqlServer({}), wanted), []);
    assert.deepEqual(await checkServer(await mysqlServer({ version: "10.9.8-MariaDB-1" }), wanted), []);
  });

  it("warns of a server that takes fewer connections than the nodes may open", async () => {
    const [warning = "", ...more] = await checkServer(await mysqlServer({ connections: 151 }), wanted);
    assert.match(warning, /may open 400 connections .* the server takes 151: raise max_connections, or set/);
    assert.deepEqual(more, []);
  });

  it("refuses a MariaDB on which the provider fails", async () => {
    for (const version of ["10.10.0-MariaDB", "5.5.5-10.11.6-MariaDB-0+deb12u1", "11.4.2-MariaDB-log"]) {
      const fault = await faultOf(await mysqlServer({ version }));
      assert.match(
        fault,
        /version: expected MySQL, or MariaDB before 10\.10, found .*MariaDB.*set wso2-apim:databaseHost/,
      );
    }
  });

  it("names what the administrator lacks, as statements", async () => {
    const fault = await faultOf(await mysqlServer({ grants: ["GRANT USAGE ON *.* TO `root`@`%`"] }));
    assert.match(fault, /'root'@'%' \(wso2-apim:databaseAdminUser\) lacks/);
    assert.match(fault, /GRANT CREATE USER ON \*\.\* TO 'root'@'%'; GRANT SELECT .*; GRANT ALL ON `apimgtdb`\.\* TO/);
  });

  it("tells all faults at once", async () => {
    const server = await mysqlServer({ version: "11.4.2-MariaDB", grants: [], schemas: [] });
    const fault = await faultOf(server, { databasesExist: true });
    assert.equal(fault.split("\n  - ").length, 4, fault);
  });

  it("expects databases that exist to be there, in the character set", async () => {
    const missing = await faultOf(await mysqlServer({}), { databasesExist: true });
    assert.match(missing, /found none; run: CREATE DATABASE `apimgtdb` CHARACTER SET latin1 COLLATE latin1_swedish_ci/);
    const schema = { name: "apimgtdb", characters: "utf8mb4", collation: "utf8mb4_0900_ai_ci" };
    const other = await faultOf(await mysqlServer({ schemas: [schema] }), { databasesExist: true });
    assert.match(other, /expected the character set latin1, found utf8mb4; set wso2-apim:databaseCharacterSet/);
    const utf8 = {
      ...wanted,
      databasesExist: true,
      databases: [{ schema: "apimgtdb", characterSet: "utf8mb3", collation: "" }],
    };
    assert.deepEqual(await checkServer(await mysqlServer({ schemas: [{ ...schema, characters: "utf8" }] }), utf8), []);
  });

  it("tells what is no MySQL from what is not there", async () => {
    assert.match(
      await faultOf(await other(() => {})),
      /no word of MySQL within 0\.7 s: its name is still being looked up/,
    );
    assert.match(await faultOf(await other((socket) => socket.write("SSH-2.0-x\r\n"))), /no word of MySQL/);
    assert.match(
      await faultOf(await other((socket) => socket.destroy())),
      /hangs up before it has said a word of MySQL/,
    );
    const gone = await other(() => {});
    closers.pop()?.();
    assert.match(await faultOf(gone), /nothing listens there.*ECONNREFUSED.*bind_address/);
  });

  it("tells that no way leads there", async () => {
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
          /no way leads there from this machine: connect E.*Set wso2-apim:databaseHost to an address/,
        );
      } finally {
        net.connect = connect;
      }
    }
  });

  it("does not wait for a server that greets and then says no more", async () => {
    const { host, port } = await other((socket) => {
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
        `MySQL server ${host}:${port} .*: greets, and takes longer than 0\\.5 s to answer then; look at its load`,
      ),
    );
  });

  it("passes on what the server says when it lets nobody in", async () => {
    const said = "Host '10.1.1.1' is not allowed to connect to this MySQL server";
    const refusing = await other((socket) => {
      const text = Buffer.concat([Buffer.from([255, 0x6a, 0x04]), Buffer.from(said)]);
      socket.end(Buffer.concat([Buffer.from([text.length, 0, 0, 0]), text]));
    });
    const fault = await faultOf(refusing);
    assert.match(
      fault,
      /lets nobody in from this machine: Host '10\.1\.1\.1' is not allowed.*Give the user "root" an account/,
    );
  });
});
