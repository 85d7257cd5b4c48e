import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { greeting } from "../../../cli/status/externalServer";

describe("the greeting of the user's own MySQL server", () => {
  const servers: Server[] = [];
  after(() => {
    for (const server of servers) server.close();
  });

  /** A server that does one thing to each connection. @returns its port */
  async function serve(greet: (socket: Socket) => void): Promise<number> {
    const server = createServer(greet);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }
  const packet = (...content: (string | number[])[]) => {
    const bytes = Buffer.concat(
      content.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))),
    );
    return Buffer.concat([Buffer.from([bytes.length, 0, 0, 0]), bytes]);
  };

  it("gives the version without any password", async () => {
    const port = await serve((socket) => socket.write(packet([10], "9.1.0", [0])));
    assert.deepEqual(await greeting("127.0.0.1", port), { version: "9.1.0" });
  });

  const troubles: [what: string, greet: (socket: Socket) => void, trouble: RegExp][] = [
    ["an error packet", (socket) => socket.end(packet([255, 0x6a, 0x04], "Host is blocked")), /^Host is blocked$/],
    ["another protocol", (socket) => socket.end("HTTP/1.1 400\r\n"), /not a MySQL server/],
    ["a closed connection", (socket) => socket.destroy(), /closed the connection/],
  ];
  for (const [what, greet, trouble] of troubles)
    it(`reports ${what}`, async () => {
      const found = await greeting("127.0.0.1", await serve(greet));
      assert.match("trouble" in found ? found.trouble : "", trouble);
    });

  it("reports a port on which nothing listens", async () => {
    const port = await serve(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    assert.match(JSON.stringify(await greeting("127.0.0.1", port)), /ECONNREFUSED/);
  });
});
