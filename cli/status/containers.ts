import Docker from "dockerode";
import type { RecordedResource } from "../../engine";
import { logText } from "../../engine/providers/docker/logText";
import { stackCommand } from "../../settings/field";
import { managementUrl, type Topology } from "../../topology";
import { greeting } from "./externalServer";
import type { ContainerStatus } from "./serverStatus";
import { serviceStatus } from "./services";
import { describeTrouble, lastLineOf, previousEnd, reasonToGiveUp } from "./trouble";

/** The names in Docker of the containers and services that an engine has created. */
export function containersIn(resources: readonly RecordedResource[]): ReadonlySet<string> {
  const created = resources.filter(({ type, exists }) => exists && /:(Container|Service)$/.test(type));
  return new Set(created.map(({ outputs }) => String(outputs.name)));
}

/**
 * MySQL, the nodes and the load balancer, in this order.
 *
 * @param stack the stack's name, for commands in notes
 * @param created the names of the containers that were created, as {@link containersIn} returns them
 */
export async function containerStatuses(
  topology: Topology,
  stack: string,
  created: ReadonlySet<string>,
): Promise<ContainerStatus[]> {
  const gateways = topology.environments.map(({ apiHost, apiHttpsPort }) => `https://${apiHost}:${apiHttpsPort}`);
  const docker = new Docker();
  const up = stackCommand("up", stack);
  const whenGone = `gone; to create it again, run: ${stackCommand("refresh", stack)}, then ${up}`;
  const whenNew = `not created yet, because the last up failed or was stopped; to continue, run: ${up}`;
  const statusOf = async (name: string, url: string) => {
    const row = { name, container: `${topology.prefix}-${name}`, url };
    const read = topology.platform === "swarm" ? serviceStatus : containerStatus;
    const status = await read(docker, row.container);
    if (status) return { ...row, ...status };
    const note = created.has(row.container) ? whenGone : whenNew;
    return { ...row, state: "missing", health: "-", restarts: 0, note };
  };
  return Promise.all([
    databaseStatus(topology, statusOf),
    ...topology.nodes.map((node) => statusOf(node.name, managementUrl(topology, node))),
    statusOf(topology.balancer.name, [...new Set(gateways)].join(", ")),
    ...(topology.platform === "docker" ? [statusOf(topology.balancer.files.name, "-")] : []),
  ]);
}

export function isHealthy({ state, health }: Pick<ContainerStatus, "state" | "health">): boolean {
  return (state === "running" || state === "external") && health === "healthy";
}

/**
 * What to do when all containers are stopped, which one command starts again; undefined when one of them runs, or is gone.
 *
 * @param statuses each after those that it waits for
 */
export function allStopped(statuses: readonly ContainerStatus[]): string | undefined {
  const containers = statuses.filter(({ state }) => state !== "external");
  if (!containers.every(({ state }) => state === "exited")) return undefined;
  const names = containers.map(({ container }) => container).join(" ");
  return `All containers are stopped: by docker stop, or because the Docker engine crashed, after which it does not start them again. To start them, run: docker start ${names}`;
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

/** @returns undefined when there is no such container */
async function containerStatus(
  docker: Docker,
  container: string,
): Promise<Omit<ContainerStatus, "name" | "container" | "url"> | undefined> {
  const handle = docker.getContainer(container);
  try {
    const inspected = await handle.inspect();
    const { State, RestartCount } = inspected;
    const status = { state: State.Status, health: State.Health?.Status ?? "-", restarts: RestartCount };
    const lastLine = isHealthy(status) ? undefined : lastLineOf(await logText(handle, { tail: 20 }));
    const gaveUp = RestartCount === 0 ? undefined : reasonToGiveUp(await logText(handle, previousEnd(inspected)));
    const note = describeTrouble(inspected, {
      now: Date.now(),
      ...(lastLine && { lastLine }),
      ...(gaveUp && { gaveUp }),
    });
    return { ...status, ...(note && { note }) };
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
    return undefined;
  }
}
