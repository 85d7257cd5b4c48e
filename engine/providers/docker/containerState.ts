/** From a container's inputs to what the Docker API is asked for, and from `docker inspect` to its state. */

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
/** What stays as long as the container does. */
const lasting = fieldsWhere(({ limit }) => limit === undefined);

/** What the Docker API is asked for; only `inputs` decide it. */
export function createOptions(inputs: Inputs): ContainerCreateOptions {
  const { Config, HostConfig } = toApi(containerFields, inputs) as unknown as ContainerInspectInfo;
  const { volumes = [], ports = [] } = inputs;
  const from = volumes.flatMap(({ fromContainer }) => fromContainer ?? []);
  const anonymous = volumes.filter(({ hostPath, volumeName }) => !hostPath && !volumeName);
  const paths = anonymous.flatMap(({ containerPath }) => containerPath ?? []);
  const keys = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]));
  return {
    ...Config,
    ExposedPorts: keys(ports.map(portKey)),
    ...(paths.length > 0 && { Volumes: keys(paths) }),
    HostConfig: { ...HostConfig, ...(from.length > 0 && { VolumesFrom: from }) },
  };
}

/** The limits that can change while a container runs, for `docker update`. */
export function limitsOf(inputs: Inputs): Properties {
  const none = Object.fromEntries(Object.entries(limits).map(([key, { limit }]) => [key, limit]));
  return toApi(limits, { ...none, ...inputs }).HostConfig as Properties;
}

/** The outputs of a container, all keys of the official provider's state. */
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
    // As wanted, with the host port that Docker chose where none was.
    ports: (inputs.ports ?? []).map((port) => {
      const { internal, external, ip = "0.0.0.0", protocol = "tcp" } = port;
      const bound = found.NetworkSettings.Ports?.[portKey(port)]?.find(({ HostIp }) => HostIp === ip);
      return { external: external ?? (bound ? Number(bound.HostPort) : null), internal, ip, protocol };
    }),
  };
}

const nameOf = ({ Name }: ContainerInspectInfo): string => Name.replace(/^\//, "");

/** The recorded inputs with what is different in the running container: stopped, limits, networks, name. */
export function driftedInputs(found: ContainerInspectInfo, inputs: Inputs): Properties {
  const drifted = { ...inputs, name: nameOf(found) } as unknown as Properties;
  const mustRun = inputs.mustRun !== false && inputs.start !== false && inputs.attach !== true;
  if (mustRun && (!found.State.Running || found.State.Paused)) drifted.mustRun = false;
  for (const [key, field] of Object.entries(limits)) {
    const now = fromApi(key, field, found) || field.limit;
    // Without one, Docker chooses memorySwap; -1 is what a host without swap accounting says.
    const chosen = key === "memorySwap" && (inputs.memorySwap === undefined || now === -1);
    if (!chosen && now !== (drifted[key] ?? field.limit)) drifted[key] = now ?? null;
  }
  const joined = joinedNetworks(found, inputs);
  if (joined) drifted.networksAdvanced = joined as unknown as Value;
  return drifted;
}

/** Without those that it has not joined as asked, and with those that nobody asked for; undefined when all are as asked. */
function joinedNetworks(found: ContainerInspectInfo, inputs: Inputs): readonly { name: string }[] | undefined {
  const { networksAdvanced: asked = [], networkMode = "bridge" } = inputs;
  const joined = Object.entries(found.NetworkSettings.Networks ?? {});
  const find = (wanted: string) => joined.find(([name, { NetworkID }]) => name === wanted || NetworkID === wanted);
  const present = asked.filter((network) => isAsAsked(find(network.name)?.[1], network));
  // A container that joins others by name leaves the bridge.
  const own = networkMode !== "bridge" ? networkMode : asked.length > 0 ? "" : "bridge";
  const known = [...asked.map(({ name }) => name), own === "default" ? "bridge" : own].map(find);
  const more = joined.filter(([name]) => !known.some((one) => one?.[0] === name)).map(([name]) => ({ name }));
  return present.length < asked.length || more.length > 0 ? [...present, ...more] : undefined;
}

/** Docker chooses the hardware address anew with each start, unless it is told in another way. */
const { macAddress: _, ...endpointFields } = networkFields;

function isAsAsked(endpoint: EndpointSettings | undefined, asked: object): boolean {
  if (!endpoint) return false;
  const { IPAddress: IPv4Address, GlobalIPv6Address: IPv6Address, IPAMConfig } = endpoint;
  const now = { ...endpoint, IPAMConfig: { IPv4Address, IPv6Address, ...IPAMConfig } };
  return covers(now, toApi(endpointFields, asked));
}

const DERIVED = new Set(["ipcMode", "logDriver", "platform", "runtime", "shmSize", "networkMode", "memorySwap"]);

/** What a program would have to say for an imported container; enough to begin with. */
export function importedInputs(outputs: Properties): Properties {
  const kept = table.filter(([key]) => !DERIVED.has(key) && canonical(outputs[key]) !== "");
  return Object.fromEntries(kept.map(([key]) => [key, outputs[key] ?? null]));
}

/** Whether the container was made by this very request: everything asked for is as asked, limits aside. */
export const madeFrom = (inputs: Inputs, found: ContainerInspectInfo): boolean =>
  nameOf(found) === inputs.name && covers(found, toApi(lasting, inputs));
