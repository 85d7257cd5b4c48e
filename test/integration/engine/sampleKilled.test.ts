import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer, connect as dialSocket, type Server } from "node:net";
import Docker from "dockerode";
import { integrityErrors } from "../../engine/integrity";
import { haveSamples, opened, SampleProject, SampleWorld, samples } from "./sampleSupport";

const docker = new Docker();

/** Everything that up does to the world, in about the order in which it happens; and to its own state. */
const UP = [
  "write 1",
  "write 2",
  "POST /volumes/create",
  "create database",
  "POST /networks/create",
  "create user",
  "grant to",
  "POST /containers/create",
  "POST /networks/bridge/disconnect",
  "POST /networks/sample-net/connect",
  "PUT /containers/.*/archive",
  "POST /containers/.*/start",
  "GET /containers/.*/json",
];
const DESTROY = [
  "write 1",
  "DELETE /containers/",
  "DELETE /volumes/",
  "DELETE /networks/",
  "drop user",
  "drop database",
  "write 2",
];

/** Each run is killed at the next moment and has to cope with what the one before left. */
describe("the sample program, killed at every step", function () {
  this.timeout(240_000);
  const world = new SampleWorld(docker);
  let project: SampleProject;

  before(async function () {
    const why = haveSamples ? await world.start() : `no ${samples}`;
    if (why !== undefined) {
      console.log(`      skipped: ${why}`);
      this.skip();
    }
  });
  beforeEach(() => {
    project = new SampleProject();
  });
  afterEach(async () => {
    project?.dispose();
    if (haveSamples) await world.clean();
  });
  after(async () => {
    if (haveSamples) await world.stop();
  });

  const password = async () => {
    if (!existsSync(project.stateFile)) return undefined;
    const found = (await opened(project.checkpoint())).find(({ urn }) => urn.endsWith("RandomPassword::pw"));
    return (found?.outputs?.result as { secret: string } | undefined)?.secret;
  };

  /** A run that goes on where the last one was killed, and is killed at the next moment. */
  async function killAt(operation: string, moments: readonly string[]): Promise<void> {
    let before: string | undefined;
    for (const KILL of moments) {
      let { code, text } = await project.run(operation, [], { KILL }, "killedEngine.ts");
      if (code === 0) {
        // It came past that moment earlier: from the start, then.
        const back = await project.run(operation === "up" ? "destroy" : "up");
        assert.equal(back.code, 0, back.text);
        before = undefined;
        ({ code, text } = await project.run(operation, [], { KILL }, "killedEngine.ts"));
      }
      assert.equal(code, null, `not killed ${KILL}\n${text}`);
      const now = await password();
      if (operation === "up" && before !== undefined) assert.equal(now, before, `another password after ${KILL}`);
      before = now;
    }
  }

  async function orderly(): Promise<void> {
    const { code, text } = await project.run("up");
    assert.equal(code, 0, text);
    assert.equal(project.checkpoint().pending_operations, undefined);
    const resources = await opened(project.checkpoint());
    assert.deepEqual(integrityErrors(resources), []);
    const urns = resources.map(({ urn }) => urn);
    assert.deepEqual(urns, [...new Set(urns)], "nothing twice");
    assert.equal(urns.length, 17);
    const expected = ["container box", "network sample-net", "volume box-data", "database sampledb", "user sample"];
    assert.deepEqual(await world.leftovers(), expected, "nothing orphaned");
    assert.ok((await docker.getContainer("box").inspect()).State.Running);
    const again = await project.run("up", ["expectNoChanges"]);
    assert.equal(again.code, 0, again.text);
  }

  const looks = ["GET /containers/", "read user", "GET /networks/"];
  for (const [when, ups, destroys] of [
    ["after", UP, DESTROY],
    // What is about to happen is the same as what is recorded as begun: some of each kind will do.
    [
      "before",
      UP.filter((call) => /write|create/.test(call)),
      DESTROY.filter((call) => /write|containers|user/.test(call)),
    ],
  ] as const) {
    const at = (calls: readonly string[]) => calls.map((call) => `${when} ${call}`);
    it(`${when} each call: up, refresh and destroy converge`, async () => {
      await killAt("up", at(ups));
      await orderly();
      await killAt("refresh", at(looks));
      await orderly();
      await killAt("destroy", at(destroys));
      const { code, text } = await project.run("destroy");
      assert.equal(code, 0, text);
      assert.deepEqual(await world.leftovers(), []);
      assert.equal(project.checkpoint().resources, undefined);
    });
  }

  for (const [what, request, when, resource] of [
    ["when it is asked for a container", "POST /containers/create", "before", "Container box-container"],
    ["after it made a volume", "POST /volumes/create", "after", "Volume box-data"],
    ["after it made a network", "POST /networks/create", "after", "Network net"],
    ["after it made a container", "POST /containers/create", "after", "Container box-container"],
  ] as const)
    it(`a Docker engine that goes away ${what}: one clear error, the state as far as it came, and the next run goes on`, async () => {
      const gate = await openGate(request, when);
      project.set("x", `1"\n  docker:host: "tcp://127.0.0.1:${gate.port}`);
      const { code, text } = await project.run("up");
      gate.server.close();
      assert.equal(code, 1);
      assert.match(text, new RegExp(`error: docker:index:${resource}: .*no Docker engine answers.*start it`));
      assert.doesNotMatch(text, /^ +at /m);
      JSON.parse(readFileSync(project.stateFile, "utf8"));
      project.unset();
      await orderly();
      assert.equal((await project.run("destroy")).code, 0);
      assert.deepEqual(await world.leftovers(), []);
    });
});

/** A way to the Docker engine that is closed for good when `request` comes, or when the engine has answered it. */
async function openGate(request: string, when: "before" | "after"): Promise<{ server: Server; port: number }> {
  let open = true;
  const server = createServer((client) => {
    const engine = dialSocket("/var/run/docker.sock");
    let asked = false;
    const end = () => {
      client.destroy();
      engine.destroy();
    };
    client.on("error", end).on("close", end);
    engine.on("error", end).on("close", end);
    if (!open) return end();
    client.on("data", (data) => {
      asked ||= data.toString("latin1").startsWith(request);
      open &&= !(asked && when === "before");
      if (open) engine.write(data);
      else end();
    });
    engine.on("data", (data) => {
      open &&= !asked;
      if (open) client.write(data);
      else end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port };
}
