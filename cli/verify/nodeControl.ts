import type Docker from "dockerode";
import type { Topology } from "../../topology";
import { OwnNodes } from "./ownNodes";

/** Stops and starts nodes of a deployment. */
export interface NodeControl {
  /** Names of the nodes that are stopped, or started and not healthy yet. */
  readonly stopped: ReadonlySet<string>;
  /** Rejects unless each node's container belongs to this deployment and is healthy. */
  readonly check: (names: readonly string[]) => Promise<void>;
  readonly stop: (name: string) => Promise<void>;
  /** Starts a node and waits until it is healthy; once the signal is aborted, it does not wait. */
  readonly start: (name: string, signal: AbortSignal, progress: (text: string) => void) => Promise<void>;
  /** The node's container or service. */
  readonly container: (name: string) => string;
  /** The command that starts these nodes again. */
  readonly startCommand: (names: readonly string[]) => string;
}

/** The variable with the seconds in which a server must have started. */
const startLimit = /^START_LIMIT_SECONDS=(\d+)$/;
/** Seconds, for a container without that variable. */
const defaultStartLimit = 600;
/** How often a container is looked at, and how long Docker's health check may need to notice the end of a start. */
const productWaits = {
  /** Milliseconds. */
  every: 500,
  /** Seconds. */
  lag: 30,
};

/** Stops and starts containers on a Docker engine, and only those that have the label of the deployment. */
export class DockerNodes extends OwnNodes<Docker.ContainerInspectInfo> implements NodeControl {
  constructor(
    topology: Pick<Topology, "prefix">,
    private readonly docker: Docker,
    private readonly waits = productWaits,
  ) {
    super(topology, { kind: "container", place: "this Docker engine" });
  }

  startCommand(names: readonly string[]): string {
    return `docker start ${names.map((name) => this.container(name)).join(" ")}`;
  }

  async stop(name: string): Promise<void> {
    await this.inspect(name);
    // Before the request: if its answer is lost, the node has to be started all the same.
    this.stopped.add(name);
    await unlessDone(this.docker.getContainer(this.container(name)).stop());
  }

  async start(name: string, signal: AbortSignal, progress: (text: string) => void): Promise<void> {
    await unlessDone(this.docker.getContainer(this.container(name)).start());
    const { Config } = await this.inspect(name);
    const given = (Config.Env ?? []).map((line) => startLimit.exec(line)?.[1]).find(Boolean);
    const limit = Number(given ?? defaultStartLimit) + this.waits.lag;
    const state = async () => (await this.inspect(name)).State;
    const isHealthy = async () => (await state()).Health?.Status === "healthy";
    if (await this.isLate(name, { limit, every: this.waits.every }, isHealthy, signal, progress)) {
      const { Status, Health } = await state();
      throw new Error(
        `expected ${name} to be healthy within ${limit} s after its start, found ${Health?.Status ?? Status}; see: docker logs ${this.container(name)}`,
      );
    }
    this.stopped.delete(name);
  }

  protected async healthOf(name: string): Promise<string> {
    const { State } = await this.inspect(name);
    return State.Running ? (State.Health?.Status ?? "without a health check") : State.Status;
  }

  protected find(container: string): Promise<Docker.ContainerInspectInfo> {
    return this.docker.getContainer(container).inspect();
  }

  protected labelsOf({ Config }: Docker.ContainerInspectInfo): Readonly<Record<string, string>> | undefined {
    return Config.Labels;
  }
}

/** Docker answers 304 when the container is in the wanted state already. */
async function unlessDone(request: Promise<unknown>): Promise<void> {
  await request.catch((error: Error & { statusCode?: number }) => {
    if (error.statusCode !== 304) throw error;
  });
}
