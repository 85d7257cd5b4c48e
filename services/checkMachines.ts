import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";

/** Machines of a swarm, and what they need. */
export interface Place {
  /** Constraints of Swarm. */
  readonly constraints: readonly string[];
  /** A directory that they must have; "" for none. */
  readonly directory: string;
}

/** The service that checks the machines. */
export interface CheckService {
  /** The socket of the Docker engine, a manager. @default the engine of DOCKER_HOST, else the default socket */
  readonly socket?: string;
  readonly name: string;
  /** Label and value of the stack's services. */
  readonly label: readonly [name: string, value: string];
}

export interface MachineNeeds extends CheckService {
  /** With its digest. */
  readonly image: string;
  /** As images name it. */
  readonly architecture: string;
  /** For the registry of the image. */
  readonly login?: { readonly username: string; readonly password: string; readonly serveraddress: string };
  readonly places: readonly Place[];
}

interface Task {
  readonly ServiceID: string;
  readonly NodeID?: string;
  readonly Status: { readonly State: string; readonly Err?: string };
}

interface Machine {
  readonly ID: string;
  readonly Description: { readonly Hostname: string };
  readonly Status: { readonly State: string };
}

const limitMilliseconds = 15 * 60_000;
const endMilliseconds = 30_000;
const pollMilliseconds = 500;
const failedStates = ["failed", "rejected", "orphaned"];

/**
 * Checks that each machine pulls the image and has the shared directory. A service starts a container on each of them, and
 * is removed again. Without this check, Swarm would reject a task only after other servers have started. A machine that is
 * down is left out.
 *
 * Runs inside a dynamic resource, so it uses plain functions only.
 *
 * @throws with what is missing on each machine, and the remedy
 */
export async function checkMachines(needs: MachineNeeds): Promise<void> {
  const docker = dockerEngine(needs);
  const faults: string[] = [];
  for (const place of needs.places) faults.push(...(await faultsOf(docker, needs, place)));
  if (faults.length > 0) throw new Error([...new Set(faults)].join("; "));
}

/**
 * Removes the service of a check that was killed. Does nothing without such a service.
 *
 * @throws if a service of this name is not of this stack
 */
export async function removeMachineCheck(service: CheckService): Promise<void> {
  await remove(dockerEngine(service), service);
}

function dockerEngine({ socket }: CheckService): Docker {
  const Client = require("dockerode") as typeof Docker;
  return new Client(socket === undefined ? {} : { socketPath: socket });
}

async function faultsOf(docker: Docker, needs: MachineNeeds, place: Place): Promise<string[]> {
  // Left by a run that was killed.
  await remove(docker, needs);
  const service = serviceFor(needs, place);
  await (needs.login ? docker.createService(needs.login, service) : docker.createService(service));
  try {
    const until = Date.now() + limitMilliseconds;
    for (;;) {
      const machines = new Map(((await docker.listNodes()) as Machine[]).map((machine) => [machine.ID, machine]));
      const isUp = ({ NodeID = "" }: Task) => machines.get(NodeID)?.Status.State !== "down";
      const all = (await docker.listTasks({ filters: { service: [needs.name] } })) as Task[];
      const tasks = all.filter(isUp);
      const late = tasks.filter(({ Status }) => ![...failedStates, "running"].includes(Status.State));
      if ((tasks.length > 0 && late.length === 0) || Date.now() > until) {
        const wrong = tasks.filter(({ Status }) => Status.State !== "running");
        return wrong.map((task) => faultOf(task, machines.get(task.NodeID ?? "")?.Description.Hostname, needs, place));
      }
      await sleep(pollMilliseconds);
    }
  } finally {
    await remove(docker, needs);
  }
}

function faultOf({ Status }: Task, machine = "a machine", { image }: MachineNeeds, { directory }: Place): string {
  const { State, Err = "" } = Status;
  if (/bind source path does not exist/.test(Err))
    return `sharedDirectory: expected ${directory} on every machine that may run a gateway, found none on ${machine}; mount it there, or set wso2-apim:gatewayPlacement`;
  if (/no such image|pull|manifest/i.test(Err))
    return `imageRegistry: expected ${machine} to pull ${image}, found: ${Err}; check that this machine reaches the registry, trusts it and may log in, or set wso2-apim:nodePlacement`;
  return `${machine}: expected a container of ${image} to run, found ${State}${Err === "" ? "" : `: ${Err}`}; see: docker node ls, docker info on that machine`;
}

/**
 * A service that starts a container on each machine of the place; the container does nothing. It is not a job of Swarm,
 * because the containers of a job stay on the machines after the job has been removed.
 */
function serviceFor({ name, label, image, architecture }: MachineNeeds, { constraints, directory }: Place): object {
  const mounts = [{ Type: "bind", Source: directory, Target: "/run/apim/shared" }];
  return {
    Name: name,
    Labels: { [label[0]]: label[1] },
    Mode: { Global: {} },
    TaskTemplate: {
      ContainerSpec: {
        Image: image,
        Command: ["/bin/bash", "-c", "exec sleep infinity"],
        StopSignal: "SIGKILL",
        Healthcheck: { Test: ["NONE"] },
        Mounts: directory === "" ? [] : mounts,
      },
      RestartPolicy: { Condition: "none" },
      Placement: { Constraints: [...constraints], Platforms: [{ Architecture: architecture, OS: "linux" }] },
    },
  };
}

async function remove(docker: Docker, { name, label: [key, value] }: CheckService): Promise<void> {
  const isGone = (error: { statusCode?: number }) => {
    if (error.statusCode !== 404) throw error;
    return undefined;
  };
  const found = await docker.getService(name).inspect().catch(isGone);
  if (found === undefined) return;
  if (found.Spec?.Labels?.[key] !== value)
    throw new Error(
      `service ${name}: it is not of this stack; remove it (docker service rm ${name}), or set wso2-apim:namePrefix`,
    );
  await docker.getService(name).remove().catch(isGone);
  // Containers that have not ended still mount the directory. Docker refuses a filter with a service that no longer exists.
  const tasks = async () => (await docker.listTasks()) as Task[];
  const isAlive = ({ ServiceID, Status }: Task) => ServiceID === found.ID && Status.State === "running";
  for (const until = Date.now() + endMilliseconds; Date.now() < until && (await tasks()).some(isAlive); )
    await sleep(pollMilliseconds);
}
