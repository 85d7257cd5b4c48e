import type { ContainerInspectInfo } from "dockerode";
import type { Properties, Value } from "../provider";
import { goDuration } from "./duration";
import { isEmpty, labelList, objects, plain, text } from "./values";

const megabytes = (bytes: number | undefined): number =>
  bytes === undefined || bytes <= 0 ? (bytes ?? 0) : Math.round(bytes / 1024 / 1024);

/** The outputs of a container, all keys of the official provider's state, from `docker inspect` and its inputs. */
export function outputsOf(found: ContainerInspectInfo, inputs: Properties): Properties {
  const { Config: config, HostConfig: host } = found;
  const or = (key: string, otherwise: Value): Value => plain(inputs[key] ?? otherwise);
  const asSaid = (keys: string): Properties => Object.fromEntries(keys.split(" ").map((key) => [key, or(key, null)]));
  const lists =
    "deviceReadBps deviceReadIops deviceRequests deviceWriteBps deviceWriteIops devices dns dnsOpts dnsSearches entrypoints envs groupAdds securityOpts ulimits uploads volumes hosts";
  const listed = Object.fromEntries(lists.split(" ").map((key) => [key, or(key, [])]));
  const maps = Object.fromEntries(["logOpts", "storageOpts", "sysctls", "tmpfs"].map((key) => [key, or(key, {})]));
  return {
    __meta:
      '{"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0":{"create":1200000000000,"delete":1200000000000,"update":1200000000000},"schema_version":"2"}',
    ...listed,
    ...maps,
    ...asSaid("capabilities cgroupParent cgroupnsMode cpuPeriod cpuQuota cpus destroyGraceSeconds gpus pidMode"),
    attach: or("attach", false),
    bridge: "",
    command: config.Cmd ?? [],
    containerLogs: null,
    containerReadRefreshTimeoutMilliseconds: or("containerReadRefreshTimeoutMilliseconds", 15000),
    cpuSet: host.CpusetCpus ?? "",
    cpuShares: host.CpuShares ?? 0,
    domainname: config.Domainname,
    exitCode: null,
    healthcheck: healthcheckOf(found),
    hostname: config.Hostname,
    id: found.Id,
    image: text(inputs, "image")?.startsWith("sha256:") ? found.Image : or("image", config.Image),
    init: host.Init ?? false,
    ipcMode: host.IpcMode ?? "",
    labels: isEmpty(inputs.labels) ? labelList(isEmpty(inputs) ? config.Labels : {}) : or("labels", []),
    logDriver: host.LogConfig?.Type ?? "",
    logs: or("logs", false),
    maxRetryCount: host.RestartPolicy?.MaximumRetryCount ?? 0,
    memory: megabytes(host.Memory),
    memoryReservation: megabytes(host.MemoryReservation),
    memorySwap: megabytes(host.MemorySwap),
    mounts: objects(inputs, "mounts").map((mount) => ({
      bindOptions: null,
      readOnly: false,
      source: "",
      tmpfsOptions: null,
      volumeOptions: null,
      ...(plain(mount) as Properties),
    })),
    mustRun: or("mustRun", true),
    name: found.Name.replace(/^\//, ""),
    networkDatas: networksOf(found),
    networkMode: host.NetworkMode ?? "bridge",
    networksAdvanced: objects(inputs, "networksAdvanced").map((network) => ({
      aliases: [],
      driverOpts: [],
      gwPriority: 0,
      ipv4Address: "",
      ipv6Address: "",
      linkLocalIps: [],
      macAddress: "",
      ...(plain(network) as Properties),
    })),
    platform: found.Platform,
    ports: portsOf(found, inputs),
    privileged: host.Privileged ?? false,
    publishAllPorts: host.PublishAllPorts ?? false,
    readOnly: host.ReadonlyRootfs ?? false,
    removeVolumes: or("removeVolumes", true),
    restart: host.RestartPolicy?.Name || "no",
    rm: host.AutoRemove ?? false,
    runtime: (host as { Runtime?: string }).Runtime ?? "",
    shmSize: megabytes(host.ShmSize),
    start: or("start", true),
    stdinOpen: config.OpenStdin,
    stopSignal: (config as { StopSignal?: string }).StopSignal ?? "",
    stopTimeout: (config as { StopTimeout?: number }).StopTimeout ?? 0,
    tty: config.Tty,
    user: config.User,
    usernsMode: host.UsernsMode ?? "",
    wait: or("wait", false),
    waitTimeout: or("waitTimeout", 60),
    workingDir: config.WorkingDir,
  };
}

function healthcheckOf(found: ContainerInspectInfo): Value {
  const healthcheck = found.Config.Healthcheck;
  return healthcheck
    ? {
        interval: goDuration(healthcheck.Interval ?? 0),
        retries: healthcheck.Retries ?? 0,
        startInterval: goDuration(healthcheck.StartInterval ?? 0),
        startPeriod: goDuration(healthcheck.StartPeriod ?? 0),
        tests: healthcheck.Test ?? [],
        timeout: goDuration(healthcheck.Timeout ?? 0),
      }
    : null;
}

function networksOf(found: ContainerInspectInfo): Properties[] {
  return Object.entries(found.NetworkSettings.Networks ?? {}).map(([networkName, network]) => ({
    gateway: network.Gateway,
    globalIpv6Address: network.GlobalIPv6Address,
    globalIpv6PrefixLength: network.GlobalIPv6PrefixLen,
    ipAddress: network.IPAddress,
    ipPrefixLength: network.IPPrefixLen,
    ipv6Gateway: network.IPv6Gateway,
    macAddress: network.MacAddress,
    networkName,
  }));
}

/** The ports as wanted, with the host port that Docker chose where none was. */
function portsOf(found: ContainerInspectInfo, inputs: Properties): Properties[] {
  return objects(inputs, "ports").map((port) => {
    const key = `${String(port.internal)}/${text(port, "protocol") ?? "tcp"}`;
    const bound = (found.NetworkSettings.Ports?.[key] ?? []).find(
      (one) => one.HostIp === (text(port, "ip") ?? "0.0.0.0"),
    );
    const external = port.external ?? (bound ? Number(bound.HostPort) : null);
    return {
      external,
      internal: port.internal ?? null,
      ip: text(port, "ip") ?? "0.0.0.0",
      protocol: text(port, "protocol") ?? "tcp",
    };
  });
}

/** The recorded inputs with what is different in the running container: stopped, limits, networks, name. */
export function driftedInputs(found: ContainerInspectInfo, inputs: Properties, outputs: Properties): Properties {
  const drifted: Properties = { ...inputs };
  const mustRun = inputs.mustRun !== false && inputs.start !== false && inputs.attach !== true;
  if (mustRun && (!found.State.Running || found.State.Paused)) {
    drifted.mustRun = false;
  }
  const unset: Properties = {
    memory: 0,
    memoryReservation: 0,
    cpuShares: 0,
    cpuSet: "",
    restart: "no",
    maxRetryCount: 0,
    name: "",
  };
  for (const key of [...Object.keys(unset), "memorySwap"]) {
    const now = outputs[key];
    // Without one, Docker chooses memorySwap; -1 is what a host without swap accounting says.
    const ignored = key === "memorySwap" && (inputs[key] === undefined || now === -1);
    if (now !== undefined && !ignored && now !== (inputs[key] ?? unset[key])) {
      drifted[key] = now;
    }
  }
  const joined = found.NetworkSettings.Networks ?? {};
  const networks = objects(inputs, "networksAdvanced");
  const present = networks.filter((network) => {
    const name = text(network, "name") ?? "";
    const endpoint = joined[name] ?? Object.values(joined).find((one) => one.NetworkID === name);
    const address = text(network, "ipv4Address");
    return (
      endpoint && (address === undefined || [endpoint.IPAddress, endpoint.IPAMConfig?.IPv4Address].includes(address))
    );
  });
  if (present.length < networks.length) {
    drifted.networksAdvanced = present;
  }
  return drifted;
}

const derived = new Set([
  "ipcMode",
  "logDriver",
  "platform",
  "runtime",
  "shmSize",
  "networkMode",
  "memorySwap",
  "stopTimeout",
]);

/** What a program would have to say for an imported container; enough to begin with. */
export function importedInputs(outputs: Properties, fields: readonly string[]): Properties {
  const kept = fields.filter(
    (key) => !derived.has(key) && !isEmpty(outputs[key]) && ![false, 0, ""].includes(outputs[key] as string),
  );
  return Object.fromEntries(kept.map((key) => [key, outputs[key] ?? null]));
}
