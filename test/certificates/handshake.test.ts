import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { connect } from "node:tls";
import { waitForHandshake } from "../../certificates/handshake";

describe("TLS handshake", () => {
  it("times out when the server accepts the connection and does not answer", async () => {
    const server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    const client = connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
    try {
      await assert.rejects(waitForHandshake(client, 200), /^Error: the TLS handshake did not finish within 0\.2 s$/);
    } finally {
      client.destroy();
      server.close();
    }
  });
});
