import type Docker from "dockerode";
import type { Task as ServiceTask } from "../../engine/providers/docker/serviceTasks";
import type { ContainerStatus } from "./serverStatus";

type Task = Omit<ServiceTask, "ID" | "ServiceID">;

/** The parts of the Docker API's answers that are read here. */
interface Machine {
  readonly ID: string;
  readonly Description: { readonly Hostname: string };
  readonly Status: { readonly State: string };
}
interface Service {
  readonly Spec: { readonly Mode?: { readonly Replicated?: { readonly Replicas?: number } } };
}

type Status = Omit<ContainerStatus, "name" | "container" | "url">;

const failedStates = ["failed", "rejected", "orphaned"];

/**
 * How the tasks of a service are: Swarm counts a task as running once its health check has succeeded.
 *
 * @returns undefined when there is no such service
 */
export async function serviceStatus(docker: Docker, service: string): Promise<Status | undefined> {
  try {
    const { Spec } = (await docker.getService(service).inspect()) as Service;
    const wanted = Spec.Mode?.Replicated?.Replicas ?? 1;
    const tasks = (await docker.listTasks({ filters: { service: [service] } })) as Task[];
    const machines = new Map(((await docker.listNodes()) as Machine[]).map((machine) => [machine.ID, machine]));
    return statusOf(tasks, machines, wanted);
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
    return undefined;
  }
}

/** @param wanted how many tasks should run */
export function statusOf(tasks: readonly Task[], machines: ReadonlyMap<string, Machine>, wanted: number): Status {
  const newestFirst = [...tasks].sort((a, b) => (a.CreatedAt < b.CreatedAt ? 1 : -1));
  const current = newestFirst.filter(({ DesiredState }) => DesiredState === "running" || DesiredState === "ready");
  const isDown = ({ NodeID = "" }: Task) => machines.get(NodeID)?.Status.State === "down";
  const running = current.filter((task) => task.Status.State === "running" && !isDown(task));
  const nameOf = ({ NodeID = "" }: Task) => machines.get(NodeID)?.Description.Hostname;
  const on = [...new Set((running.length > 0 ? running : current).flatMap((task) => nameOf(task) ?? []))].sort();
  const late = current.find((task) => !running.includes(task));
  const failed = newestFirst.find(({ Status }) => failedStates.includes(Status.State));
  // A service that somebody has scaled to none runs nothing.
  const healthy = running.length > 0 && running.length >= wanted;
  const state = late?.Status.State ?? failed?.Status.State ?? "no task";
  const causes = [
    wanted === 0 && "scaled to none: refresh, then up, starts it",
    late && isDown(late) ? `${nameOf(late)} is down` : late?.Status.Err,
    failed?.Status.Err,
  ].filter((cause): cause is string => typeof cause === "string" && cause !== "");
  return {
    state: healthy ? "running" : wanted <= 1 ? state : `${running.length}/${wanted} run`,
    health: healthy ? "healthy" : "unhealthy",
    restarts: newestFirst.filter(({ Status }) => failedStates.includes(Status.State)).length,
    ...(on.length > 0 && { machine: on.join(", ") }),
    ...(!healthy && causes.length > 0 && { note: causes[0] }),
  };
}
