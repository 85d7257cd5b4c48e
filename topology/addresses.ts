import { type Role, roles } from "../product/roles";
import type { Settings } from "../settings";
import type { Node, Topology } from "./model";

/** Where each role's addresses begin in the network; room for 20 nodes each. */
const firstAddress: Readonly<Record<Role, number>> = { keyManager: 21, gateway: 41, publisher: 61, store: 81 };
/** Behind the four blocks: one more for each further gateway environment. */
const furtherEnvironments = 101;
const addressesPerBlock = 20;

/** Where a node has its place, from which its address and its published port follow. */
export interface Slot {
  readonly role: Role;
  /** The gateway environment's place in the setting, from 0; 0 for the other roles. */
  readonly environment: number;
  /** From 1, within role and environment. */
  readonly ordinal: number;
}

/** Number of the node's address in the network. It depends on nothing but the slot: other nodes may come and go. */
export function hostNumber({ role, environment, ordinal }: Slot): number {
  const block = environment === 0 ? firstAddress[role] : furtherEnvironments + addressesPerBlock * (environment - 1);
  return block + ordinal - 1;
}

/** The published management port: the document's four for the first of each role, then in steps of ten and hundred. */
export function publishedManagementPort(settings: Pick<Settings, "managementPort">, slot: Slot): number {
  const { role, environment, ordinal } = slot;
  return settings.managementPort + roles.indexOf(role) + 10 * (ordinal - 1) + 100 * environment;
}

type PublishedAddresses = Pick<
  Topology,
  "publishAddress" | "managementAddress" | "reachableAddress" | "reachableManagementAddress"
>;

/** Whoever opens the load balancer to the network has not opened consoles and databases with it. */
export function publishedAddresses({ publishAddress, managementAddress }: Settings): PublishedAddresses {
  const own = managementAddress || (publishAddress.startsWith("127.") ? publishAddress : "127.0.0.1");
  return {
    publishAddress,
    managementAddress: own,
    reachableAddress: reachable(publishAddress),
    reachableManagementAddress: reachable(own),
  };
}

function reachable(address: string): string {
  return address === "0.0.0.0" ? "127.0.0.1" : address;
}

/** Where the host publishes a node's management port, e.g. `https://127.0.0.1:9443`. */
export function managementUrl(
  { reachableManagementAddress }: Pick<Topology, "reachableManagementAddress">,
  { publishedPort }: Pick<Node, "publishedPort">,
): string {
  return `https://${reachableManagementAddress}:${publishedPort}`;
}

/** The `host`-th IPv4 address of a network, e.g. (`172.28.0.0/24`, 10) -> `172.28.0.10`. */
export function hostAddress(subnet: string, host: number): string {
  const [network = ""] = subnet.split("/");
  const start = network.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const address = start + host;
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
