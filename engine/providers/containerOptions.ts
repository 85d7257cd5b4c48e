import type { ContainerCreateOptions, EndpointSettings, HealthConfig, HostConfig, MountConfig } from "dockerode";
import type { Properties } from "../provider";
import { duration } from "./duration";
import { flag, isEmpty, labelMap, number, object, objects, text, textMap, texts } from "./values";

type MountSettings = MountConfig[number];

/** What the Docker API is asked for; only `inputs` decide it. Memory is in bytes here, in MB in the inputs. */
export function createOptions(inputs: Properties): ContainerCreateOptions {
  const healthcheck = object(inputs, "healthcheck");
  const options: ContainerCreateOptions = {
    name: text(inputs, "name"),
    platform: text(inputs, "platform"),
    Image: text(inputs, "image"),
    Hostname: text(inputs, "hostname"),
    Domainname: text(inputs, "domainname"),
    Cmd: given(inputs, "command"),
    Entrypoint: given(inputs, "entrypoints"),
    Env: texts(inputs, "envs"),
    User: text(inputs, "user"),
    WorkingDir: text(inputs, "workingDir"),
    Tty: flag(inputs, "tty") ?? false,
    OpenStdin: flag(inputs, "stdinOpen") ?? false,
    StopSignal: text(inputs, "stopSignal"),
    StopTimeout: number(inputs, "stopTimeout"),
    Labels: labelMap(inputs),
    ExposedPorts: Object.fromEntries(objects(inputs, "ports").map((port) => [portKey(port), {}])),
    Volumes: anonymousVolumes(inputs),
    Healthcheck: healthcheck && healthConfig(healthcheck),
    HostConfig: hostConfig(inputs),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function given(inputs: Properties, key: string): string[] | undefined {
  return isEmpty(inputs[key]) ? undefined : texts(inputs, key);
}

function portKey(port: Properties): string {
  return `${number(port, "internal")}/${text(port, "protocol") ?? "tcp"}`;
}

function healthConfig(healthcheck: Properties): HealthConfig {
  const nanoseconds = (key: string) => duration(text(healthcheck, key) ?? "0s") ?? 0;
  const startInterval = nanoseconds("startInterval");
  return {
    Test: texts(healthcheck, "tests"),
    Interval: nanoseconds("interval"),
    Timeout: nanoseconds("timeout"),
    StartPeriod: nanoseconds("startPeriod"),
    // Engines before 25 do not know it.
    ...(startInterval > 0 ? { StartInterval: startInterval } : {}),
    Retries: number(healthcheck, "retries") ?? 0,
  };
}

const bytes = (megabytes: number | undefined): number | undefined =>
  megabytes === undefined || megabytes < 0 ? megabytes : megabytes * 1024 * 1024;

/** The limits that can change while a container runs. */
export function limits(inputs: Properties): HostConfig {
  return {
    RestartPolicy: { Name: text(inputs, "restart") ?? "no", MaximumRetryCount: number(inputs, "maxRetryCount") ?? 0 },
    Memory: bytes(number(inputs, "memory")) ?? 0,
    MemoryReservation: bytes(number(inputs, "memoryReservation")) ?? 0,
    MemorySwap: bytes(number(inputs, "memorySwap")) ?? 0,
    CpuShares: number(inputs, "cpuShares") ?? 0,
    CpusetCpus: text(inputs, "cpuSet") ?? "",
  };
}

function hostConfig(inputs: Properties): HostConfig {
  const capabilities = object(inputs, "capabilities") ?? {};
  const logOpts = textMap(inputs, "logOpts");
  const cpus = text(inputs, "cpus");
  const config: HostConfig & { CgroupnsMode?: string } = {
    ...limits(inputs),
    NetworkMode: text(inputs, "networkMode") ?? "bridge",
    PortBindings: portBindings(inputs),
    PublishAllPorts: flag(inputs, "publishAllPorts") ?? false,
    ExtraHosts: someOf(objects(inputs, "hosts").map((one) => `${text(one, "host")}:${text(one, "ip")}`)),
    Dns: given(inputs, "dns"),
    DnsOptions: given(inputs, "dnsOpts"),
    DnsSearch: given(inputs, "dnsSearches"),
    Mounts: someOf(objects(inputs, "mounts").map(mountSettings)),
    Binds: someOf(objects(inputs, "volumes").flatMap(bind)),
    VolumesFrom: someOf(objects(inputs, "volumes").flatMap((one) => text(one, "fromContainer") ?? [])),
    Tmpfs: isEmpty(inputs.tmpfs) ? undefined : textMap(inputs, "tmpfs"),
    CapAdd: given(capabilities, "adds"),
    CapDrop: given(capabilities, "drops"),
    Privileged: flag(inputs, "privileged") ?? false,
    SecurityOpt: given(inputs, "securityOpts"),
    GroupAdd: given(inputs, "groupAdds"),
    ReadonlyRootfs: flag(inputs, "readOnly") ?? false,
    Init: flag(inputs, "init") ?? false,
    AutoRemove: flag(inputs, "rm") ?? false,
    ShmSize: bytes(number(inputs, "shmSize")),
    Sysctls: isEmpty(inputs.sysctls) ? undefined : textMap(inputs, "sysctls"),
    StorageOpt: isEmpty(inputs.storageOpts) ? undefined : textMap(inputs, "storageOpts"),
    Ulimits: someOf(
      objects(inputs, "ulimits").map((one) => ({
        Name: text(one, "name") ?? "",
        Soft: number(one, "soft") ?? 0,
        Hard: number(one, "hard") ?? 0,
      })),
    ),
    Devices: someOf(objects(inputs, "devices").map(device)),
    LogConfig: { Type: text(inputs, "logDriver") ?? "", Config: logOpts },
    NanoCpus: cpus === undefined ? undefined : Math.round(Number(cpus) * 1e9),
    CpuPeriod: number(inputs, "cpuPeriod"),
    CpuQuota: number(inputs, "cpuQuota"),
    Runtime: text(inputs, "runtime"),
    IpcMode: text(inputs, "ipcMode"),
    PidMode: text(inputs, "pidMode"),
    UsernsMode: text(inputs, "usernsMode"),
    CgroupnsMode: text(inputs, "cgroupnsMode"),
    CgroupParent: text(inputs, "cgroupParent"),
  };
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

const someOf = <T>(all: T[]): T[] | undefined => (all.length > 0 ? all : undefined);

function portBindings(inputs: Properties): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of objects(inputs, "ports")) {
    const external = number(port, "external");
    const binding = { HostIp: text(port, "ip") ?? "0.0.0.0", HostPort: external === undefined ? "" : String(external) };
    bindings[portKey(port)] = [...(bindings[portKey(port)] ?? []), binding];
  }
  return bindings;
}

function mountSettings(mount: Properties): MountSettings {
  const tmpfs = object(mount, "tmpfsOptions");
  const bindOptions = object(mount, "bindOptions");
  const volume = object(mount, "volumeOptions");
  const settings = {
    Type: text(mount, "type") as MountSettings["Type"],
    Source: text(mount, "source") ?? "",
    Target: text(mount, "target") ?? "",
    ReadOnly: flag(mount, "readOnly"),
    BindOptions: bindOptions && { Propagation: text(bindOptions, "propagation") },
    TmpfsOptions: tmpfs && { SizeBytes: number(tmpfs, "sizeBytes"), Mode: number(tmpfs, "mode") },
    VolumeOptions: volume && {
      NoCopy: flag(volume, "noCopy"),
      Labels: labelMap(volume),
      DriverConfig: { Name: text(volume, "driverName"), Options: textMap(volume, "driverOptions") },
    },
  };
  return Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined),
  ) as unknown as MountSettings;
}

