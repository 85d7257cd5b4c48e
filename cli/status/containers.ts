import Docker from "dockerode";
import type { StackOutputs } from "../../outputs";
import { describeTrouble, lastLine } from "./trouble";

/** One container of the deployment as Docker sees it. */
export interface ContainerStatus {
  readonly name: string;
  readonly container: string;
  /** Docker's state, or `missing`. */
  readonly state: string;
  /** Docker's health, or `-`. */
  readonly health: string;
  /** How often Docker has started it again by itself. */
  readonly restarts: number;
  readonly url: string;
  /** What a person should know beyond the columns: why it is not healthy, or was not. */
  readonly note?: string;
}

/** MySQL, the nodes and the balancer, in this order. */
export async function containerStatuses(outputs: StackOutputs): Promise<ContainerStatus[]> {
  const { topology, nodes, databases } = outputs;
  const gateways = topology.environments.map(({ apiHost, apiHttpsPort }) => `https://${apiHost}:${apiHttpsPort}`);
  const docker = new Docker();
  const rows = [
    { name: topology.databaseServer.name, url: Object.values(databases)[0]?.split("/")[0] ?? "" },
    ...nodes.map((node) => ({ name: node.name, url: node.managementUrl })),
    { name: topology.balancer.name, url: [...new Set(gateways)].join(", ") },
  ];
  return Promise.all(rows.map(({ name, url }) => containerStatus(docker, name, `${topology.prefix}-${name}`, url)));
}

export function isHealthy({ state, health }: Pick<ContainerStatus, "state" | "health">): boolean {
  return state === "running" && health === "healthy";
}

async function containerStatus(docker: Docker, name: string, container: string, url: string): Promise<ContainerStatus> {
  const row = { name, container, url };
  const handle = docker.getContainer(container);
  try {
    const inspected = await handle.inspect();
    const { State, RestartCount } = inspected;
    const seen = { state: State.Status, health: State.Health?.Status ?? "-", restarts: RestartCount };
    // A container without a terminal gives its output in frames of stdout and stderr.
    const lastWords = isHealthy(seen)
      ? undefined
      : lastLine(await handle.logs({ stdout: true, stderr: true, tail: 20 }));
    const note = describeTrouble(inspected, { now: Date.now(), ...(lastWords && { lastWords }) });
    return { ...row, ...seen, ...(note && { note }) };
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
    return { ...row, state: "missing", health: "-", restarts: 0, note: "it is gone: npm run refresh, then npm run up" };
  }
}
