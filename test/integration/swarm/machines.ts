import { mkdirSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import type Docker from "dockerode";
import { splitTag } from "../../../cli/setup/debootstrap";
import { eventually } from "../waiting";
import { debianPackage } from "./debianPackage";
import { addressPrefix, Lab } from "./lab";
import { finished, Machine } from "./machine";
import { formSwarm, setLabels } from "./nodes";

/** What {@link startMachines} starts. */
export interface MachinesOptions {
  /** 1..9. @default 3 */
  readonly count?: number;
  /** How many of them are managers, from the first one on. @default all */
  readonly managers?: number;
  /** Labels of nodes, by the name of the machine. */
  readonly labels?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Machines that form a swarm, and a registry that they use. */
export interface Swarm {
  readonly machines: readonly Machine[];
  /** The address of the registry, `<address>:<port>`. */
  readonly registry: string;
  /** Pushes an image of a machine to the registry. @returns the name by which all machines can use it */
  push(image: string, from: Machine): Promise<string>;
  /** Removes all of it. */
  stop(): Promise<void>;
}

/**
 * Starts Docker engines that form a swarm, each with a network, a host name, processes and mounts of its own, as on
 * several computers. This process reaches the machines' addresses and all their containers. Whatever ends this process
 * ends the machines too.
 *
 * The kernel of the computer is the only thing that the machines share. There is no way to the internet, and no IPVS in
 * some kernels: services need the endpoint mode dnsrr and ports in host mode. Three machines start in about 3 s.
 *
 * @see whySwarmTestsAreSkipped to call first
 */
export async function startMachines({
  count = 3,
  managers = count,
  labels = {},
}: MachinesOptions = {}): Promise<Swarm> {
  assertBetween("count", count, 9);
  assertBetween("managers", managers, count);
  const registryFiles = await debianPackage("docker-registry");
  const lab = new Lab();
  await lab.open(count);
  try {
    const registry = startRegistry(lab, registryFiles);
    const machines = Array.from({ length: count }, (_, index) => new Machine(lab, index + 1, registry));
    await Promise.all(machines.map((machine) => machine.startEngine()));
    const manager = await formSwarm(machines, managers);
    for (const [name, values] of Object.entries(labels)) await setLabels(manager, name, values);
    await eventually("the registry answers", () => answers(`http://${registry}/v2/`));
    return {
      machines,
      registry,
      push: (image, from) => push(image, from.docker, registry),
      stop: () => lab.close(),
    };
  } catch (error) {
    await lab.close();
    throw error;
  }
}

function assertBetween(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new Error(`${name}: expected 1 to ${most}, found ${value}`);
}

function startRegistry(lab: Lab, files: string): string {
  const address = `${addressPrefix()}.1:5000`;
  const directory = path.join(lab.directory, "registry");
  mkdirSync(directory);
  const configuration = path.join(directory, "config.json");
  writeFileSync(
    configuration,
    JSON.stringify({
      version: 0.1,
      log: { level: "warn" },
      storage: { filesystem: { rootdirectory: path.join(directory, "data") }, delete: { enabled: true } },
      http: { addr: address },
    }),
  );
  lab.spawn(path.join(files, "usr/bin/docker-registry"), "serve", configuration);
  return address;
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

async function push(image: string, docker: Docker, registry: string): Promise<string> {
  const [name, tag] = splitTag(image);
  const repo = `${registry}/${name}`;
  await docker.getImage(image).tag({ repo, tag });
  const pushed = docker.getImage(`${repo}:${tag}`);
  // The engine asks for a log-in, even if the registry does not.
  await finished(docker, await pushed.push({ authconfig: { serveraddress: registry } }));
  return `${repo}:${tag}`;
}
