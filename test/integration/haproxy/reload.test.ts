import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { renderBalancer } from "../../../configs";
import type { Topology } from "../../../topology";
import { deploymentOf } from "../../configs/stock";
import { useExclusively } from "../place";
import { type RunningHaproxy, runHaproxy, type SelfSignedCertificate, selfSigned } from "./container";
import { ask, NodeServer, topologyOfPairs, untilTrue, within } from "./nodes";

describe("HAProxy when other files are brought", function () {
  this.timeout(60_000);
  useExclusively("haproxy");
  this.slow(30_000);
  const servers: NodeServer[] = [];
  let topology: Topology;
  let keys: SelfSignedCertificate;
  let haproxy: RunningHaproxy;

  before(async () => {
    topology = await topologyOfPairs();
    keys = await selfSigned([...new Set(topology.nodes.map(({ hostName }) => hostName))]);
    for (const node of topology.nodes) servers.push(new NodeServer(node, keys));
    for (const server of servers) await server.start();
    haproxy = await runHaproxy(rendered(), keys, [keys]);
    await untilTrue("a gateway answers", async () => (await call().catch(() => undefined))?.status === 200);
  });

  after(async () => {
    await haproxy?.stop();
    for (const server of servers) server.kill();
  });

  const rendered = () => renderBalancer({ ...deploymentOf(), topology });
  /** Routes calls to the second gateway only. */
  const withoutFirst = () =>
    rendered().replace(/^backend api-http\n[\s\S]*?\n\n/m, (backend) =>
      backend.replace(/^ +server gateway-1.*\n/gm, ""),
    );
  const call = () => ask({ topology, ca: keys.cert }, "api-http");
  const isServed = async () => (await haproxy.checkServed()).exitCode === 0;

  it("loads them without refusing a connection, and finishes the requests in progress", async () => {
    const gateway = servers.find((server) => server.name === "gateway-1") ?? assert.fail();
    gateway.delay = 8000;
    const slow = [call(), call()];
    await sleep(200);
    gateway.delay = 0;
    let loaded = false;
    let count = 0;
    const steady = (async () => {
      for (; !loaded; count++) assert.equal((await call()).status, 200);
    })();
    await haproxy.bring(withoutFirst(), "second");
    await Promise.race([steady, untilTrue("the load balancer serves the second files", isServed)]);
    await sleep(1000);
    loaded = true;
    await steady;
    assert.ok(count > 50, `${count} calls`);
    for (let each = 0; each < 4; each++) assert.equal((await call()).body, "gateway-2");
    const answers = await within(10_000, () => Promise.all(slow));
    assert.deepEqual(answers.map(({ status, body }) => [status, body]).sort(), [
      [200, "gateway-1"],
      [200, "gateway-2"],
    ]);
  });

  it("keeps the files before them if HAProxy does not accept them, and tells why", async () => {
    await haproxy.bring("frontend broken\n    bind nowhere\n", "third");
    await untilTrue("the log tells why", async () =>
      /keeps the ones before them[\s\S]*nowhere/.test(await haproxy.log()),
    );
    assert.equal((await call()).body, "gateway-2");
    const { exitCode, output } = await haproxy.checkServed();
    assert.equal(exitCode, 1);
    assert.match(output, /expected files third id, serves "second id"; the load balancer's log tells why/);
    await haproxy.bring(rendered(), "fourth");
    await untilTrue("the load balancer serves the fourth files", isServed);
    const found = new Set([(await call()).body, (await call()).body]);
    assert.deepEqual([...found].sort(), ["gateway-1", "gateway-2"]);
  });
});
