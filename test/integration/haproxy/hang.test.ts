import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { renderBalancer } from "../../../configs";
import type { Node, Topology } from "../../../topology";
import { deploymentOf } from "../../configs/stock";
import { type OwnCertificate, ownCertificate, type RunningHaproxy, runHaproxy } from "./container";
import { ask, localTopology, NodeServer, until, within } from "./nodes";

/** In a process of its own, which can be stopped: connections are taken by the kernel, and nobody answers. */
const program = `
const { name, ports, cert, key } = JSON.parse(process.env.NODE);
const answer = (_, response) => response.end(name);
require("node:http").createServer(answer).listen(ports.apiHttp, "127.0.0.1");
require("node:https").createServer({ cert, key }, answer).listen(ports.managementHttps, "127.0.0.1", () => {
  process.stdout.write("listening");
});`;

async function startProcess({ name, ports }: Node, { cert, private: key }: OwnCertificate): Promise<ChildProcess> {
  const env = { NODE: JSON.stringify({ name, ports, cert, key }) };
  const child = spawn(process.execPath, ["-e", program], { env, stdio: ["ignore", "pipe", "inherit"] });
  if (child.stdout) await once(child.stdout, "data");
  return child;
}

describe("the load balancer when a server hangs", function () {
  this.timeout(60_000);
  this.slow(30_000);
  const hanging = ["gateway-2", "keymanager-2"];
  const servers: NodeServer[] = [];
  const processes: ChildProcess[] = [];
  let topology: Topology;
  let ca: string;
  let running: RunningHaproxy | undefined;

  before(async () => {
    topology = await localTopology();
    const keys = await ownCertificate([...new Set(topology.nodes.map(({ hostName }) => hostName))]);
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

  const call = (front: string, method = "GET") => ask({ topology, ca }, front, method);
  const both = async (front: string) => new Set([(await call(front)).body, (await call(front)).body]).size === 2;

  /** Begins it twice, the second time when the balancer has the first one. */
  async function inTurn<T>(work: () => Promise<T>): Promise<{ answers: Promise<T[]> }> {
    const begun = [work()];
    await sleep(250);
    begun.push(work());
    await sleep(250);
    const answers = Promise.all(begun);
    // Whoever awaits it reports it.
    answers.catch(() => {});
    return { answers };
  }

  it("answers what can be asked again within 20 s, fails what can't, and soon asks the server no more", async () => {
    const [calls, services] = ["api-http", "internal-keymanager-managementhttps"];
    for (const front of [calls, services]) await until(() => both(front).catch(() => false));
    for (const child of processes) child.kill("SIGSTOP");
    // Of each two, one goes to the server that hangs.
    const [gets, posts, validations] = await within(20_000, async () => {
      const begun = [];
      for (const [front, method] of [
        [calls, "GET"],
        [calls, "POST"],
        [services, "POST"],
      ] as const)
        begun.push(await inTurn(() => call(front, method)));
      return Promise.all(begun.map((two) => two.answers));
    });
    const statuses = (answers: typeof gets) => (answers ?? []).map(({ status }) => status).sort();
    assert.deepEqual(statuses(gets), [200, 200]);
    assert.deepEqual(statuses(validations), [200, 200]);
    assert.deepEqual(statuses(posts), [200, 502]);
    for (const front of [calls, services])
      for (let attempt = 0; attempt < 4; attempt++) assert.equal((await within(3000, () => call(front))).status, 200);
    for (const child of processes) child.kill("SIGCONT");
    for (const front of [calls, services]) await until(() => both(front));
  });
});
