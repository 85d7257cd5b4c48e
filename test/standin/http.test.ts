import assert from "node:assert/strict";
import { Agent, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { closeServer, listen } from "../../standin/http";

const mebibyte = 1024 * 1024;

describe("stand-in: bodies of requests", function () {
  this.timeout(20_000);
  const write = (): void => undefined;
  const log = { info: write, warn: write, error: write };
  let server: Server;
  let agent: Agent;

  async function start(bodyLimit?: number): Promise<void> {
    const options = { node: "node-1", purpose: "test", port: 0, address: "127.0.0.1", log };
    server = await listen({ ...options, ...(bodyLimit && { bodyLimit }) }, [
      ({ body }) => ({ status: 200, body: `${body.length}` }),
    ]);
    // One connection at most, as a load balancer uses it for one caller after another.
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
  }
  afterEach(async () => {
    agent.destroy();
    await closeServer(server, 100);
  });

  /** Posts so many bytes. The answer has the local port of the connection, which identifies the connection. */
  function post(size: number): Promise<{ status: number; text: string; from: number }> {
    return new Promise((done, failed) => {
      const sent = request(
        { agent, host: "127.0.0.1", port: (server.address() as AddressInfo).port, method: "POST", timeout: 3000 },
        (response) => {
          let text = "";
          const from = response.socket.localPort ?? 0;
          response.on("data", (chunk) => {
            text += chunk;
          });
          response.on("end", () => done({ status: response.statusCode ?? 0, text, from }));
        },
      );
      sent.on("timeout", () => sent.destroy(new Error("no answer within 3 s")));
      sent.on("error", failed);
      sent.end(Buffer.alloc(size));
    });
  }

  it("above the limit are answered with 413, and the connection serves the next request at once", async () => {
    await start();
    const refused = await post(5 * mebibyte);
    assert.equal(refused.status, 413);
    assert.match(refused.text, /at most 4194304 bytes/);
    const next = await post(10);
    assert.deepEqual([next.status, next.text], [200, "10"]);
    assert.equal(next.from, refused.from, "the connection was closed");
  });

  it("far above the limit end the connection, and the next request gets a new one", async () => {
    await start();
    // The client may see the reset connection before it has read the answer.
    const refused = await post(200 * mebibyte).catch((error: NodeJS.ErrnoException) => error);
    if (refused instanceof Error) assert.match(`${refused.code}`, /ECONNRESET|EPIPE/);
    else assert.equal(refused.status, 413);
    const next = await post(10);
    assert.deepEqual([next.status, next.text], [200, "10"]);
  });

  it("up to a higher limit are received in full", async () => {
    await start(16 * mebibyte);
    assert.deepEqual((await post(9 * mebibyte)).text, `${9 * mebibyte}`);
    assert.equal((await post(17 * mebibyte)).status, 413);
  });
});
