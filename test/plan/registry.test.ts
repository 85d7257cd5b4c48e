import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { checkRegistry } from "../../plan/registry";
import { parseSettings } from "../../plan/settings";
import { checkSwarmLimits } from "../../plan/swarmLimits";
import type { RawSettings } from "../../settings";
import { buildTopology } from "../../topology";

describe("the registry of a swarm", () => {
  const asked: (string | undefined)[] = [];
  const server = createServer(({ url }, response) => {
    asked.push(url);
    response.writeHead(401).end();
  });
  let host = "";
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  it("answers with any status; its path is not asked", async () => {
    await checkRegistry(`http://${host}/apim`);
    assert.deepEqual(asked, ["/v2/"]);
  });

  it("without TLS needs http:// before its name", async () => {
    await assert.rejects(checkRegistry(host), {
      message: new RegExp(
        `imageRegistry: expected .* https://${host}/v2/, .*set wso2-apim:imageRegistry to http://${host}$`,
      ),
    });
  });

  it("that does not answer is a fault", async () => {
    await assert.rejects(
      checkRegistry("http://127.0.0.1:1"),
      /imageRegistry: expected a registry .* found: .+; start it/,
    );
  });
});

describe("the limits of a swarm", () => {
  const swarm = { platform: "swarm", imageRegistry: "registry.example.com:5000" };
  const topologyOf = (raw: RawSettings) => buildTopology(parseSettings(raw, "dev"));
  const file = (path: string, bytes: number) => ({ path, text: "x".repeat(bytes) }) as never;
  const copy = (path: string, bytes: number) =>
    new Map([["default", [{ path, base64: Buffer.alloc(bytes).toString("base64") }]]]) as never;
  const check = (raw: RawSettings, rendered: number, copied = 0) =>
    checkSwarmLimits(topologyOf(raw), new Map([["store-1", [file("conf/big.xml", rendered)]]]), copy("a.jar", copied));

  it("a file that is too large is a fault with its name; all are reported", () => {
    check(swarm, 511_999, 1_023_999);
    assert.throws(
      () => check(swarm, 512_000),
      /conf\/big\.xml: expected at most 511999 bytes on a swarm, .* found 512000;/,
    );
    assert.throws(() => check(swarm, 512_000, 1_024_000), /big\.xml: [\s\S]*a\.jar: expected at most 1023999 bytes/);
  });

  it("names that are too long for services are a fault of namePrefix", () => {
    check({ ...swarm, namePrefix: "a".repeat(46) }, 0);
    assert.throws(
      () => check({ ...swarm, namePrefix: "a".repeat(60) }, 0),
      /namePrefix: expected a shorter one on a swarm, .* found a{60}; set wso2-apim:namePrefix/,
    );
  });

  it("do not exist on one Docker engine", () => {
    check({ namePrefix: "a".repeat(60) }, 600_000, 2_000_000);
  });
});
