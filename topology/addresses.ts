import { Address4 } from "ip-address";
import { type Role, roleRecords } from "../product/roles";
import type { Settings } from "../settings";
import type { Machines, NetworkAddress, Node, Topology } from "./model";

/** The addresses behind those of the roles: one block for each further gateway environment. */
const furtherEnvironments = 101;
const addressesPerBlock = 20;

/** The place of a node among the others, from which its address and its published port follow. */
export interface Slot {
  readonly role: Role;
  /** Position of the gateway environment in the setting, from 0; 0 for the other roles. */
  readonly environment: number;
  /** From 1, within role and environment. */
  readonly ordinal: number;
}

/** Number of the node's address in the network. It depends on the slot alone, so other nodes may come and go. */
export function hostNumber({ role, environment, ordinal }: Slot): number {
  const firstAddress =
    environment === 0 ? roleRecords[role].firstAddress : furtherEnvironments + addressesPerBlock * (environment - 1);
  return firstAddress + ordinal - 1;
}

/** The published management port: one for the first node of each role, then 10 more per node and 100 per environment. */
export function publishedManagementPort(settings: Pick<Settings, "managementPort">, slot: Slot): number {
  const { role, environment, ordinal } = slot;
  return settings.managementPort + roleRecords[role].offset + 10 * (ordinal - 1) + 100 * environment;
}

type PublishedAddresses = Pick<
  Topology,
  "publishAddress" | "managementAddress" | "reachableAddress" | "reachableManagementAddress" | "furtherAddresses"
>;

/** @param machines on a swarm. @default this machine */
export function publishedAddresses(
  { platform, publishAddress, managementAddress }: Settings,
  machines?: Machines,
): PublishedAddresses {
  if (platform === "swarm") {
    const everywhere = "0.0.0.0";
    const [balancer = reachable(everywhere), ...furtherAddresses] = machines?.balancers ?? [];
    return {
      publishAddress: everywhere,
      managementAddress: everywhere,
      reachableAddress: balancer,
      reachableManagementAddress: balancer,
      furtherAddresses,
    };
  }
  return {
    publishAddress,
    managementAddress,
    reachableAddress: reachable(publishAddress),
    reachableManagementAddress: reachable(managementAddress),
    furtherAddresses: [],
  };
}

function reachable(address: string): string {
  return address === "0.0.0.0" ? "127.0.0.1" : address;
}

/** Where a client reaches a node's management port, and the host name by which it asks for the node. */
export function managementAccess(
  { reachableManagementAddress: address, balancer }: AccessParts,
  { publishedPort, hostName, nodeHostName }: Pick<Node, "publishedPort" | "hostName" | "nodeHostName">,
): { readonly address: string; readonly port: number; readonly host: string } {
  if (publishedPort !== undefined) return { address, port: publishedPort, host: hostName };
  const port = balancer.ports.find(({ name }) => name === "https")?.published ?? 443;
  return { address, port, host: nodeHostName };
}

/** Where a client reaches a node's management port, e.g. `https://127.0.0.1:9443`, or `https://store-1.apim-wso2.com:8443`. */
export function managementUrl(topology: AccessParts, node: Node): string {
  const { address, port, host } = managementAccess(topology, node);
  return `https://${node.publishedPort === undefined ? host : address}:${port}`;
}

type AccessParts = Pick<Topology, "reachableManagementAddress" | "balancer">;

/**
 * How servers are reached on the deployment's network.
 *
 * @param number of the address in the network
 * @param name its host name
 */
export function networkAddress({ platform, networkSubnet }: Settings, number: number, name: string): NetworkAddress {
  return platform === "swarm" ? name : hostAddress(networkSubnet, number);
}

/** The `host`-th IPv4 address of a network, e.g. (`172.28.0.0/24`, 10) -> `172.28.0.10`. */
export function hostAddress(subnet: string, host: number): string {
  return Address4.fromBigInt(new Address4(subnet).startAddress().bigInt() + BigInt(host)).address;
}
