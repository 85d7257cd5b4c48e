import type Docker from "dockerode";
import type { Topology } from "../../topology";
import { serviceStatus } from "../status/services";
import type { NodeControl } from "./nodeControl";
import { OwnNodes } from "./ownNodes";
import { neverAborted, until } from "./waiting";

/** How long Swarm may take, and how often it is asked. */
const productWaits = {
  /** Milliseconds between two questions. */
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
export class SwarmNodes extends OwnNodes<Service> implements NodeControl {
  constructor(
    topology: Pick<Topology, "prefix">,
    private readonly docker: Docker,
    private readonly waits = productWaits,
  ) {
    super(topology, { kind: "service", place: "this swarm" });
  }

  startCommand(names: readonly string[]): string {
    return `docker service scale ${names.map((name) => `${this.container(name)}=1`).join(" ")}`;
  }

  async stop(name: string): Promise<void> {
    await this.inspect(name);
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
    const isHealthy = async () => (await this.status(name))?.health === "healthy";
    if (await this.isLate(name, { limit, every }, isHealthy, signal, progress))
      throw new Error(
        `expected ${name} to be healthy within ${limit} s after its start; see: docker service ps ${this.container(name)}`,
      );
    this.stopped.delete(name);
  }

  protected async healthOf(name: string): Promise<string> {
    await this.inspect(name);
    const status = await this.status(name);
    return status?.health === "healthy" ? "healthy" : (status?.state ?? "missing");
  }

  protected async find(service: string): Promise<Service> {
    return (await this.docker.getService(service).inspect()) as Service;
  }

  protected labelsOf({ Spec }: Service): Readonly<Record<string, string>> | undefined {
    return Spec.Labels;
  }

  private status(name: string): ReturnType<typeof serviceStatus> {
    return serviceStatus(this.docker, this.container(name));
  }

  /** Whether a task of the node's service runs or is about to. */
  private async runs(name: string): Promise<boolean> {
    const tasks = await this.docker.listTasks({ filters: { service: [this.container(name)] } });
    return tasks.some(({ Status }) => Status?.State === "running" || Status?.State === "starting");
  }

  private async scale(name: string, replicas: number): Promise<void> {
    const { Version, Spec } = await this.inspect(name);
    const changed = { ...Spec, Mode: { Replicated: { Replicas: replicas } }, version: Version.Index };
    await this.docker.getService(this.container(name)).update(changed);
  }
}
