import { stackLabelName, type Topology } from "../../topology";
import { neverAborted, until } from "./waiting";

/** What runs the nodes: containers of a Docker engine, or services of a swarm. */
export interface Runner {
  readonly kind: "container" | "service";
  /** E.g. `this Docker engine`. */
  readonly place: string;
}

/** The nodes of one deployment in Docker, of which only those with its label may be stopped. */
export abstract class OwnNodes<Found> {
  /** Names of the nodes that are stopped, or started and not healthy yet. */
  readonly stopped = new Set<string>();

  protected constructor(
    private readonly topology: Pick<Topology, "prefix">,
    private readonly runner: Runner,
  ) {}

  container(name: string): string {
    return `${this.topology.prefix}-${name}`;
  }

  async check(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const found = await this.healthOf(name);
      if (found !== "healthy")
        throw new Error(
          `--resilience: expected every node to be healthy before one is stopped, found ${this.container(name)} ${found}; see: npm run status`,
        );
    }
  }

  /** `healthy`, or what the node is instead. */
  protected abstract healthOf(name: string): Promise<string>;
  /** What Docker says of a container or service of this name. */
  protected abstract find(container: string): Promise<Found>;
  protected abstract labelsOf(found: Found): Readonly<Record<string, string>> | undefined;

  /** Waits until a node that starts is healthy; once the signal is aborted, it does not wait. @returns whether it waited in vain */
  protected async isLate(
    name: string,
    { limit, every }: { readonly limit: number; readonly every: number },
    isHealthy: () => Promise<boolean>,
    signal: AbortSignal,
    progress: (text: string) => void,
  ): Promise<boolean> {
    const healthy = await until(async () => signal.aborted || (await isHealthy()) || undefined, {
      limit: limit * 1000,
      every,
      // Ctrl-C must not end the wait before the node has been looked at.
      signal: neverAborted,
      progress: (seconds) => progress(`${name} is not healthy yet: ${seconds} s of at most ${limit} s`),
    });
    return !healthy;
  }

  /** @throws unless the node's container or service belongs to this deployment */
  protected async inspect(name: string): Promise<Found> {
    const { kind, place } = this.runner;
    const container = this.container(name);
    const found = await this.find(container).catch((error: Error & { statusCode?: number }) => {
      if (error.statusCode !== 404) throw error;
      throw new Error(
        `--resilience: expected ${kind} ${container} on ${place}, found none; if the deployment runs on another one, set DOCKER_HOST`,
      );
    });
    const label = this.labelsOf(found)?.[stackLabelName];
    if (label !== this.topology.prefix)
      throw new Error(
        `--resilience: expected label ${stackLabelName}=${this.topology.prefix} on ${kind} ${container}, found ${label ?? "none"}; it is not a ${kind} of this stack and is not stopped`,
      );
    return found;
  }
}
