/** The inputs of docker.Container: valid values, paths and forms in the Docker API, and recorded values. */

import type { ContainerArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import { formatDuration, parseDuration } from "../../duration";
import type { Value } from "../../provider";
import { isEmpty } from "../../values";
import { bool, each, type Fields, type Form, list, map, num, obj, set, str, unsupported } from "../schema";
import { labels } from "./api";

export type Inputs = Unwrap<ContainerArgs> & { readonly name: string };
type Each<Key extends keyof Inputs> = NonNullable<Inputs[Key]> extends readonly (infer One)[] ? One : never;

const mebibytes: Form = {
  to: (size: number) => (size < 0 ? size : size * 1024 * 1024),
  from: (bytes: number) => (bytes <= 0 ? bytes : Math.round(bytes / 1024 / 1024)),
};

/** 0 is not sent, because engines before version 25 do not support `StartInterval`. */
const nanoseconds: Form = {
  to: (text: string) => parseDuration(text) || undefined,
  from: (count: number) => formatDuration(count),
};

/** Converts `key=value` strings to a map. */
const driverOptions: Form = {
  to: (options: readonly string[]) => Object.fromEntries(options.map((each) => each.split(/=(.*)/s, 2))),
};

type Port = Each<"ports">;
export const portKey = ({ internal, protocol = "tcp" }: Port): string => `${internal}/${protocol}`;
const bindingOf = ({ ip = "0.0.0.0", external }: Port) => ({ HostIp: ip, HostPort: String(external ?? "") });
const portBindings: Form = {
  to(ports: readonly Port[]) {
    // One port may be published at several addresses.
    const bindingsOf = (key: string) => ports.filter((port) => portKey(port) === key).map(bindingOf);
    return Object.fromEntries(ports.map(portKey).map((key) => [key, bindingsOf(key)]));
  },
};

/** Bind mounts and named volumes; createOptions adds anonymous volumes. */
const binds: Form = {
  to: (volumes: readonly Each<"volumes">[]) =>
    volumes.flatMap(({ hostPath, volumeName, containerPath = "", readOnly }) => {
      const source = hostPath || volumeName;
      return source ? [`${source}:${containerPath}:${readOnly ? "ro" : "rw"}`] : [];
    }),
};

const required = { required: true };
const inPlace = { inPlace: true };
const computed = true;
const emptyList = { absent: [] };
const emptyText = { absent: "" };
/** Handled by the provider, not sent to the API. */
const notSent = { api: "" };
const reported = (api: string) => ({ api, reported: true });
/** For `docker update`, `limit` means "unchanged", so removing a limit needs a new container. */
const limited = (api: string, limit: Value, form?: Form, min = 0) => ({
  ...reported(api),
  form,
  limit,
  min,
  inPlace: (_old: Value, now: Value) => !isEmpty(now) && now !== 0 && now !== "",
});

const time = str({
  default: "0s",
  form: nanoseconds,
  pattern: [{ test: (text) => parseDuration(text) !== undefined }, "e.g. 1s, 500ms or 1m30s"],
});

/** How a container joins one of its networks. */
export const networkFields: Fields = {
  name: str({ ...required, ...notSent }),
  aliases: set({ ...emptyList, sent: [] }),
  driverOpts: set({ ...emptyList, form: driverOptions, sent: {} }),
  gwPriority: num({ absent: null, absentRead: 0, unsupported: true }),
  ipv4Address: str({ ...emptyText, api: "IPAMConfig.IPv4Address" }),
  ipv6Address: str({ ...emptyText, api: "IPAMConfig.IPv6Address" }),
  linkLocalIps: set({ ...emptyList, api: "IPAMConfig.LinkLocalIPs" }),
  macAddress: str(emptyText),
};

/** A change of a field without `inPlace` replaces the container. */
export const containerFields: Fields = {
  name: str({ ...required, ...notSent }),
  image: str({ ...required, api: "Config.*" }),
  command: list({ ...reported("Config.Cmd"), computed }),
  entrypoints: list({ ...reported("Config.Entrypoint"), computed }),
  // Invalid entries are not shown, because they may be secret.
  envs: set({
    ...emptyList,
    api: "Config.Env",
    of: str({ pattern: [/^[^=]/, "NAME=value", "an entry without a name"] }),
    computed,
  }),
  ...each(["domainname", "user", "workingDir"], str(reported("Config.*"))),
  ...each(["hostname", "stopSignal"], str({ ...reported("Config.*"), computed })),
  labels: { ...labels, api: "Config.*", computed },
  networkMode: str({ default: "bridge", ...reported("HostConfig.*") }),
  networksAdvanced: set({ key: "name", fields: networkFields, ...notSent }),
  hosts: set({
    key: "host",
    fields: { host: str(required), ip: str(required) },
    api: "HostConfig.ExtraHosts",
    form: { to: (hosts: readonly Each<"hosts">[]) => hosts.map(({ host, ip }) => `${host}:${ip}`) },
  }),
  ports: set({
    key: "internal",
    fields: {
      internal: num(required),
      external: num({ computed }),
      ip: str({ default: "0.0.0.0" }),
      protocol: str({ default: "tcp" }),
    },
    api: "HostConfig.PortBindings",
    form: portBindings,
  }),
  ...each(["publishAllPorts", "privileged"], bool(reported("HostConfig.*"))),
  dns: set({ api: "HostConfig.*" }),
  dnsOpts: set({ api: "HostConfig.DnsOptions" }),
  dnsSearches: set({ api: "HostConfig.DnsSearch" }),
  uploads: set({
    ...notSent,
    key: "file",
    fields: {
      file: str({ ...required, pattern: [/^\//, "an absolute path"] }),
      ...each(["content", "contentBase64", "source", "sourceHash"], str(emptyText)),
      executable: bool({ absent: false }),
      permissions: str({ ...emptyText, pattern: [/^0[0-7]{3}$/, "e.g. 0644"] }),
      ...each(["owner", "group"], str()),
    },
  }),
  mounts: set({
    api: "HostConfig.*",
    key: "target",
    fields: {
      type: str({ ...required, pattern: [/^(bind|volume|tmpfs)$/, "bind, volume or tmpfs"] }),
      target: str(required),
      source: str({ ...emptyText, sent: "" }),
      readOnly: bool({ absent: null, absentRead: false }),
      bindOptions: obj({ propagation: str() }),
      tmpfsOptions: obj({ mode: num(), sizeBytes: num() }),
      volumeOptions: obj({
        noCopy: bool(),
        driverName: str({ api: "DriverConfig.Name" }),
        driverOptions: map({ api: "DriverConfig.Options" }),
        labels,
      }),
    },
  }),
  volumes: set({
    api: "HostConfig.Binds",
    form: binds,
    key: "containerPath",
    fields: {
      containerPath: str(),
      hostPath: str(),
      volumeName: str(),
      fromContainer: unsupported(),
      readOnly: bool(),
    },
  }),
  ...each(["tmpfs", "sysctls"], map({ api: "HostConfig.*" })),
  // In place as in the official provider, which ignores the change: a label with a hash has to force the replacement.
  healthcheck: obj(
    {
      tests: list({ ...required, api: "Test" }),
      ...each(["interval", "timeout", "startPeriod", "startInterval"], time),
      retries: num(),
    },
    { ...inPlace, ...reported("Config.*"), computed },
  ),
  start: bool({ ...notSent, default: true, ...inPlace }),
  // read() reports a stopped container as mustRun: false. It is then replaced, as by the official provider.
  mustRun: bool({ ...notSent, default: true, inPlace: (old, now) => !(old === false && now === true) }),
  wait: bool({ ...notSent, absent: false, ...inPlace }),
  waitTimeout: num({ ...notSent, default: 60, ...inPlace }),
  restart: str({
    ...reported("HostConfig.RestartPolicy.Name"),
    default: "no",
    limit: "no",
    pattern: [/^(no|on-failure|always|unless-stopped)$/, "no, on-failure, always or unless-stopped"],
    ...inPlace,
  }),
  maxRetryCount: num({ ...reported("HostConfig.RestartPolicy.MaximumRetryCount"), limit: 0, ...inPlace }),
  ...each(["memory", "memoryReservation"], num(limited("HostConfig.*", 0, mebibytes))),
  memorySwap: num(limited("HostConfig.*", 0, mebibytes, -1)),
  cpuShares: num(limited("HostConfig.*", 0)),
  cpuSet: str(limited("HostConfig.CpusetCpus", "")),
  cpus: str({ api: "HostConfig.NanoCpus", form: { to: (cpus: string) => Math.round(Number(cpus) * 1e9) } }),
  ...each(["cpuPeriod", "cpuQuota"], num({ api: "HostConfig.*" })),
  shmSize: num({ ...reported("HostConfig.*"), form: mebibytes, min: 0, computed }),
  ulimits: set({
    api: "HostConfig.*",
    key: "name",
    fields: { name: str(required), soft: num(required), hard: num(required) },
  }),
  capabilities: obj({ adds: set({ api: "CapAdd" }), drops: set({ api: "CapDrop" }) }, { api: "HostConfig" }),
  securityOpts: set({ ...emptyList, api: "HostConfig.SecurityOpt", computed }),
  groupAdds: set({ api: "HostConfig.GroupAdd" }),
  readOnly: bool(reported("HostConfig.ReadonlyRootfs")),
  init: bool({ ...reported("HostConfig.*"), sent: false, computed }),
  tty: bool(reported("Config.*")),
  stdinOpen: bool(reported("Config.OpenStdin")),
  rm: bool(reported("HostConfig.AutoRemove")),
  stopTimeout: num({ ...reported("Config.*"), min: 0, computed }),
  destroyGraceSeconds: num({ ...notSent, ...inPlace }),
  removeVolumes: bool({ ...notSent, default: true, ...inPlace }),
  containerReadRefreshTimeoutMilliseconds: num({ ...notSent, default: 15000, ...inPlace }),
  logDriver: str({ ...reported("HostConfig.LogConfig.Type"), computed }),
  logOpts: map({ api: "HostConfig.LogConfig.Config" }),
  storageOpts: map({ api: "HostConfig.StorageOpt" }),
  ...each(["runtime", "ipcMode"], str({ ...reported("HostConfig.*"), computed })),
  usernsMode: str(reported("HostConfig.*")),
  pidMode: str({ api: "HostConfig.*" }),
  platform: str({ ...reported("Platform"), computed }),
  ...each(["attach", "logs"], unsupported(false)),
  ...each(["cgroupnsMode", "cgroupParent", "gpus"], unsupported()),
  ...each(["devices", "deviceRequests"], unsupported([])),
  ...each(["deviceReadBps", "deviceReadIops", "deviceWriteBps", "deviceWriteIops"], unsupported([])),
};

/** Rules that involve several fields. */
export function* checkContainer(inputs: Inputs): Iterable<[property: string, why: string]> {
  const { uploads = [], networksAdvanced = [], networkMode = "bridge", wait, start } = inputs;
  for (const [index, upload] of uploads.entries()) {
    const given = (["content", "contentBase64", "source"] as const).filter((key) => upload[key] !== undefined);
    const why = `${upload.file}: expected one of content, contentBase64, source; found ${given.join(" and ") || "none"}`;
    if (given.length !== 1) yield [`uploads[${index}]`, why];
  }
  if (wait === true && start === false)
    yield ["wait", "expected start: true with wait: true; a container that is not started never becomes healthy"];
  if (networksAdvanced.length > 0 && ["host", "none"].includes(networkMode))
    yield ["networksAdvanced", `expected networkMode bridge, found ${networkMode}; remove one of the two`];
}
