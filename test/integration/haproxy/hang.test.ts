import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { renderBalancer } from "../../../configs";
import type { Node, Topology } from "../../../topology";
import { deploymentOf } from "../../configs/stock";
import { useExclusively } from "../place";
import { type RunningHaproxy, runHaproxy, type SelfSignedCertificate, selfSigned } from "./container";
import { ask, NodeServer, topologyOfPairs, untilTrue, within } from "./nodes";

/** Runs in a process of its own, which SIGSTOP can halt: the kernel then accepts connections, and nobody answers. */
const program = `
const { name, ports, cert, key } = JSON.parse(process.env.NODE);
const answer = (_, response) => response.end(name);
require("node:http").createServer(answer).listen(ports.apiHttp, "127.0.0.1");
require("node:https").createServer({ cert, key }, answer).listen(ports.managementHttps, "127.0.0.1", () => {
  process.stdout.write("listening");
});`;

async function startProcess(
  { name, ports }: Node,
  { cert, private: key }: SelfSignedCertificate,
): Promise<ChildProcess> {
  const env = { NODE: JSON.stringify({ name, ports, cert, key }) };
  const child = spawn(process.execPath, ["-e", program], { env, stdio: ["ignore", "pipe", "inherit"] });
  if (child.stdout) await once(child.stdout, "data");
  return child;
}

describe("HAProxy when a server hangs", function () {
  this.timeout(60_000);
  useExclusively("haproxy");
  this.slow(30_000);
  const hanging = ["gateway-2", "keymanager-2"];
  const servers: NodeServer[] = [];
  const processes: ChildProcess[] = [];
  let topology: Topology;
  let ca: string;
  let running: RunningHaproxy | undefined;

  before(async () => {
    topology = await topologyOfPairs();
    const keys = await selfSigned([...new Set(topology.nodes.map(({ hostName }) => hostName))]);
    ca = keys.cert;
    for (const node of topology.nodes) {
      if (hanging.includes(node.name)) processes.push(await startProcess(node, keys));
      else servers.push(new NodeServer(node, keys));
    }
    for (const server of servers) await server.start();
    running = await runHaproxy(renderBalancer({ ...deploymentOf(), topology }), keys, [keys]);
  });

  after(async () => {
    await running?.stop();
    for (const server of servers) server.kill();
    for (const child of processes) child.kill("SIGKILL");
  });

  const call = (route: string, method = "GET") => ask({ topology, ca }, route, method);
  const bothServe = async (route: string) => new Set([(await call(route)).body, (await call(route)).body]).size === 2;

  /** Starts two calls, the second one when the balancer has the first. */
  async function startTwo<T>(work: () => Promise<T>): Promise<{ answers: Promise<T[]> }> {
    const started = [work()];
    await sleep(250);
    started.push(work());
    await sleep(250);
    const answers = Promise.all(started);
    // The test awaits the answers later; until then, Node would report a rejection as unhandled.
    answers.catch(() => {});
    return { answers };
  }

  it("retries repeatable calls on another server within 20 s, fails the others, and then avoids the hanging server", async () => {
    const [calls, services] = ["api-http", "internal-keymanager-managementhttps"];
    for (const route of [calls, services])
      await untilTrue(`both servers of ${route} answer`, () => bothServe(route).catch(() => false));
    for (const child of processes) child.kill("SIGSTOP");
    // One call of each pair goes to the server that hangs.
    const [gets, posts, validations] = await within(20_000, async () => {
      const started = [];
      for (const [route, method] of [
        [calls, "GET"],
        [calls, "POST"],
        [services, "POST"],
      ] as const)
        started.push(await startTwo(() => call(route, method)));
      return Promise.all(started.map((two) => two.answers));
    });
    const statuses = (answers: typeof gets) => (answers ?? []).map(({ status }) => status).sort();
    assert.deepEqual(statuses(gets), [200, 200]);
    assert.deepEqual(statuses(validations), [200, 200]);
    assert.deepEqual(statuses(posts), [200, 502]);
    for (const route of [calls, services])
      for (let attempt = 0; attempt < 4; attempt++) assert.equal((await within(3000, () => call(route))).status, 200);
    for (const child of processes) child.kill("SIGCONT");
    for (const route of [calls, services])
      await untilTrue(`both servers of ${route} answer again`, () => bothServe(route));
  });
});
