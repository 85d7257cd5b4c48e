import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { connect } from "node:tls";
import { secured } from "../../certificates/handshake";

describe("a handshake", () => {
  it("ends with an error when the server accepts and says nothing", async () => {
    const server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    const client = connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
    try {
      await assert.rejects(secured(client, 200), /^Error: the handshake has not ended within 0\.2 s$/);
    } finally {
      client.destroy();
      server.close();
    }
  });
});
