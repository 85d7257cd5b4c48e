import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cluster, joinCluster } from "../../standin/cluster";
import { addresses, Deployment, eventually, fetchFrom, lookup, makeKeys, wiring } from "./homes";

const domain = "test.domain";
const port = 4000;
const [here, there] = [addresses["keymanager.test"], addresses["gateway.test"]];

/** Connects to a member as the process of another one. */
async function greetAs(host: string, inDomain = domain, at: string = here): Promise<Socket> {
  const socket = connect({ host: at, port });
  socket.on("error", () => undefined);
  socket.resume();
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(`${JSON.stringify({ kind: "hello", domain: inDomain, member: { host, port }, registry: "its own" })}\n`);
  return socket;
}

describe("stand-in: members that leave a cluster", () => {
  /** What happened, in order. */
  let events: string[];
  const open = new Set<Cluster>();
  const sockets: Socket[] = [];
  beforeEach(() => {
    events = [];
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const cluster of open) await cluster.close();
    open.clear();
  });

  /** @param silence seconds */
  async function start(silence: number, at: string = here, member?: string): Promise<Cluster> {
    const log = (text: string) => {
      const [, what = ""] = /^Member (joined|lost|left)/.exec(text) ?? [];
      if (what !== "" && at === here) events.push(what);
    };
    const cluster = await joinCluster(
      {
        domain,
        scheme: "wka",
        local: { host: at, port },
        members: member === undefined ? [] : [{ host: member, port }],
      },
      { log: { info: log, warn: log, error: log }, lookup, registry: at, silence },
    );
    open.add(cluster);
    return cluster;
  }

  async function join(): Promise<Socket> {
    const socket = await greetAs(there);
    sockets.push(socket);
    await happened("joined");
    return socket;
  }

  const happened = (what: string, times = 1) =>
    eventually(async () => events.filter((each) => each === what).length >= times);
  const settle = (cluster: Cluster) => cluster.settled().then(() => events.push("settled"));

  it("a member that says goodbye leaves at once", async () => {
    const cluster = await start(600);
    const socket = await join();
    socket.write('{"kind":"goodbye"}\n');
    await happened("left");
    await settle(cluster);
    assert.deepEqual([events, cluster.members()], [["joined", "left", "settled"], []]);
  });

  it("a member that is stopped says goodbye to the others, which go on at once", async () => {
    const one = await start(600, here, there);
    const other = await start(600, there, here);
    await eventually(async () => one.members().length + other.members().length === 2);
    await other.close();
    await happened("left");
    await settle(one);
    assert.deepEqual(events, ["joined", "left", "settled"]);
  });

  for (const [how, kill] of [
    ["ends", (socket: Socket) => void socket.destroy()],
    ["is reset", (socket: Socket) => void socket.resetAndDestroy()],
  ] as const)
    it(`a member whose connection ${how} without a goodbye stays a member until it has been silent long enough`, async () => {
      const cluster = await start(0.4);
      kill(await join());
      await happened("lost");
      assert.deepEqual(cluster.members(), [{ host: there, port }]);
      await settle(cluster);
      assert.deepEqual([events, cluster.members()], [["joined", "lost", "left", "settled"], []]);
    });

  it("a member that keeps its connection and says nothing is given up too", async () => {
    const cluster = await start(0.6);
    await join();
    await sleep(450);
    await settle(cluster);
    assert.deepEqual([events, cluster.members()], [["joined", "left", "settled"], []]);
  });

  it("the next process of a killed member replaces it, and the others go on", async () => {
    const cluster = await start(600);
    let joins = 0;
    cluster.onJoin(() => joins++);
    (await join()).destroy();
    await happened("lost");
    const settled = settle(cluster);
    sockets.push(await greetAs(there));
    await settled;
    assert.deepEqual([events, joins], [["joined", "lost", "left", "joined", "settled"], 2]);
  });

  it("a process that says goodbye after its next process has joined does not take that one with it", async () => {
    const cluster = await start(600);
    const cutOff = await join();
    const next = await greetAs(there);
    sockets.push(next);
    const heard = new Promise((resolve) => cluster.subscribe("greeting", resolve));
    next.write('{"kind":"message","topic":"greeting","body":"hello"}\n');
    await heard;
    cutOff.write('{"kind":"goodbye"}\n');
    await new Promise((resolve) => cutOff.once("close", resolve));
    assert.deepEqual(cluster.members(), [{ host: there, port }]);
    next.write('{"kind":"goodbye"}\n');
    await happened("left");
    assert.deepEqual([events, cluster.members()], [["joined", "left"], []]);
  });

  it("whoever waits for a lost member goes on when this server stops", async () => {
    const cluster = await start(600);
    (await join()).destroy();
    await happened("lost");
    const settled = settle(cluster);
    await cluster.close();
    await settled;
    assert.deepEqual(events, ["joined", "lost", "settled"]);
  });

  it("members that answer are waited for by nobody", async () => {
    const one = await start(0.6, here, there);
    const other = await start(0.6, there, here);
    await eventually(async () => one.members().length + other.members().length === 2);
    await sleep(900);
    await settle(one);
    assert.deepEqual(events, ["joined", "settled"]);
  });
});

describe("stand-in: log-ins while a member of the cluster is lost", function () {
  this.timeout(10_000);

  it("wait until the member has left or has joined again", async () => {
    const deployment = new Deployment(await makeKeys(["keymanager.test", "publisher.test"]));
    const store = () => greetAs(addresses["store.test"], "wso2.pub.store.domain", addresses["publisher.test"]);
    const logged = (text: string) => eventually(async () => deployment.lines.some((line) => line.startsWith(text)));
    let again: Socket | undefined;
    try {
      await (await deployment.start("keymanager.test", "api-key-manager", wiring.keyManager())).started;
      await deployment.start("publisher.test", "api-publisher", wiring.publisher());
      const logIn = async () => {
        const { text } = await fetchFrom("publisher.test", 9445, "/publisher/site/blocks/user/login/ajax/login.jag", {
          method: "POST",
          body: "action=login&username=admin&password=admin",
        });
        assert.equal(text, '{"error":false}');
      };
      const socket = await store();
      await logged("Member joined");
      await logIn();
      socket.destroy();
      // Without a hazelcast.properties, the product gives the member up after ten minutes.
      await logged("Member lost");
      let done = false;
      const waiting = logIn().then(() => {
        done = true;
      });
      // Pages and other requests are answered meanwhile.
      assert.equal((await fetchFrom("publisher.test", 9445, "/publisher/site/pages/login.jag")).status, 200);
      await sleep(300);
      assert.equal(done, false, "the log-in was answered while the member was lost");
      again = await store();
      await waiting;
    } finally {
      again?.destroy();
      await deployment.stop();
    }
  });
});
