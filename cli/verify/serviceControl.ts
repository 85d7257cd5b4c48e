import type Docker from "dockerode";
import { stackLabelName, type Topology } from "../../topology";
import { serviceStatus } from "../status/services";
import type { NodeControl } from "./nodeControl";
import { neverAborted, until } from "./waiting";

/** Waits for Swarm. */
const productWaits = {
  /** Milliseconds between two looks. */
  every: 500,
  /** Seconds in which a node must have stopped. */
  stop: 60,
  /** Seconds in which a node must be healthy: a product node takes minutes on a small machine. */
  start: 630,
};

/** The parts of a service that are read and sent back here. */
interface Service {
  readonly Version: { readonly Index: number };
  readonly Spec: { readonly Labels?: Record<string, string>; readonly Mode?: object };
}

/** Stops nodes by asking Swarm for no task of their service, and starts them by asking for one again. */
export class SwarmNodes implements NodeControl {
  readonly stopped = new Set<string>();

  constructor(
    private readonly topology: Pick<Topology, "prefix">,
    private readonly docker: Docker,
    private readonly waits = productWaits,
  ) {}

  container(name: string): string {
    return `${this.topology.prefix}-${name}`;
  }

  startCommand(names: readonly string[]): string {
    return `docker service scale ${names.map((name) => `${this.container(name)}=1`).join(" ")}`;
  }

  async check(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await this.inspect(name);
      const status = await serviceStatus(this.docker, this.container(name));
      if (status?.health !== "healthy")
        throw new Error(
          `--resilience: expected every node to be healthy before one is stopped, found ${this.container(name)} ${status?.state ?? "missing"}; see: npm run status`,
        );
    }
  }

  async stop(name: string): Promise<void> {
    // Before the request: if its answer is lost, the node has to be started all the same.
    this.stopped.add(name);
    await this.scale(name, 0);
    const { every, stop } = this.waits;
    const ended = async () => !(await this.runs(name)) || undefined;
    if (!(await until(ended, { limit: stop * 1000, every, signal: neverAborted })))
      throw new Error(`expected ${name} to stop within ${stop} s; see: docker service ps ${this.container(name)}`);
  }

  async start(name: string, signal: AbortSignal, progress: (text: string) => void): Promise<void> {
    await this.scale(name, 1);
    const { every, start: limit } = this.waits;
    const healthy = await until(
      async () =>
        signal.aborted || (await serviceStatus(this.docker, this.container(name)))?.health === "healthy" || undefined,
      {
        limit: limit * 1000,
        every,
        // Ctrl-C must not end the wait before the node has been looked at.
        signal: neverAborted,
        progress: (seconds) => progress(`${name} is not healthy yet: ${seconds} s of at most ${limit} s`),
      },
    );
    if (!healthy)
      throw new Error(
        `expected ${name} to be healthy within ${limit} s after its start; see: docker service ps ${this.container(name)}`,
      );
    this.stopped.delete(name);
  }

  /** Whether a task of the node's service runs or is being stopped. */
  private async runs(name: string): Promise<boolean> {
    const tasks = await this.docker.listTasks({ filters: { service: [this.container(name)] } });
    return tasks.some(({ Status }) => Status?.State === "running" || Status?.State === "starting");
  }

  private async scale(name: string, replicas: number): Promise<void> {
    const { Version, Spec } = await this.inspect(name);
    const changed = { ...Spec, Mode: { Replicated: { Replicas: replicas } }, version: Version.Index };
    await this.docker.getService(this.container(name)).update(changed);
  }

  /** @throws unless the service belongs to this deployment */
  private async inspect(name: string): Promise<Service> {
    const service = this.container(name);
    const found = await this.docker
      .getService(service)
      .inspect()
      .catch((error: Error & { statusCode?: number }) => {
        if (error.statusCode !== 404) throw error;
        throw new Error(
          `--resilience: expected service ${service} on this swarm, found none; if the deployment runs on another one, set DOCKER_HOST`,
        );
      });
    const label = (found as Service).Spec.Labels?.[stackLabelName];
    if (label !== this.topology.prefix)
      throw new Error(
        `--resilience: expected label ${stackLabelName}=${this.topology.prefix} on service ${service}, found ${label ?? "none"}; it is not a service of this stack and is not stopped`,
      );
    return found as Service;
  }
}
