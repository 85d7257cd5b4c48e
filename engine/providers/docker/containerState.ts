/** Converts a container's inputs to Docker API requests, and the output of `docker inspect` to recorded state. */

import type { ContainerCreateOptions, ContainerInspectInfo, EndpointSettings } from "dockerode";
import type { Properties, Value } from "../../provider";
import { canonical } from "../../values";
import type { Field, Fields } from "../schema";
import { covers, fromApi, outputsOf as outputsFrom, toApi } from "./api";
import { containerFields, type Inputs, networkFields, portKey } from "./containerTable";

const table = Object.entries(containerFields);
const fieldsWhere = (test: (field: Field) => boolean): Fields =>
  Object.fromEntries(table.filter(([, field]) => test(field)));
const limits = fieldsWhere(({ limit }) => limit !== undefined);
/** Fields that can't change while the container exists. */
const fixed = fieldsWhere(({ limit }) => limit === undefined);

/** The request that creates a container. */
export function createOptions(inputs: Inputs): ContainerCreateOptions {
  const { Config, HostConfig } = toApi(containerFields, inputs) as unknown as ContainerInspectInfo;
  const { volumes = [], ports = [] } = inputs;
  const anonymous = volumes.filter(({ hostPath, volumeName }) => !hostPath && !volumeName);
  const paths = anonymous.flatMap(({ containerPath }) => containerPath ?? []);
  const keys = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]));
  return {
    ...Config,
    ExposedPorts: keys(ports.map(portKey)),
    ...(paths.length > 0 && { Volumes: keys(paths) }),
    HostConfig,
  };
}

/** The request that updates the limits, which can change while a container runs. */
export function limitsOf(inputs: Inputs): Properties {
  const none = Object.fromEntries(Object.entries(limits).map(([key, { limit }]) => [key, limit]));
  return toApi(limits, { ...none, ...inputs }).HostConfig as Properties;
}

/** The outputs of a container, with all keys that the official provider records. */
export function outputsOf(found: ContainerInspectInfo, inputs: Inputs, read = false): Properties {
  return {
    ...outputsFrom(containerFields, found, inputs, read),
    __meta:
      '{"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0":{"create":1200000000000,"delete":1200000000000,"update":1200000000000},"schema_version":"2"}',
    bridge: "",
    containerLogs: null,
    exitCode: null,
    id: found.Id,
    name: nameOf(found),
    networkDatas: Object.entries(found.NetworkSettings.Networks ?? {}).map(([networkName, network]) => ({
      gateway: network.Gateway,
      globalIpv6Address: network.GlobalIPv6Address,
      globalIpv6PrefixLength: network.GlobalIPv6PrefixLen,
      ipAddress: network.IPAddress,
      ipPrefixLength: network.IPPrefixLen,
      ipv6Gateway: network.IPv6Gateway,
      macAddress: network.MacAddress,
      networkName,
    })),
    // The program's ports, sorted as the official provider records them; a missing host port is the one that Docker chose.
    ports: (inputs.ports ?? [])
      .map((port) => {
        const { internal, external, ip = "0.0.0.0", protocol = "tcp" } = port;
        const bound = found.NetworkSettings.Ports?.[portKey(port)]?.find(({ HostIp }) => HostIp === ip);
        return { external: external ?? (bound ? Number(bound.HostPort) : null), internal, ip, protocol };
      })
      .sort((a, b) => a.internal - b.internal),
  };
}

const nameOf = ({ Name }: ContainerInspectInfo): string => Name.replace(/^\//, "");

/** The recorded inputs with drift applied: state, limits, networks and name of the actual container. */
export function driftedInputs(found: ContainerInspectInfo, inputs: Inputs): Properties {
  const drifted = { ...inputs, name: nameOf(found) } as unknown as Properties;
  const mustRun = inputs.mustRun !== false && inputs.start !== false;
  if (mustRun && (!found.State.Running || found.State.Paused)) drifted.mustRun = false;
  for (const [key, field] of Object.entries(limits)) {
    const now = fromApi(key, field, found) || field.limit;
    // If none is given, Docker chooses memorySwap. Hosts without swap accounting report -1.
    const chosen = key === "memorySwap" && (inputs.memorySwap === undefined || now === -1);
    if (!chosen && now !== (drifted[key] ?? field.limit)) drifted[key] = now ?? null;
  }
  const joined = joinedNetworks(found, inputs);
  if (joined) drifted.networksAdvanced = joined as unknown as Value;
  return drifted;
}

/** The actual networks: those joined as in the inputs, and additional ones; undefined if there is no difference. */
function joinedNetworks(found: ContainerInspectInfo, inputs: Inputs): readonly { name: string }[] | undefined {
  const { networksAdvanced: asked = [], networkMode = "bridge" } = inputs;
  const joined = Object.entries(found.NetworkSettings.Networks ?? {});
  const find = (wanted: string) => joined.find(([name, { NetworkID }]) => name === wanted || NetworkID === wanted);
  const present = asked.filter((network) => isAsAsked(find(network.name)?.[1], network));
  // A container with networksAdvanced has left the default bridge.
  const own = networkMode !== "bridge" ? networkMode : asked.length > 0 ? "" : "bridge";
  const known = [...asked.map(({ name }) => name), own === "default" ? "bridge" : own].map(find);
  const more = joined.filter(([name]) => !known.some((one) => one?.[0] === name)).map(([name]) => ({ name }));
  return present.length < asked.length || more.length > 0 ? [...present, ...more] : undefined;
}

/** Without the MAC address, which Docker chooses at each start. */
const { macAddress: _, ...endpointFields } = networkFields;

function isAsAsked(endpoint: EndpointSettings | undefined, asked: object): boolean {
  if (!endpoint) return false;
  const { IPAddress: IPv4Address, GlobalIPv6Address: IPv6Address, IPAMConfig } = endpoint;
  const now = { ...endpoint, IPAMConfig: { IPv4Address, IPv6Address, ...IPAMConfig } };
  return covers(now, toApi(endpointFields, asked));
}

const DERIVED = new Set(["ipcMode", "logDriver", "platform", "runtime", "shmSize", "networkMode", "memorySwap"]);

/** Inputs that describe an imported container. */
export function importedInputs(outputs: Properties): Properties {
  const kept = table.filter(([key]) => !DERIVED.has(key) && canonical(outputs[key]) !== "");
  return Object.fromEntries(kept.map(([key]) => [key, outputs[key] ?? null]));
}

/** Whether the container matches the create request, apart from limits. */
export const matchesInputs = (inputs: Inputs, found: ContainerInspectInfo): boolean =>
  nameOf(found) === inputs.name && covers(found, toApi(fixed, inputs));
