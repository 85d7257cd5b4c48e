import { existsSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Address4 } from "ip-address";
import { configCommand } from "../settings/field";
import { SettingsError } from "../settings/parse";
import type { Topology } from "../topology";
import { isLocalEngine } from "./dockerHost";

/** A network that this machine reaches, and the interface behind which it is, e.g. `10.8.0.0/24` and `wg0`. */
export interface HostNetwork {
  readonly subnet: string;
  readonly interface: string;
}

/** A route to half of all addresses and the like is how a VPN takes all traffic; more precise routes go before it. */
const broadest = 8;
const routeTable = "/proc/net/route";

/**
 * Checks that nothing else on this machine has the deployment's subnet: a LAN, a VPN, another Docker network. Does nothing
 * when the network exists, when the Docker engine is on another machine, or without an engine that creates anything.
 *
 * @param found the networks of this machine
 * @throws {SettingsError} with a free subnet
 */
export async function checkNetwork(
  { network }: Pick<Topology, "network">,
  stack: string,
  found: () => readonly HostNetwork[] = hostNetworks,
): Promise<void> {
  if (!pulumi.runtime.hasMonitor() || !isLocalEngine()) return;
  const existing = await subnetsOf(network.name);
  if (existing?.every((subnet) => subnet === network.subnet)) return;
  const fault = networkFault(
    network.subnet,
    found().filter(({ subnet }) => !existing?.includes(subnet)),
    stack,
  );
  if (fault !== undefined) throw new SettingsError([fault]);
}

/** The subnets of a Docker network; undefined if there is none of this name. */
async function subnetsOf(name: string): Promise<string[] | undefined> {
  try {
    const { ipamConfigs } = await docker.getNetwork({ name });
    return ipamConfigs.map(({ subnet = "" }) => subnet);
  } catch {
    // The provider reports a network that does not exist as an error. It reports other errors again when it creates.
    return undefined;
  }
}

/** The fault of a subnet that overlaps a network of the host, with a free one; undefined if it is free. */
export function networkFault(subnet: string, networks: readonly HostNetwork[], stack: string): string | undefined {
  const others = networks.filter((other) => new Address4(other.subnet).subnetMask >= broadest);
  const taken = others.find((other) => overlap(subnet, other.subnet));
  if (taken === undefined) return undefined;
  const free = freeSubnet(
    subnet,
    others.map((other) => other.subnet),
  );
  const choose = free === undefined ? "choose a free one" : `run: ${configCommand(`set networkSubnet ${free}`, stack)}`;
  return `networkSubnet: expected a network that nothing else on this machine uses, found ${subnet}, which overlaps ${taken.subnet} of interface ${taken.interface} (a LAN, a VPN or another Docker network); ${choose}`;
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [new Address4(one), new Address4(other)];
  return a.isInSubnet(b) || b.isInSubnet(a);
}

/** The first network of the same size that is free, of the private ranges that are seldom used. */
function freeSubnet(like: string, taken: readonly string[]): string | undefined {
  const { subnetMask } = new Address4(like);
  const size = 2 ** (32 - subnetMask);
  for (const [first, last] of [
    ["172.28.0.0", "172.31.255.255"],
    ["172.18.0.0", "172.27.255.255"],
    ["10.128.0.0", "10.255.255.255"],
  ] as const) {
    const end = Number(new Address4(last).bigInt());
    for (let start = Number(new Address4(first).bigInt()); start + size - 1 <= end; start += size) {
      const candidate = `${Address4.fromBigInt(BigInt(start)).correctForm()}/${subnetMask}`;
      if (!taken.some((other) => overlap(candidate, other))) return candidate;
    }
  }
  return undefined;
}

/** The networks of this machine's addresses and, on Linux, of its routes. */
export function hostNetworks(): HostNetwork[] {
  const addresses = Object.entries(networkInterfaces()).flatMap(([name, own = []]) =>
    own.flatMap(({ family, cidr }) =>
      family === "IPv4" && cidr !== null ? { subnet: networkOf(cidr), interface: name } : [],
    ),
  );
  return [...addresses, ...(existsSync(routeTable) ? routesIn(readFileSync(routeTable, "utf8")) : [])];
}

function networkOf(cidr: string): string {
  const address = new Address4(cidr);
  return `${address.startAddress().correctForm()}/${address.subnetMask}`;
}

/** The networks in /proc/net/route: addresses and masks are hexadecimal, with the last byte first. */
export function routesIn(text: string): HostNetwork[] {
  const address = (hexadecimal: string) => (hexadecimal.match(/../g) ?? []).reverse().map((byte) => parseInt(byte, 16));
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [name, destination, , , , , , mask] = line.trim().split(/\s+/);
      if (name === undefined || destination === undefined || mask === undefined) return [];
      const bits = address(mask).reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
      return { subnet: `${address(destination).join(".")}/${bits}`, interface: name };
    });
}
