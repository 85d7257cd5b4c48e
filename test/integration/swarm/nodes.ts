import { eventually } from "../waiting";
import { addressPrefix } from "./lab";
import type { Machine } from "./machine";

/** What an engine answers about a node of the swarm. */
export interface SwarmNode {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: {
    readonly Role: "manager" | "worker";
    readonly Availability: string;
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly Description: { readonly Hostname: string };
  readonly Status: { readonly State: string; readonly Addr: string };
  /** Undefined for a worker. */
  readonly ManagerStatus?: { readonly Leader?: boolean; readonly Reachability: string };
}

const port = 2377;

/** The nodes of the swarm, by the names of their machines. @param manager the machine to ask */
export async function nodesOf(manager: Machine): Promise<Map<string, SwarmNode>> {
  const nodes = (await manager.docker.listNodes()) as SwarmNode[];
  return new Map(nodes.map((node) => [node.Description.Hostname, node]));
}

/** Makes the first machine a swarm, which the other ones join. Waits until all nodes are ready and managers reachable. @returns the first one */
export async function formSwarm(machines: readonly Machine[], managers: number): Promise<Machine> {
  const [first, ...others] = machines;
  if (first === undefined) throw new Error("expected at least one machine");
  await Promise.all(machines.map(makeGateway));
  await first.docker.swarmInit({ ListenAddr: `${first.address}:${port}`, AdvertiseAddr: first.address });
  const { JoinTokens } = await first.docker.swarmInspect();
  for (const [index, machine] of others.entries())
    await machine.docker.swarmJoin({
      ListenAddr: `${machine.address}:${port}`,
      AdvertiseAddr: machine.address,
      RemoteAddrs: [`${first.address}:${port}`],
      JoinToken: index + 1 < managers ? JoinTokens.Manager : JoinTokens.Worker,
    });
  await eventually("all nodes are ready, and the managers reachable", async () => {
    const nodes = [...(await nodesOf(first)).values()];
    const isReady = ({ Status, ManagerStatus }: SwarmNode) =>
      Status.State === "ready" && (ManagerStatus?.Reachability ?? "reachable") === "reachable";
    return nodes.length === machines.length && nodes.every(isReady);
  });
  return first;
}

/** Makes the network of the addresses by which tasks leave their machine, as Swarm does, in a subnet of this process. */
async function makeGateway({ docker, number }: Machine): Promise<void> {
  await docker.createNetwork({
    Name: "docker_gwbridge",
    Driver: "bridge",
    IPAM: { Driver: "default", Config: [{ Subnet: `${addressPrefix(number)}.128/25` }] },
    Options: {
      "com.docker.network.bridge.name": "docker_gwbridge",
      "com.docker.network.bridge.enable_icc": "false",
      "com.docker.network.bridge.enable_ip_masquerade": "true",
    },
  });
}

/** Sets the labels of a node, in place of those that it has. @param manager the machine to ask */
export async function setLabels(
  manager: Machine,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const node = (await nodesOf(manager)).get(name);
  if (node === undefined) throw new Error(`labels: expected the name of a machine of the swarm, found ${name}`);
  await manager.docker.getNode(node.ID).update({ version: node.Version.Index, ...node.Spec, Labels: labels });
}

/** The name of the machine that leads the managers. @param manager the machine to ask */
export async function leaderOf(manager: Machine): Promise<string> {
  const leader = [...(await nodesOf(manager))].find(([, { ManagerStatus }]) => ManagerStatus?.Leader);
  if (leader === undefined) throw new Error("no manager leads");
  return leader[0];
}

/** If a machine leads, makes another manager lead: this one is a worker for a moment. @param manager another machine */
export async function passLeadership(manager: Machine, name: string): Promise<void> {
  if ((await leaderOf(manager)) !== name) return;
  const setRole = async (Role: "manager" | "worker") => {
    const node = (await nodesOf(manager)).get(name);
    if (node === undefined) throw new Error(`no machine ${name}`);
    await manager.docker.getNode(node.ID).update({ version: node.Version.Index, ...node.Spec, Role });
  };
  await setRole("worker");
  await eventually("another manager leads", async () => (await leaderOf(manager).catch(() => name)) !== name);
  await setRole("manager");
  await eventually(
    `${name} is a manager again`,
    async () => (await nodesOf(manager)).get(name)?.ManagerStatus?.Reachability === "reachable",
    { seconds: 120 },
  );
}
