import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { logsCommand, restartCommand } from "../../../cli/deployedStack";
import { addressToward } from "../../../cli/verify/backend";

describe("verify: a swarm", () => {
  it("addressToward: this machine's address on the way to another one", async () => {
    const server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      assert.equal(await addressToward("127.0.0.1", port), "127.0.0.1");
    } finally {
      server.close();
    }
    await assert.rejects(addressToward("127.0.0.1", port), /ECONNREFUSED/);
  });

  it("the commands for logs and restarts are those of the platform", () => {
    const on = (platform: "docker" | "swarm") => [
      logsCommand({ platform, prefix: "apim-dev" }, "store-1"),
      restartCommand({ platform, prefix: "apim-dev" }, "store-1"),
    ];
    assert.deepEqual(on("docker"), ["docker logs apim-dev-store-1", "docker restart apim-dev-store-1"]);
    assert.deepEqual(on("swarm"), [
      "docker service logs apim-dev-store-1",
      "docker service update --force apim-dev-store-1",
    ]);
  });
});
