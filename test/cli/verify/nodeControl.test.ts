import assert from "node:assert/strict";
import type Docker from "dockerode";
import { DockerNodes } from "../../../cli/verify/nodeControl";

const own = { "wso2.apim.stack": "apim-dev" };

/** One container of a Docker engine. */
class FakeContainer {
  readonly asked: string[] = [];
  labels: Record<string, string> = own;
  running = true;
  /** Docker's health at each look; the last one stays. */
  health: string[] = ["healthy"];
  environment: string[] = ["START_LIMIT_SECONDS=0"];
  /** Replaces Docker's answer to `stop` and `start`. */
  status: number | undefined;

  async stop(): Promise<void> {
    this.change("stop", false);
  }

  async start(): Promise<void> {
    this.change("start", true);
  }

  private change(what: string, running: boolean): void {
    this.asked.push(what);
    if (this.status !== undefined) throw Object.assign(new Error(`status ${this.status}`), { statusCode: this.status });
    this.running = running;
  }

  async inspect() {
    this.asked.push("inspect");
    const Status = this.health.length > 1 ? this.health.shift() : this.health[0];
    return {
      Config: { Labels: this.labels, Env: this.environment },
      State: { Running: this.running, Status: this.running ? "running" : "exited", Health: { Status } },
    };
  }
}

describe("verify --resilience: nodes on a Docker engine", () => {
  let container: FakeContainer;
  let nodes: DockerNodes;
  const progress: string[] = [];
  const signal = new AbortController().signal;
  const start = (given: AbortSignal = signal) => nodes.start("store-1", given, (text) => void progress.push(text));
  beforeEach(() => {
    container = new FakeContainer();
    const engine = {
      getContainer: (name: string) =>
        name === "apim-dev-store-1"
          ? container
          : { inspect: () => Promise.reject(Object.assign(new Error("no such container"), { statusCode: 404 })) },
    };
    nodes = new DockerNodes({ prefix: "apim-dev" }, engine as unknown as Docker, { every: 1, lag: 1 });
  });

  it("stops a container of the stack, starts it, and waits until it is healthy", async () => {
    await nodes.stop("store-1");
    assert.deepEqual([[...nodes.stopped], container.running], [["store-1"], false]);
    container.health = ["starting", "starting", "starting", "healthy"];
    await start();
    assert.deepEqual([[...nodes.stopped], container.running, container.health], [[], true, ["healthy"]]);
  });

  it("leaves a container of another stack, or without a label, alone", async () => {
    const foreign: Record<string, string>[] = [{ "wso2.apim.stack": "apim-other" }, {}];
    for (const labels of foreign) {
      container.labels = labels;
      await assert.rejects(
        nodes.stop("store-1"),
        /expected label wso2\.apim\.stack=apim-dev on container apim-dev-store-1, found (apim-other|none)/,
      );
      await assert.rejects(nodes.check(["store-1"]), /not a container of this stack/);
    }
    assert.deepEqual([nodes.stopped.size, container.asked.includes("stop")], [0, false]);
  });

  it("names a container that the engine does not have, and DOCKER_HOST", async () => {
    await assert.rejects(
      nodes.stop("store-2"),
      /expected container apim-dev-store-2 on this .*, found none.*DOCKER_HOST/,
    );
    assert.equal(nodes.stopped.size, 0);
  });

  it("requires every node to be healthy before one is stopped", async () => {
    await nodes.check(["store-1"]);
    container.health = ["unhealthy"];
    await assert.rejects(nodes.check(["store-1"]), /found apim-dev-store-1 unhealthy; see: npm run status/);
    container.running = false;
    await assert.rejects(nodes.check(["store-1"]), /found apim-dev-store-1 exited/);
  });

  it("remembers a node whose stop got no answer, so that it is started", async () => {
    container.status = 500;
    await assert.rejects(nodes.stop("store-1"), /status 500/);
    assert.deepEqual([...nodes.stopped], ["store-1"]);
  });

  it("accepts that Docker had nothing to do", async () => {
    container.status = 304;
    await nodes.stop("store-1");
    await start();
    assert.equal(nodes.stopped.size, 0);
  });

  it("starts a node after Ctrl-C without waiting for its health", async () => {
    await nodes.stop("store-1");
    container.health = ["starting"];
    const stop = new AbortController();
    const started = start(stop.signal);
    stop.abort();
    await started;
    assert.deepEqual([container.running, nodes.stopped.size], [true, 0]);
  });

  it("fails when the node is not healthy at the limit, and remembers it", async function () {
    this.timeout(5000);
    const engine = { getContainer: () => container } as unknown as Docker;
    const slow = new DockerNodes({ prefix: "apim-dev" }, engine, { every: 1, lag: 0.05 });
    await slow.stop("store-1");
    container.health = ["starting"];
    await assert.rejects(
      slow.start("store-1", signal, () => undefined),
      /expected store-1 to be healthy within 0\.05 s after its start, found starting; see: docker logs apim-dev-store-1/,
    );
    assert.deepEqual([...slow.stopped], ["store-1"]);
  });
});
