import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Server } from "node:net";
import { firstReachable } from "../../services/reachable";

describe("the first machine that can be reached", () => {
  let server: Server;
  let port = 0;
  before(async () => {
    server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.2", resolve));
    ({ port } = server.address() as AddressInfo);
  });
  after(() => server.close());

  it("is the first one whose port accepts a connection", async () => {
    assert.equal(await firstReachable(["127.0.0.3", "127.0.0.2", "127.0.0.4"], port), "127.0.0.2");
  });

  it("is the first one of all if none accepts one: the error that follows names it", async () => {
    assert.equal(await firstReachable(["127.0.0.3", "127.0.0.4"], port), "127.0.0.3");
  });

  it("is the only one, which is not tried", async () => {
    const tried = new Promise((resolve) => server.once("connection", resolve));
    assert.equal(await firstReachable(["127.0.0.2"], port), "127.0.0.2");
    const pause = new Promise((resolve) => setTimeout(resolve, 50, "not tried"));
    assert.equal(await Promise.race([tried, pause]), "not tried");
  });
});
