import type Docker from "dockerode";
import { execIn } from "../containers";
import type { Machine } from "./machine";

/** A service whose tasks answer HTTP requests with the name of their machine, on a port of that machine. */
export interface WebService {
  readonly name: string;
  /** The tiny image, by the name that all machines know. */
  readonly image: string;
  /** The name or id of an overlay network. */
  readonly network: string;
  readonly port: number;
  /** Where the task may run, e.g. `node.hostname==machine-1`. */
  readonly constraint: string;
}

const containerPort = 8080;

export const webService = ({ name, image, network, port, constraint }: WebService): Docker.CreateServiceOptions => ({
  Name: name,
  TaskTemplate: {
    ContainerSpec: {
      Image: image,
      Command: ["sh", "-c", `echo "$MACHINE" >/www/index.html && exec httpd -f -p ${containerPort} -h /www`],
      Env: ["MACHINE={{.Node.Hostname}}"],
    },
    Networks: [{ Target: network }],
    Placement: { Constraints: [constraint] },
  },
  EndpointSpec: {
    Mode: "dnsrr",
    Ports: [{ Protocol: "tcp", TargetPort: containerPort, PublishedPort: port, PublishMode: "host" }],
  },
});

/** Asks a web server. @returns its answer; undefined if there is none within 2 s */
export async function ask(address: string, port = containerPort): Promise<string | undefined> {
  try {
    const response = await fetch(`http://${address}:${port}/`, { signal: AbortSignal.timeout(2000) });
    return response.ok ? (await response.text()).trim() : undefined;
  } catch {
    return undefined;
  }
}

/** Asks a service's task from the task of another one. @returns the answer; undefined if there is none */
export async function askFromTask(machine: Machine, service: string, name: string): Promise<string | undefined> {
  const container = await containerOf(machine, service);
  const { exitCode, output } = await execIn(container, ["wget", "-q", "-O-", `http://${name}:${containerPort}/`]);
  return exitCode === 0 ? output.trim() : undefined;
}

/** The container of a service's task on a machine. */
export async function containerOf({ name, docker }: Machine, service: string): Promise<Docker.Container> {
  const filters = { label: [`com.docker.swarm.service.name=${service}`] };
  const [container] = await docker.listContainers({ filters });
  if (container === undefined) throw new Error(`${name}: no container of ${service} runs`);
  return docker.getContainer(container.Id);
}

/** The address by which a container of a task leaves its machine. */
export async function gatewayAddressOf({ docker }: Machine, container: Docker.Container): Promise<string> {
  const { Containers = {} } = await docker.getNetwork("docker_gwbridge").inspect();
  const address = Object.entries(Containers).find(([id]) => id === container.id)?.[1].IPv4Address;
  if (address === undefined) throw new Error(`docker_gwbridge: container ${container.id} is not in it`);
  return address.replace(/\/.*/, "");
}
