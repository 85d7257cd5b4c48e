/** From a container's inputs to what the Docker API is asked for, and from `docker inspect` to its state. */

import type { ContainerArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type { ContainerCreateOptions, ContainerInspectInfo, EndpointSettings } from "dockerode";
import type { Properties, Value } from "../provider";
import { isEmpty, isObject, same } from "../values";
import { type Port, portForm } from "./containerForms";
import { containerFields } from "./containerTable";
import { type Field, plain, recorded } from "./schema";

export type Inputs = Unwrap<ContainerArgs> & { readonly name: string };
type NetworkInput = NonNullable<Inputs["networksAdvanced"]>[number];

const table = Object.entries(containerFields);
const asProperties = (inputs: Inputs): Properties => inputs as unknown as Properties;

function get(from: unknown, path: string): Value | undefined {
  return path.split(".").reduce<unknown>((at, key) => (at as Properties | undefined)?.[key], from) as Value | undefined;
}

function put(into: Properties, path: string, value: Value): void {
  const [key = "", ...below] = path.split(".");
  if (below.length === 0) into[key] = value;
  else {
    into[key] ??= {};
    put(into[key] as Properties, below.join("."), value);
  }
}

const toApi = ({ form }: Field, value: Value): Value => (form ? (form.to(value as never) as Value) : value);

/** How Docker has it now, as the program would say it; undefined when Docker says nothing. */
function fromApi({ api, form }: Field, found: ContainerInspectInfo): Value | undefined {
  const value = api === undefined ? undefined : get(found, api);
  if (value === undefined || value === null) return undefined;
  return form ? form.from(value as never) : value;
}

/** As `docker inspect` has it. */
function wanted(inputs: Inputs): Properties {
  const given = asProperties(inputs);
  const result: Properties = { Config: {}, HostConfig: {} };
  for (const [key, field] of table) {
    const value = isEmpty(given[key]) ? field.sent : toApi(field, plain(given[key] ?? null));
    if (field.api !== undefined && value !== undefined) put(result, field.api, value);
  }
  return result;
}

/** What the Docker API is asked for; only `inputs` decide it. */
export function createOptions(inputs: Inputs): ContainerCreateOptions {
  const { Config, HostConfig } = wanted(inputs) as unknown as ContainerInspectInfo;
  const { capabilities, volumes = [], ports = [], networkMode = "bridge" } = inputs;
  const binds = volumes.flatMap(({ hostPath, volumeName, containerPath, readOnly }) =>
    hostPath || volumeName ? [`${hostPath || volumeName}:${containerPath}:${readOnly ? "ro" : "rw"}`] : [],
  );
  const from = volumes.flatMap(({ fromContainer }) => fromContainer ?? []);
  const anonymous = volumes.filter(
    ({ hostPath, volumeName, containerPath }) => !hostPath && !volumeName && containerPath,
  );
  return {
    ...Config,
    ExposedPorts: Object.fromEntries(Object.keys(portForm.to(ports as Port[])).map((key) => [key, {}])),
    ...(anonymous.length > 0 && {
      Volumes: Object.fromEntries(anonymous.map(({ containerPath }) => [containerPath, {}])),
    }),
    HostConfig: {
      ...HostConfig,
      NetworkMode: networkMode,
      ...(capabilities?.adds && { CapAdd: capabilities.adds }),
      ...(capabilities?.drops && { CapDrop: capabilities.drops }),
      ...(binds.length > 0 && { Binds: binds }),
      ...(from.length > 0 && { VolumesFrom: from }),
    },
  };
}

/** The limits that can change while a container runs, for `docker update`. */
export function limitsOf(inputs: Inputs): Properties {
  const result: Properties = {};
  for (const [key, field] of table)
    if (field.limit !== undefined && field.api !== undefined)
      put(result, field.api, toApi(field, asProperties(inputs)[key] ?? field.limit));
  return result.HostConfig as Properties;
}

/** How the container joins one of its `networksAdvanced`. */
export function endpointSettings(network: NetworkInput): EndpointSettings {
  const { ipv4Address, ipv6Address, linkLocalIps, aliases = [], driverOpts = [], macAddress } = network;
  const ipam = {
    ...(ipv4Address && { IPv4Address: ipv4Address }),
    ...(ipv6Address && { IPv6Address: ipv6Address }),
    ...(!isEmpty(linkLocalIps) && { LinkLocalIPs: linkLocalIps }),
  };
  return {
    Aliases: aliases,
    DriverOpts: Object.fromEntries(driverOpts.map((each) => each.split(/=(.*)/s, 2))),
    ...(macAddress && { MacAddress: macAddress }),
    ...(!isEmpty(ipam) && { IPAMConfig: ipam }),
  } as EndpointSettings;
}

const ZERO: Readonly<Record<Field["type"], Value>> = {
  string: "",
  number: 0,
  boolean: false,
  list: [],
  set: [],
  map: {},
  object: null,
};

/** The outputs of a container, all keys of the official provider's state. */
export function outputsOf(found: ContainerInspectInfo, inputs: Inputs, read: boolean): Properties {
  const given = asProperties(inputs);
  const outputs: Properties = {
    __meta:
      '{"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0":{"create":1200000000000,"delete":1200000000000,"update":1200000000000},"schema_version":"2"}',
    bridge: "",
    containerLogs: null,
    exitCode: null,
    id: found.Id,
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
  };
  for (const [key, field] of table) {
    const now = fromApi(field, found);
    if (field.told) outputs[key] = (now || field.default) ?? now ?? ZERO[field.type];
    else outputs[key] = isEmpty(given) && now !== undefined ? now : recorded(field, given[key], read);
  }
  return { ...outputs, name: found.Name.replace(/^\//, ""), ports: portsOf(found, inputs) };
}

/** The ports as wanted, with the host port that Docker chose where none was. */
function portsOf(found: ContainerInspectInfo, { ports = [] }: Inputs): Properties[] {
  return ports.map(({ internal, external, ip = "0.0.0.0", protocol = "tcp" }) => {
    const bound = found.NetworkSettings.Ports?.[`${internal}/${protocol}`]?.find(({ HostIp }) => HostIp === ip);
    return { external: external ?? (bound ? Number(bound.HostPort) : null), internal, ip, protocol };
  });
}

/** The recorded inputs with what is different in the running container: stopped, limits, networks, name. */
export function driftedInputs(found: ContainerInspectInfo, inputs: Inputs): Properties {
  const drifted: Properties = { ...asProperties(inputs) };
  const mustRun = inputs.mustRun !== false && inputs.start !== false && inputs.attach !== true;
  if (mustRun && (!found.State.Running || found.State.Paused)) drifted.mustRun = false;
  for (const [key, field] of table) {
    const now = fromApi(field, found) || field.limit;
    // Without one, Docker chooses memorySwap; -1 is what a host without swap accounting says.
    const chosen = key === "memorySwap" && (inputs.memorySwap === undefined || now === -1);
    if (field.limit !== undefined && !chosen && now !== (drifted[key] ?? field.limit)) drifted[key] = now ?? null;
  }
  const name = found.Name.replace(/^\//, "");
  if (name !== inputs.name) drifted.name = name;
  const joined = found.NetworkSettings.Networks ?? {};
  const present = inputs.networksAdvanced?.filter(({ name, ipv4Address: address }) => {
    const endpoint = joined[name] ?? Object.values(joined).find(({ NetworkID }) => NetworkID === name);
    return endpoint && (!address || [endpoint.IPAddress, endpoint.IPAMConfig?.IPv4Address].includes(address));
  });
  if (present && present.length < (inputs.networksAdvanced?.length ?? 0))
    drifted.networksAdvanced = present as unknown as Value;
  return drifted;
}

const DERIVED = new Set(["ipcMode", "logDriver", "platform", "runtime", "shmSize", "networkMode", "memorySwap"]);

/** What a program would have to say for an imported container; enough to begin with. */
export function importedInputs(outputs: Properties): Properties {
  const kept = table.filter(
    ([key]) => !DERIVED.has(key) && outputs[key] && outputs[key] !== "" && !isEmpty(outputs[key]),
  );
  return Object.fromEntries(kept.map(([key]) => [key, outputs[key] ?? null]));
}

/** Whether the container was made by this very request: everything asked for is as asked, limits aside. */
export function madeFrom(inputs: Inputs, found: ContainerInspectInfo): boolean {
  const request = wanted(inputs);
  const asked = table.every(([, { api, limit }]) => {
    const value = api === undefined || limit !== undefined ? undefined : get(request, api);
    return value === undefined || covers(get(found, api ?? ""), value);
  });
  return found.Name === `/${inputs.name}` && asked;
}

function covers(found: unknown, value: unknown): boolean {
  if (isObject(value))
    return Object.keys(value).every((key) => covers((found as Properties | null)?.[key], value[key]));
  if (!Array.isArray(value)) return same(found, value);
  return value.every((one) => Array.isArray(found) && found.some((each) => covers(each, one)));
}
