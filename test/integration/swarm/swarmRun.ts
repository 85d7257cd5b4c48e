import assert from "node:assert/strict";
import type { DeployedStack } from "../../../cli/deployedStack";
import { ClusterRun } from "../clusterRun";
import { eventually } from "../waiting";
import type { Machine } from "./machine";
import { nodesOf, type SwarmNode } from "./nodes";
import { ownAddressForMachines, type SwarmStack } from "./swarmStack";
import { machinesOf, removeTask, runningTasks } from "./tasks";

/** A stack on a swarm with a published API that the tests call, through the load balancer of a machine of their choice. */
export class SwarmRun extends ClusterRun {
  /** The machine through whose load balancer the tests call and verify. @default the one that the stack tells */
  entrance: Machine | undefined;

  constructor(override readonly stack: SwarmStack) {
    super(stack, []);
  }

  protected override get endpointAddress(): string {
    return ownAddressForMachines;
  }

  override get outputs(): DeployedStack {
    const outputs = super.outputs;
    if (this.entrance === undefined) return outputs;
    const { address } = this.entrance;
    const topology = { ...outputs.topology, reachableAddress: address, reachableManagementAddress: address };
    return { ...outputs, topology };
  }

  /** The names of the servers, without the stack's prefix: MySQL, the nodes and the load balancer. */
  get servers(): string[] {
    const { databaseServer, nodes, balancer } = this.outputs.topology;
    return [databaseServer, ...nodes, balancer].map(({ name }) => name);
  }

  /** How many tasks each server should have. */
  get replicas(): Map<string, number> {
    return new Map(
      this.servers.map((name) => [name, name === "loadbalancer" ? this.outputs.topology.balancer.replicas : 1]),
    );
  }

  /** The names of the machines on which a server runs, as the manager knows. */
  machinesOf(server: string): Promise<string[]> {
    return machinesOf(this.stack.manager, `${this.stack.prefix}-${server}`);
  }

  /**
   * Waits until all machines are ready, and each server has as many containers as it should on all machines together: what
   * the engines run, not what a manager believes.
   * @param without a machine that is lost
   */
  async whole(without?: string): Promise<void> {
    const { stack, replicas } = this;
    const isReady = ({ Status, ManagerStatus }: SwarmNode) =>
      Status.State === "ready" && (ManagerStatus?.Reachability ?? "reachable") === "reachable";
    let found: unknown;
    const attempt = async () => {
      // While managers elect a leader, they answer with an error.
      const all = await nodesOf(stack.manager).catch(() => undefined);
      if (all === undefined) return false;
      const nodes = [...all.values()].filter(({ Description }) => Description.Hostname !== without);
      const counts = new Map<string, number>();
      for (const machine of stack.machines.filter(({ name }) => name !== without))
        for (const name of await runningTasks(machine, stack.prefix)) counts.set(name, (counts.get(name) ?? 0) + 1);
      found = [nodes.map(({ Description, Status }) => [Description.Hostname, Status.State]), [...counts]];
      return nodes.every(isReady) && [...replicas].every(([name, count]) => counts.get(name) === count);
    };
    try {
      await eventually("all machines are ready, and each server runs once", attempt, { seconds: 120, every: 500 });
    } catch (error) {
      throw new Error(`${error}: ${JSON.stringify(found)}`);
    }
  }

  /** Moves servers with one task each to a machine, as when they fail and only that machine takes tasks. */
  async move(servers: readonly string[], name: string): Promise<void> {
    const { stack } = this;
    const others = stack.machines.filter((machine) => machine.name !== name);
    await this.setAvailability(others, "pause");
    try {
      for (const server of servers) {
        const [from = assert.fail(`${server} runs nowhere`)] = await this.machinesOf(server);
        if (from !== name) await removeTask(stack.machine(from), `${stack.prefix}-${server}`);
      }
      for (const server of servers)
        await eventually(
          `${server} runs on ${name}`,
          async () => (await this.machinesOf(server).catch(() => [])).join() === name,
          {
            seconds: 120,
          },
        );
    } finally {
      await this.setAvailability(others, "active");
    }
  }

  private async setAvailability(machines: readonly Machine[], Availability: string): Promise<void> {
    const { manager } = this.stack;
    for (const { name } of machines) {
      const set = async () => {
        const node = (await nodesOf(manager)).get(name) ?? assert.fail(name);
        await manager.docker.getNode(node.ID).update({ version: node.Version.Index, ...node.Spec, Availability });
        return true;
      };
      await eventually(`${name} is ${Availability}`, () => set().catch(() => false));
    }
  }
}
