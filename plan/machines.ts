import * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import { errorMessage } from "../errors";
import { roleRecords } from "../product/roles";
import { type Settings, sharesApis } from "../settings";
import { SettingsError } from "../settings/parse";
import type { Machines, Node, Topology } from "../topology";
import { dockerSocket } from "./dockerHost";
import type { HostNetwork } from "./hostNetwork";

/** A machine of a swarm, as a manager reports it. */
export interface Machine {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  /** At which other machines reach it. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  /** As images name it, e.g. `amd64`. */
  readonly architecture: string;
  /** Why it takes no tasks: `down`, `drain`, `pause`. @default it takes tasks */
  readonly problem?: string;
}

/** What {@link findMachines} finds. */
export interface FoundMachines {
  readonly machines: Machines;
  readonly warnings: readonly string[];
}

type Wanted = Pick<Topology, "platform" | "balancer" | "databaseServer" | "nodes">;

/**
 * Finds the machines on which the load balancer and MySQL publish their ports, and checks that each server has a machine
 * that it may run on. A machine that is down counts where another one does the same work, so that `up` goes on without it.
 *
 * @param list the machines of the swarm
 * @returns undefined on one Docker engine, and without an engine that creates anything
 * @throws {SettingsError} with all constraints that no machine meets, or when Docker is not a manager of a swarm
 */
export async function findMachines(
  topology: Wanted,
  settings: Settings,
  list: () => Promise<readonly Machine[]> = listMachines,
): Promise<FoundMachines | undefined> {
  if (topology.platform !== "swarm" || !pulumi.runtime.hasMonitor()) return undefined;
  const all = await list();
  const { balancer, databaseServer, nodes } = topology;
  const keepsApis = ({ volumes }: Node) => volumes.length > 0 && !sharesApis(settings);
  const pinned = nodes.filter(keepsApis);
  const free = new Map(nodes.filter((node) => !keepsApis(node)).map((node) => [node.constraints.join(), node]));
  const faults = [
    ...(databaseServer.external
      ? []
      : pinnedFaults("databasePlacement", all, databaseServer.constraints, "set wso2-apim:databaseHost")),
    ...placementFaults("balancerPlacement", all, balancer.constraints, balancer.replicas),
    ...pinned
      .slice(0, 1)
      .flatMap(({ constraints }) =>
        pinnedFaults("gatewayPlacement", all, constraints, "set wso2-apim:sharedDirectory"),
      ),
    ...[...free.values()].flatMap((node) => placementFaults(placementOf(node, settings), all, node.constraints, 1)),
  ];
  if (faults.length > 0) throw new SettingsError(faults);
  const ofDatabase = databaseServer.external ? [] : matching(all, databaseServer.constraints);
  const balancers = matching(all, balancer.constraints);
  const machines = {
    architecture: balancers.find(isReady)?.architecture ?? "",
    balancers: balancers.map(({ address }) => address).sort(),
    database: ofDatabase[0]?.address ?? "",
    names: all.map(({ name }) => name).sort(),
  };
  return { machines, warnings: outages(topology, all) };
}

/** Warnings for servers that have no machine at present, because machines are down or drained. */
function outages({ balancer, nodes }: Wanted, all: readonly Machine[]): string[] {
  const until = "Swarm starts what is missing when a machine is back, and an update of it ends only then";
  const of = (name: string, constraints: readonly string[], count: number) => {
    const found = matching(all, constraints);
    const ready = found.filter(isReady).length;
    const what = count > 1 ? `${count - ready} of ${count} load balancers` : name;
    return ready >= count ? [] : [`${what}: expected a machine that takes tasks, found ${problemsOf(found)}; ${until}`];
  };
  return [
    ...of("the load balancer", balancer.constraints, balancer.replicas),
    ...nodes.flatMap(({ name, constraints }) => of(name, constraints, 1)),
  ];
}

/** The setting that has the constraints of a node. */
function placementOf({ role }: Node, { nodeSpread }: Settings): string {
  if (nodeSpread !== "") return "nodeSpread";
  return roleRecords[role].servesApis ? "gatewayPlacement" : "nodePlacement";
}

const isReady = ({ problem }: Machine) => problem === undefined;

