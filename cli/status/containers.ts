import Docker from "dockerode";
import { stackCommand } from "../../settings/field";
import { managementUrl, type Topology } from "../../topology";
import { greeting } from "./externalServer";
import { describeTrouble, formerEnd, lastLine, reasonToGiveUp } from "./trouble";

/** One container of the deployment as Docker sees it. */
export interface ContainerStatus {
  readonly name: string;
  readonly container: string;
  /** Docker's state, or `missing`; `external` for a MySQL server that the user runs. */
  readonly state: string;
  /** Docker's health, or `-`. */
  readonly health: string;
  /** How often Docker has started it again by itself. */
  readonly restarts: number;
  readonly url: string;
  /** What a person should know beyond the columns: why it is not healthy, or was not. */
  readonly note?: string;
}

/** MySQL, the nodes and the balancer, in this order. @param stack for the commands that help */
export async function containerStatuses(topology: Topology, stack: string): Promise<ContainerStatus[]> {
  const gateways = topology.environments.map(({ apiHost, apiHttpsPort }) => `https://${apiHost}:${apiHttpsPort}`);
  const docker = new Docker();
  const whenGone = `it is gone: ${stackCommand("refresh", stack)}, then ${stackCommand("up", stack)}`;
  const statusOf = async (name: string, url: string) => {
    const row = { name, container: `${topology.prefix}-${name}`, url };
    const seen = await containerStatus(docker, row.container);
    return seen ? { ...row, ...seen } : { ...row, state: "missing", health: "-", restarts: 0, note: whenGone };
  };
  return Promise.all([
    databaseStatus(topology, statusOf),
    ...topology.nodes.map((node) => statusOf(node.name, managementUrl(topology, node))),
    statusOf(topology.balancer.name, [...new Set(gateways)].join(", ")),
  ]);
}

export function isHealthy({ state, health }: Pick<ContainerStatus, "state" | "health">): boolean {
  return (state === "running" || state === "external") && health === "healthy";
}

async function databaseStatus(
  { databaseServer: { name, endpoint, external } }: Topology,
  containerStatusOf: (name: string, url: string) => Promise<ContainerStatus>,
): Promise<ContainerStatus> {
  const url = `${endpoint.host}:${endpoint.port}`;
  if (!external) return containerStatusOf(name, url);
  const found = await greeting(endpoint.host, endpoint.port);
  const row = { name, container: "-", state: "external", restarts: 0, url };
  return "version" in found
    ? { ...row, health: "healthy" }
    : { ...row, health: "unreachable", note: `${url}: ${found.trouble}` };
}

/** Undefined when there is no such container. */
async function containerStatus(
  docker: Docker,
  container: string,
): Promise<Omit<ContainerStatus, "name" | "container" | "url"> | undefined> {
  const handle = docker.getContainer(container);
  try {
    const inspected = await handle.inspect();
    const { State, RestartCount } = inspected;
    const seen = { state: State.Status, health: State.Health?.Status ?? "-", restarts: RestartCount };
    // A container without a terminal gives its output in frames of stdout and stderr.
    const output = { stdout: true, stderr: true };
    const lastWords = isHealthy(seen) ? undefined : lastLine(await handle.logs({ ...output, tail: 20 }));
    const gaveUp =
      RestartCount === 0 ? undefined : reasonToGiveUp(await handle.logs({ ...output, ...formerEnd(inspected) }));
    const now = Date.now();
    const note = describeTrouble(inspected, { now, ...(lastWords && { lastWords }), ...(gaveUp && { gaveUp }) });
    return { ...seen, ...(note && { note }) };
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
    return undefined;
  }
}
