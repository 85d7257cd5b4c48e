import assert from "node:assert/strict";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { NoAnswer, probe } from "../../../cli/verify/httpProbe";
import { issue } from "../../certificates/support";

describe("verify: a request without an answer", () => {
  let server: Server;
  let ca = "";
  before(async () => {
    const hosts = Array.from({ length: 60 }, (_, index) => `host${index + 1}.test`);
    const { cert, key } = await issue({ name: "many", hosts });
    ca = cert;
    server = createServer({ cert, key }, () => undefined);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  async function failure(host: string): Promise<NoAnswer> {
    const { port } = server.address() as AddressInfo;
    const sent = probe({ address: "127.0.0.1", port, host, path: "/page?secret=1", ca, timeout: 300 });
    return sent.then(
      () => assert.fail("expected no answer"),
      (error) => (error instanceof NoAnswer ? error : assert.fail(error)),
    );
  }

  it("names at most three of the hosts that a wrong certificate has", async () => {
    const { message, timedOut } = await failure("other.test");
    assert.match(
      message,
      /^https:\/\/other\.test:\d+\/page at 127\.0\.0\.1: its certificate is for other hosts: DNS:host1\.test, DNS:host2\.test, DNS:host3\.test and 57 more$/,
    );
    assert.equal(timedOut, false);
  });

  it("names the limit after which it was given up", async () => {
    const { message, timedOut } = await failure("host7.test");
    assert.match(message, /^https:\/\/host7\.test:\d+\/page at 127\.0\.0\.1: given up: no answer within 0\.3 s$/);
    assert.equal(timedOut, true);
  });
});