function anonymousVolumes(inputs: Properties): Record<string, Record<string, never>> | undefined {
  const paths = objects(inputs, "volumes").filter((one) => !text(one, "hostPath") && !text(one, "volumeName"));
  const entries = paths.flatMap((one) => text(one, "containerPath") ?? []).map((path) => [path, {}]);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function bind(volume: Properties): string[] {
  const source = text(volume, "hostPath") ?? text(volume, "volumeName");
  return source === undefined
    ? []
    : [`${source}:${text(volume, "containerPath")}:${flag(volume, "readOnly") ? "ro" : "rw"}`];
}

function device(one: Properties) {
  const path = text(one, "hostPath") ?? "";
  return {
    PathOnHost: path,
    PathInContainer: text(one, "containerPath") ?? path,
    CgroupPermissions: text(one, "permissions") ?? "rwm",
  };
}

/** How the container joins one of its `networksAdvanced`. */
export function endpointSettings(network: Properties): EndpointSettings {
  const ipv4 = text(network, "ipv4Address");
  const ipv6 = text(network, "ipv6Address");
  const local = given(network, "linkLocalIps");
  const ipam = {
    ...(ipv4 ? { IPv4Address: ipv4 } : {}),
    ...(ipv6 ? { IPv6Address: ipv6 } : {}),
    ...(local ? { LinkLocalIPs: local } : {}),
  };
  return {
    Aliases: texts(network, "aliases"),
    DriverOpts: {},
    ...(Object.keys(ipam).length > 0 ? { IPAMConfig: ipam } : {}),
  } as EndpointSettings;
}
