import { type AddressInfo, createServer, type Server as NetServer, type Socket } from "node:net";
import mysql, { type Connection } from "mysql2";
import type { Server } from "../../databases/server";

export const password = "never-shown";

/** What a fake MySQL server answers. */
export interface Answers {
  /** @default 8.4.3 */
  readonly version: string;
  /** Its max_connections. @default 500 */
  readonly connections: number;
  /** The account's MAX_USER_CONNECTIONS. @default 0 */
  readonly ownLimit: number;
  /** Global variables. @default none */
  readonly variables: Readonly<Record<string, string>>;
  /** Lines of SHOW GRANTS. @default all privileges */
  readonly grants: readonly string[];
  /** Rows of information_schema.SCHEMATA. @default none */
  readonly schemas: readonly { name: string; characters: string; collation: string }[];
}

/** Servers on this machine for the tests of one file; {@link close} ends them. */
export class FakeServers {
  private readonly closers: (() => void)[] = [];

  close(): void {
    for (const close of this.closers.splice(0)) close();
  }

  /** A server that speaks as much of MySQL's protocol as the checks need. */
  async mysql(answers: Partial<Answers> = {}): Promise<Server> {
    const {
      version = "8.4.3",
      connections = 500,
      ownLimit = 0,
      variables = {},
      grants = ["GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION"],
      schemas = [],
    } = answers;
    const server = mysql.createServer((connection: Connection) => {
      const own = connection as unknown as {
        serverHandshake(options: object): void;
        sequenceId: number;
        writeTextResult(rows: object[], columns: object[]): void;
        writeOk(): void;
        on(event: string, listener: (sql: string) => void): void;
      };
      own.on("error", () => {});
      // Each command starts a new sequence of packets.
      const done = () => {
        own.sequenceId = 0;
      };
      own.serverHandshake({
        protocolVersion: 10,
        serverVersion: version,
        connectionId: 1,
        statusFlags: 2,
        characterSet: 33,
        capabilityFlags: 0xffffff ^ 0x800,
        authCallback: (_: unknown, answer: (error: null) => void) => {
          answer(null);
          done();
        },
      });
      // mysql2 emits this event for every statement that begins with SET.
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
            : sql.startsWith("SHOW GLOBAL VARIABLES")
              ? Object.entries(variables).map(([name, value]) => ({ Variable_name: name, Value: value }))
              : [{ version, most: connections, account: "root@%", own: ownLimit }];
        const columns = Object.keys(rows[0] ?? { name: "" }).map((name) => ({
          catalog: "def",
          schema: "",
          table: "",
          orgTable: "",
          name,
          orgName: name,
          characterSet: 33,
          columnLength: 4000,
          columnType: 253,
          flags: 0,
          decimals: 0,
        }));
        own.sequenceId = 1;
        own.writeTextResult(rows, columns);
        done();
      });
    });
    return this.listening(server as unknown as NetServer, () => (server as unknown as NetServer).close());
  }

  /** A server of another protocol. */
  other(answer: (socket: Socket) => void): Promise<Server> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      answer(socket);
    });
    return this.listening(server, () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
  }

  /** A port on which nothing listens. */
  async gone(): Promise<Server> {
    const server = await this.other(() => {});
    this.closers.pop()?.();
    return server;
  }

  private async listening(server: NetServer, close: () => void): Promise<Server> {
    await new Promise<void>((resolve) => {
      (server as unknown as { listen(port: number, host: string, done: () => void): void }).listen(
        0,
        "127.0.0.1",
        resolve,
      );
    });
    this.closers.push(close);
    const inner = (server as unknown as { _server?: NetServer })._server ?? server;
    return { host: "127.0.0.1", port: (inner.address() as AddressInfo).port, user: "root", password };
  }
}
