/** The tasks of a service: how many run, and what is wrong with the others. */

import type Docker from "dockerode";
import { withoutSecrets } from "./containerSecrets";
import { attempt } from "./error";
import { textOfFrames } from "./logText";
import type { Inputs } from "./serviceTable";

/** The parts of a task that are read here. */
export interface Task {
  readonly ID: string;
  readonly ServiceID: string;
  readonly Slot?: number;
  readonly NodeID?: string;
  readonly CreatedAt: string;
  readonly DesiredState: string;
  readonly Status: {
    readonly State: string;
    readonly Message?: string;
    readonly Err?: string;
    readonly ContainerStatus?: { readonly ExitCode?: number } | null;
  };
}

interface Node {
  readonly ID: string;
  readonly Description?: { readonly Hostname?: string };
  readonly Status?: { readonly State?: string };
}

const MAX_SLOTS = 3;
const LOG_LINES = 10;
/** The log of a task comes from its node, which may be the problem. */
const LOG_LIMIT_MS = 5_000;

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /no such image|pull access denied|manifest unknown|manifest for .* not found/i,
    "the node can't get the image: push it to a registry that all nodes reach, and give registryAuth if it needs a login",
  ],
  [
    /no suitable node|scheduling constraints/i,
    "no node fits: compare placement, resources and host ports with docker node ls and docker node inspect",
  ],
  [/bind source path does not exist/i, "create the directory on that node, or use a volume"],
  [
    /address already in use|port is already allocated|already in use by service/i,
    "free the port, or choose another one",
  ],
  [/unhealthy/i, "see its log; if it starts slowly, raise healthcheck.startPeriod"],
  [/exit \(137\)/, "it was killed: if memory ran out, raise resources.limits.memoryBytes"],
  [/exec format error/i, "the image is for another platform than the node: give placement.platforms"],
];

export const tasksOf = async (docker: Docker, service: string, wanted: object = {}): Promise<readonly Task[]> =>
  attempt(`list tasks of service ${service}`, docker.listTasks({ filters: { service: [service], ...wanted } }));

const nodesOf = async (docker: Docker): Promise<readonly Node[]> => attempt("list nodes", docker.listNodes());

const downOf = (nodes: readonly Node[]): ReadonlySet<string> =>
  new Set(nodes.filter(({ Status }) => Status?.State === "down").map(({ ID }) => ID));

/** The number of slots whose tasks all run on nodes that are not down. */
export async function runningSlots(docker: Docker, service: string): Promise<number> {
  const [tasks, nodes] = await Promise.all([
    tasksOf(docker, service, { "desired-state": ["running"] }),
    nodesOf(docker),
  ]);
  const down = downOf(nodes);
  const slots = bySlot(tasks.filter(({ NodeID = "" }) => !down.has(NodeID)));
  return slots.filter((slot) => slot.every(({ Status }) => Status.State === "running")).length;
}

const ENDED = /^(complete|shutdown|failed|rejected|orphaned|remove)$/;

/** Whether a container of a deleted service may still run, on a node that is not down. */
export async function hasLivingTasks(docker: Docker, service: string): Promise<boolean> {
  // Without a filter, because Docker refuses one with a service that no longer exists.
  const tasks: readonly Task[] = await attempt("list tasks", docker.listTasks());
  const living = tasks.filter(
    ({ ServiceID, NodeID, Status }) => ServiceID === service && NodeID && !ENDED.test(Status.State),
  );
  if (living.length === 0) return false;
  const down = downOf(await nodesOf(docker));
  return living.some(({ NodeID = "" }) => !down.has(NodeID));
}

/** The tasks by slot, each newest first; a global service has one slot for each node. */
function bySlot(tasks: readonly Task[]): readonly (readonly Task[])[] {
  const slots = new Map<string | number, Task[]>();
  for (const task of [...tasks].sort((a, b) => (a.CreatedAt < b.CreatedAt ? 1 : -1))) {
    const key = task.Slot ?? task.NodeID ?? "";
    slots.set(key, [...(slots.get(key) ?? []), task]);
  }
  return [...slots.values()];
}

/** What an error says about tasks: what failed last in each slot that does not run, where, and the end of its log. */
export async function describeTasks(
  docker: Docker,
  service: string,
  inputs: Inputs,
  redact: (text: string) => string,
): Promise<string> {
  const [tasks, nodes] = await Promise.all([tasksOf(docker, service), nodesOf(docker)]);
  const hostname = ({ NodeID }: Task) => nodes.find(({ ID }) => ID === NodeID)?.Description?.Hostname ?? NodeID ?? "";
  const failing = bySlot(tasks)
    .filter(([newest]) => newest?.Status.State !== "running")
    .flatMap((slot) => slot.find(({ Status }) => Status.Err) ?? slot[0] ?? []);
  const lines = await Promise.all(
    failing.slice(0, MAX_SLOTS).map((task) => describe(docker, task, inputs, hostname(task))),
  );
  const more = failing.length > MAX_SLOTS ? [`and ${failing.length - MAX_SLOTS} more tasks`] : [];
  const env = Object.entries(inputs.taskSpec.containerSpec.env ?? {}).map(([name, value]) => `${name}=${value}`);
  return redact(withoutSecrets([...lines, ...more].join("\n  "), { envs: env }));
}

async function describe(docker: Docker, task: Task, { name }: Inputs, hostname: string): Promise<string> {
  const { State, Err, Message, ContainerStatus } = task.Status;
  const code = ContainerStatus?.ExitCode;
  const exit = code ? `, exit code ${code}` : "";
  const why = Err || Message || "no reason given";
  const where = hostname === "" ? "on no node yet" : `on node ${hostname}`;
  const remedy = REMEDIES.find(([pattern]) => pattern.test(why))?.[1];
  const log = hostname === "" ? "" : await lastLines(docker, task.ID);
  return [
    `task ${name}.${task.Slot ?? hostname} ${where}: ${State}: ${why}${exit}${remedy ? `; ${remedy}` : ""}`,
    ...(log === "" ? [] : [`  last lines of its log:\n      ${log.replaceAll("\n", "\n      ")}`]),
  ].join("\n  ");
}

async function lastLines(docker: Docker, task: string): Promise<string> {
  // The types of dockerode do not have it.
  const handle = docker.getTask(task) as unknown as { logs(part: object): Promise<Buffer> };
  const read = handle.logs({ stdout: true, stderr: true, tail: LOG_LINES, follow: false });
  const raw = await attempt("task log", read, LOG_LIMIT_MS).catch(() => Buffer.alloc(0));
  return textOfFrames(raw).trim();
}
