import assert from "node:assert/strict";
import type Docker from "dockerode";
import { SwarmNodes } from "../../../cli/verify/serviceControl";

const own = { "wso2.apim.stack": "apim-dev" };
const service = "apim-dev-store-1";

/** A swarm with one service, whose task is as its replicas say after some looks. */
class FakeSwarm {
  labels: Record<string, string> = own;
  replicas = 1;
  index = 7;
  /** How often the task is still as it was after a change. */
  lag = 0;
  /** Whether a task that starts becomes healthy. */
  starts = true;
  /** Replaces the answer to an update. */
  status: number | undefined;
  readonly updates: Record<string, unknown>[] = [];
  private before = 1;

  readonly docker = {
    getService: (name: string) => ({
      inspect: async () => {
        if (name !== service) throw Object.assign(new Error(`service ${name} not found`), { statusCode: 404 });
        const Mode = { Replicated: { Replicas: this.replicas } };
        return { Version: { Index: this.index }, Spec: { Name: name, Labels: this.labels, TaskTemplate: {}, Mode } };
      },
      update: async (spec: { Mode: { Replicated: { Replicas: number } } }) => {
        this.updates.push(spec);
        if (this.status !== undefined) throw Object.assign(new Error("lost"), { statusCode: this.status });
        this.before = this.replicas;
        this.replicas = spec.Mode.Replicated.Replicas;
        this.index++;
      },
    }),
    listTasks: async () => {
      const running = this.lag-- > 0 ? this.before : this.replicas;
      const State = this.starts || running === 0 ? "running" : "starting";
      return running === 0
        ? [{ CreatedAt: "1", DesiredState: "shutdown", Status: { State: "complete" } }]
        : [{ CreatedAt: "2", DesiredState: "running", Status: { State }, NodeID: "one" }];
    },
    listNodes: async () => [{ ID: "one", Description: { Hostname: "machine-1" }, Status: { State: "ready" } }],
  } as unknown as Docker;
}

describe("verify --resilience: nodes on a swarm", () => {
  let swarm: FakeSwarm;
  let nodes: SwarmNodes;
  const signal = new AbortController().signal;
  const start = (given = signal) => nodes.start("store-1", given, () => undefined);
  beforeEach(() => {
    swarm = new FakeSwarm();
    nodes = new SwarmNodes({ prefix: "apim-dev" }, swarm.docker, { every: 1, stop: 0.2, start: 0.2 });
  });

  it("asks for no task of the service, waits until none runs, and asks for one again until it is healthy", async () => {
    await nodes.check(["store-1"]);
    swarm.lag = 3;
    await nodes.stop("store-1");
    assert.deepEqual([[...nodes.stopped], swarm.replicas], [["store-1"], 0]);
    await assert.rejects(nodes.check(["store-1"]), /found apim-dev-store-1 no task; see: npm run status/);
    swarm.lag = 3;
    await start();
    assert.deepEqual([[...nodes.stopped], swarm.replicas], [[], 1]);
    const spec = { Name: service, Labels: own, TaskTemplate: {} };
    assert.deepEqual(swarm.updates, [
      { ...spec, Mode: { Replicated: { Replicas: 0 } }, version: 7 },
      { ...spec, Mode: { Replicated: { Replicas: 1 } }, version: 8 },
    ]);
  });

  it("leaves a service of another stack, or without a label, alone, and does not list it as stopped", async () => {
    for (const labels of [{ "wso2.apim.stack": "apim-other" }, {}]) {
      swarm.labels = labels as Record<string, string>;
      await assert.rejects(
        nodes.stop("store-1"),
        /expected label wso2\.apim\.stack=apim-dev on service apim-dev-store-1, found (apim-other|none); it is not a service/,
      );
    }
    assert.deepEqual([nodes.stopped.size, swarm.updates], [0, []]);
  });

  it("names a service that the swarm does not have", async () => {
    await assert.rejects(nodes.stop("store-9"), /expected service apim-dev-store-9 on this swarm, found none/);
    assert.equal(nodes.stopped.size, 0);
  });

  it("a node whose stop was not confirmed is started again all the same", async () => {
    swarm.status = 500;
    await assert.rejects(nodes.stop("store-1"), /lost/);
    assert.deepEqual([...nodes.stopped], ["store-1"]);
    assert.equal(
      nodes.startCommand(["store-1", "store-2"]),
      "docker service scale apim-dev-store-1=1 apim-dev-store-2=1",
    );
  });

  it("a task that does not stop, or does not become healthy, is an error with the command that shows why", async () => {
    swarm.lag = Number.POSITIVE_INFINITY;
    const stop = /expected store-1 to stop within 0\.2 s; see: docker service ps apim-dev-store-1/;
    await assert.rejects(nodes.stop("store-1"), stop);
    swarm.lag = 0;
    swarm.starts = false;
    const late =
      /expected store-1 to be healthy within 0\.2 s after its start; see: docker service ps apim-dev-store-1/;
    await assert.rejects(start(), late);
    assert.deepEqual([...nodes.stopped], ["store-1"]);
  });

  it("does not wait for the start once it is interrupted", async () => {
    swarm.starts = false;
    await start(AbortSignal.abort());
    assert.equal(swarm.replicas, 1);
  });
});