/** E.g. `machine-2 (down)`. */
const problemsOf = (machines: readonly Machine[]): string =>
  machines.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${name} (${problem})`])).join(", ");

/**
 * As {@link placementFaults}, for a server whose data is in a volume of its machine, which must take tasks.
 *
 * @param otherwise what makes it possible to run on several machines
 */
function pinnedFaults(
  setting: string,
  all: readonly Machine[],
  constraints: readonly string[],
  otherwise: string,
): string[] {
  const found = matching(all, constraints);
  const what = constraints.join(", ") || "these constraints (there are none)";
  const names = found.map(({ name }) => name).join(", ");
  if (found.length > 1)
    return [
      `${setting}: expected one machine with ${what}, whose volume keeps the data, found ${names}; leave the label on one of them (docker node update --label-rm), set wso2-apim:${setting}, or ${otherwise}`,
    ];
  if (found.every(isReady)) return placementFaults(setting, all, constraints, 1);
  return [
    `${setting}: expected a machine with ${what} that takes tasks, found ${problemsOf(found)}; start the machine or its Docker engine, or run \`docker node update --availability active MACHINE\` (\`docker node ls\` shows its state)`,
  ];
}

/** @param count how many machines the server needs */
function placementFaults(
  setting: string,
  all: readonly Machine[],
  constraints: readonly string[],
  count: number,
): string[] {
  const found = matching(all, constraints);
  if (found.length >= count) return [];
  // The last label may be that of `nodeSpread`; other nodes have the labels before it too.
  const labels = constraints.flatMap((each) => /^node\.labels\.(\S+ == \S+)$/.exec(each)?.[1] ?? []);
  const label = labels.at(-1)?.replace(" == ", "=");
  const others = all.filter((machine) => isReady(machine) && !found.includes(machine));
  const remedy = label
    ? `on a manager, run: docker node update --label-add ${label} MACHINE, with one of ${others.map(({ name }) => name).join(", ")}`
    : `set wso2-apim:${setting}`;
  return [
    `${setting}: expected ${count === 1 ? "a machine" : `${count} machines`} with ${constraints.join(", ")}, found ${found.length === 0 ? "none" : found.length}; ${remedy}`,
  ];
}

function matching(machines: readonly Machine[], constraints: readonly string[]): Machine[] {
  return machines.filter((machine) => constraints.every((constraint) => meets(machine, constraint)));
}

/** Whether Swarm may place a task on the machine. Constraints of the engine's labels are left to Swarm. */
function meets(machine: Machine, constraint: string): boolean {
  const [subject = "", operator, value] = constraint.split(" ");
  if (subject.startsWith("engine.")) return true;
  const found = subject.startsWith("node.labels.")
    ? machine.labels[subject.slice("node.labels.".length)]
    : { "node.id": machine.id, "node.hostname": machine.name, "node.role": machine.role }[subject];
  return operator === "==" ? found === value : found !== value;
}

/** What the Docker API says of a machine. */
interface ApiNode {
  readonly ID: string;
  readonly Spec: { readonly Labels?: Record<string, string>; readonly Role: string; readonly Availability: string };
  readonly Description: { readonly Hostname: string; readonly Platform: { readonly Architecture: string } };
  readonly Status: { readonly State: string; readonly Addr?: string };
  readonly ManagerStatus?: { readonly Addr?: string };
}

/** What the kernel calls an architecture -> what images call it. */
const architectures: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };

/** The Docker engine that the program uses. The client takes a tenth of a second to load, which only a swarm needs. */
function dockerEngine(): Docker {
  const Client = require("dockerode") as typeof Docker;
  const socketPath = dockerSocket();
  return new Client(socketPath === undefined ? {} : { socketPath });
}

/** The subnets of the swarm's other overlay networks. @param own the name of the deployment's own network */
export async function overlayNetworks(own: string): Promise<HostNetwork[]> {
  const networks = await dockerEngine().listNetworks({ filters: { driver: ["overlay"] } });
  return networks
    .filter(({ Name }) => Name !== own)
    .flatMap(({ Name, IPAM }) =>
      (IPAM?.Config ?? []).flatMap(({ Subnet }) =>
        Subnet === undefined ? [] : [{ subnet: Subnet, interface: `overlay network ${Name}` }],
      ),
    );
}

async function listMachines(): Promise<Machine[]> {
  try {
    return ((await dockerEngine().listNodes()) as ApiNode[]).map(
      ({ ID, Spec, Description, Status, ManagerStatus }) => ({
        id: ID,
        name: Description.Hostname,
        role: Spec.Role,
        // A manager may report the address on which it listens, 0.0.0.0.
        address: ManagerStatus?.Addr?.replace(/:\d+$/, "") ?? Status.Addr ?? "",
        labels: Spec.Labels ?? {},
        architecture: architectures[Description.Platform.Architecture] ?? Description.Platform.Architecture,
        ...(Status.State !== "ready"
          ? { problem: Status.State }
          : Spec.Availability !== "active" && { problem: Spec.Availability }),
      }),
    );
  } catch (error) {
    throw new SettingsError([
      `platform: expected Docker to be a manager of a swarm, found: ${errorMessage(error)}; run \`docker swarm init\`, or run the program on a manager`,
    ]);
  }
}
