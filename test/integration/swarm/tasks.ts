import type { Machine } from "./machine";
import { nodesOf } from "./nodes";

/** What an engine answers about a task. */
interface Task {
  readonly NodeID?: string;
  readonly DesiredState: string;
  readonly Status: { readonly State: string };
}

/** The sorted names of the machines on which the tasks of a service run. @param manager the machine to ask */
export async function machinesOf(manager: Machine, service: string): Promise<string[]> {
  const names = new Map([...(await nodesOf(manager))].map(([name, { ID }]) => [ID, name]));
  const tasks = (await manager.docker.listTasks({ filters: { service: [service] } })) as Task[];
  return tasks
    .filter(({ DesiredState, Status }) => DesiredState === "running" && Status.State === "running")
    .map(({ NodeID = "" }) => names.get(NodeID) ?? NodeID)
    .sort();
}

/** The servers of a deployment that run on a machine as its own engine says, one entry for each container. */
export async function runningTasks({ docker }: Machine, prefix: string): Promise<string[]> {
  const found = await docker.listContainers({ filters: { name: [`^/${prefix}-`] } });
  return found.map(({ Names }) => (Names[0] ?? "").slice(prefix.length + 2).replace(/\..*$/, ""));
}

/** Removes the containers of a service from a machine, so that Swarm starts others. */
export async function removeTask({ docker }: Machine, service: string): Promise<void> {
  for (const { Id } of await docker.listContainers({ filters: { name: [`^/${service}\\.`] } }))
    await docker.getContainer(Id).remove({ force: true });
}
