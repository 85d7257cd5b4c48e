import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer, connect as dialSocket, type Server } from "node:net";
import { integrityErrors } from "../../engine/integrity";
import { docker } from "../testStack";
import { type Checkpoint, decrypted, SampleProject, sample, sampleObjects, useSampleWorld } from "./sampleSupport";

/** The calls that `up` makes, roughly in their order: to Docker, to MySQL, and to write the state file. */
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

/** Each run is killed one call later, and starts from the state that the previous run left. */
describe("embedded engine: the sample program, killed at each call", function () {
  this.timeout(240_000);
  const world = useSampleWorld();
  let project: SampleProject;

  beforeEach(() => {
    project = new SampleProject();
  });
  afterEach(async () => {
    project?.dispose();
    await world.clean();
  });

  const password = async () => {
    if (!existsSync(project.stateFile)) return undefined;
    const found = (await decrypted(project.checkpoint())).find(({ urn }) => urn.endsWith("RandomPassword::pw"));
    return (found?.outputs?.result as { secret: string } | undefined)?.secret;
  };

  /** Repeats an operation from where the last run was killed. Each run is killed at the next of these calls. */
  async function killAt(operation: string, calls: readonly string[]): Promise<void> {
    let before: string | undefined;
    for (const KILL of calls) {
      let { code, text } = await project.run(operation, [], { KILL }, "killedEngine.ts");
      if (code === 0) {
        // Earlier runs have made this call already: undo everything and start again.
        const undo = await project.run(operation === "up" ? "destroy" : "up");
        assert.equal(undo.code, 0, undo.text);
        before = undefined;
        ({ code, text } = await project.run(operation, [], { KILL }, "killedEngine.ts"));
      }
      assert.equal(code, null, `not killed ${KILL}\n${text}`);
      const now = await password();
      if (operation === "up" && before !== undefined) assert.equal(now, before, `another password after ${KILL}`);
      before = now;
    }
  }

  /** Asserts that `up` completes and leaves a valid state with each resource once. */
  async function assertUpConverges(): Promise<void> {
    const { code, text } = await project.run("up");
    assert.equal(code, 0, text);
    assert.equal(project.checkpoint().pending_operations, undefined);
    const resources = await decrypted(project.checkpoint());
    assert.deepEqual(integrityErrors(resources), []);
    const urns = resources.map(({ urn }) => urn);
    assert.deepEqual(urns, [...new Set(urns)], "no URN occurs twice");
    const official = JSON.parse(sample("03-state-after-up.json")).deployment as Checkpoint;
    const expected = (official.resources ?? []).map(({ urn }) => urn);
    assert.deepEqual([...urns].sort(), expected.sort(), "the same resources as in the official state");
    assert.deepEqual(await world.leftovers(), sampleObjects);
    assert.ok((await docker.getContainer("box").inspect()).State.Running);
    const again = await project.run("up", ["expectNoChanges"]);
    assert.equal(again.code, 0, again.text);
  }

  const reads = ["GET /containers/", "read user", "GET /networks/"];
  for (const [when, ups, destroys] of [
    ["after", UP, DESTROY],
    // Before a call, the state is mostly the same as after the write before it: some calls of each kind are enough.
    [
      "before",
      UP.filter((call) => /write|create/.test(call)),
      DESTROY.filter((call) => /write|containers|user/.test(call)),
    ],
  ] as const) {
    const at = (calls: readonly string[]) => calls.map((call) => `${when} ${call}`);
    it(`killed ${when} each call: up, refresh and destroy converge`, async () => {
      await killAt("up", at(ups));
      await assertUpConverges();
      await killAt("refresh", at(reads));
      await assertUpConverges();
      await killAt("destroy", at(destroys));
      const { code, text } = await project.run("destroy");
      assert.equal(code, 0, text);
      assert.deepEqual(await world.leftovers(), []);
      assert.equal(project.checkpoint().resources, undefined);
    });
  }

  for (const [request, when, resource] of [
    ["POST /containers/create", "before", "Container box-container"],
    ["POST /volumes/create", "after", "Volume box-data"],
    ["POST /networks/create", "after", "Network net"],
    ["POST /containers/create", "after", "Container box-container"],
  ] as const)
    it(`Docker connection lost ${when} ${request}: up reports one error, keeps the state, and the next up completes`, async () => {
      const gate = await openGate(request, when);
      project.set("x", `1"\n  docker:host: "tcp://127.0.0.1:${gate.port}`);
      const { code, text } = await project.run("up");
      gate.server.close();
      assert.equal(code, 1);
      assert.match(text, new RegExp(`error: docker:index:${resource}: .*no Docker engine answers.*start it`));
      assert.doesNotMatch(text, /^ +at /m);
      JSON.parse(readFileSync(project.stateFile, "utf8"));
      project.unset();
      await assertUpConverges();
      assert.equal((await project.run("destroy")).code, 0);
      assert.deepEqual(await world.leftovers(), []);
    });
});

/** A proxy to the Docker engine that closes for good before it forwards a request, or before it returns the answer. */
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
