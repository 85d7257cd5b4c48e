/** docker.Container's inputs: what they may be, where and how the Docker API has each, and what the state says of it. */

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

/** None at all for 0: engines before 25 do not know `StartInterval`. */
const nanoseconds: Form = {
  to: (text: string) => parseDuration(text) || undefined,
  from: (count: number) => formatDuration(count),
};

/** `key=value` texts as a map. */
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

/** Those of a host directory or a volume with a name; createOptions asks for the others. */
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
const none = { absent: [] };
/** The engine's own affair, not the API's. */
const ours = { api: "" };
const unnamed = { absent: "" };
const told = (api: string) => ({ api, told: true });
/** To Docker, `limit` means "as before": taking one away needs a new container. */
const limited = (api: string, limit: Value, form?: Form, least = 0) => ({
  ...told(api),
  form,
  limit,
  least,
  inPlace: (_old: Value, now: Value) => !isEmpty(now) && now !== 0 && now !== "",
});

const time = str({
  default: "0s",
  form: nanoseconds,
  like: [{ test: (text) => parseDuration(text) !== undefined }, "e.g. 1s, 500ms or 1m30s"],
});

/** How a container joins one of its networks. */
export const networkFields: Fields = {
  name: str({ ...required, ...ours }),
  aliases: set({ ...none, sent: [] }),
  driverOpts: set({ ...none, form: driverOptions, sent: {} }),
  gwPriority: num({ absent: null, absentRead: 0, unsupported: true }),
  ipv4Address: str({ ...unnamed, api: "IPAMConfig.IPv4Address" }),
  ipv6Address: str({ ...unnamed, api: "IPAMConfig.IPv6Address" }),
  linkLocalIps: set({ ...none, api: "IPAMConfig.LinkLocalIPs" }),
  macAddress: str(unnamed),
};

/** What is not marked `inPlace` replaces the container. */
export const containerFields: Fields = {
  name: str({ ...required, ...ours }),
  image: str({ ...required, api: "Config.*" }),
  command: list({ ...told("Config.Cmd"), computed }),
  entrypoints: list({ ...none, api: "Config.Entrypoint", computed }),
  // The entry itself may be a secret: it is not shown.
  envs: set({
    ...none,
    api: "Config.Env",
    of: str({ like: [/^[^=]/, "NAME=value", "an entry without a name"] }),
    computed,
  }),
  ...each(["domainname", "user", "workingDir"], str(told("Config.*"))),
  ...each(["hostname", "stopSignal"], str({ ...told("Config.*"), computed })),
  labels: { ...labels, api: "Config.*", computed },
  networkMode: str({ default: "bridge", ...told("HostConfig.*") }),
  networksAdvanced: set({ key: "name", fields: networkFields, ...ours }),
  hosts: set({
    key: "host",
    fields: { host: str(required), ip: str(required) },
    api: "HostConfig.ExtraHosts",
    form: { to: (hosts: readonly Each<"hosts">[]) => hosts.map(({ host, ip }) => `${host}:${ip}`) },
  }),
  ports: list({
    fields: {
      internal: num(required),
      external: num({ computed }),
      ip: str({ default: "0.0.0.0" }),
      protocol: str({ default: "tcp" }),
    },
    api: "HostConfig.PortBindings",
    form: portBindings,
  }),
  ...each(["publishAllPorts", "privileged"], bool(told("HostConfig.*"))),
  dns: set({ api: "HostConfig.*" }),
  dnsOpts: set({ api: "HostConfig.DnsOptions" }),
  dnsSearches: set({ api: "HostConfig.DnsSearch" }),
  uploads: set({
    ...ours,
    key: "file",
    fields: {
      file: str({ ...required, like: [/^\//, "an absolute path"] }),
      ...each(["content", "contentBase64", "source", "sourceHash"], str(unnamed)),
      executable: bool({ absent: false }),
      permissions: str({ ...unnamed, like: [/^0[0-7]{3}$/, "e.g. 0644"] }),
      ...each(["owner", "group"], str()),
    },
  }),
  mounts: set({
    api: "HostConfig.*",
    key: "target",
    fields: {
      type: str({ ...required, like: [/^(bind|volume|tmpfs)$/, "bind, volume or tmpfs"] }),
      target: str(required),
      source: str({ ...unnamed, sent: "" }),
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
    fields: { containerPath: str(), hostPath: str(), volumeName: str(), fromContainer: str(), readOnly: bool() },
  }),
  ...each(["tmpfs", "sysctls"], map({ api: "HostConfig.*" })),
  // The official provider calls a change of it in place too, and does nothing: a label with its hash forces the replacement.
  healthcheck: obj(
    {
      tests: list({ ...required, api: "Test" }),
      ...each(["interval", "timeout", "startPeriod", "startInterval"], time),
      retries: num(),
    },
    { ...inPlace, ...told("Config.*"), computed },
  ),
  start: bool({ ...ours, default: true, ...inPlace }),
  // read() reports a stopped container as mustRun false: a fresh one takes its place, as in the official provider.
  mustRun: bool({ ...ours, default: true, inPlace: (old, now) => !(old === false && now === true) }),
  ...each(["wait", "attach", "logs"], bool({ ...ours, absent: false, ...inPlace })),
  waitTimeout: num({ ...ours, default: 60, ...inPlace }),
  restart: str({
    ...told("HostConfig.RestartPolicy.Name"),
    default: "no",
    limit: "no",
    like: [/^(no|on-failure|always|unless-stopped)$/, "no, on-failure, always or unless-stopped"],
    ...inPlace,
  }),
  maxRetryCount: num({ ...told("HostConfig.RestartPolicy.MaximumRetryCount"), limit: 0, ...inPlace }),
  ...each(["memory", "memoryReservation"], num(limited("HostConfig.*", 0, mebibytes))),
  memorySwap: num(limited("HostConfig.*", 0, mebibytes, -1)),
  cpuShares: num(limited("HostConfig.*", 0)),
  cpuSet: str(limited("HostConfig.CpusetCpus", "")),
  cpus: str({ api: "HostConfig.NanoCpus", form: { to: (cpus: string) => Math.round(Number(cpus) * 1e9) } }),
  ...each(["cpuPeriod", "cpuQuota"], num({ api: "HostConfig.*" })),
  shmSize: num({ ...told("HostConfig.*"), form: mebibytes, least: 0, computed }),
  ulimits: set({
    api: "HostConfig.*",
    key: "name",
    fields: { name: str(required), soft: num(required), hard: num(required) },
  }),
  capabilities: obj({ adds: set({ api: "CapAdd" }), drops: set({ api: "CapDrop" }) }, { api: "HostConfig" }),
  securityOpts: set({ ...none, api: "HostConfig.SecurityOpt", computed }),
  groupAdds: set({ api: "HostConfig.GroupAdd" }),
  readOnly: bool(told("HostConfig.ReadonlyRootfs")),
  init: bool({ ...told("HostConfig.*"), sent: false, computed }),
  tty: bool(told("Config.*")),
  stdinOpen: bool(told("Config.OpenStdin")),
  rm: bool(told("HostConfig.AutoRemove")),
  stopTimeout: num({ ...told("Config.*"), least: 0, computed }),
  destroyGraceSeconds: num({ ...ours, ...inPlace }),
  removeVolumes: bool({ ...ours, default: true, ...inPlace }),
  containerReadRefreshTimeoutMilliseconds: num({ ...ours, default: 15000, ...inPlace }),
  logDriver: str({ ...told("HostConfig.LogConfig.Type"), computed }),
  logOpts: map({ api: "HostConfig.LogConfig.Config" }),
  storageOpts: map({ api: "HostConfig.StorageOpt" }),
  ...each(["runtime", "ipcMode"], str({ ...told("HostConfig.*"), computed })),
  usernsMode: str(told("HostConfig.*")),
  pidMode: str({ api: "HostConfig.*" }),
  // The official provider does not look at these either.
  ...each(["cgroupnsMode", "cgroupParent"], str({ api: "HostConfig.*", form: { to: (given: string) => given } })),
  platform: str({ ...told("Platform"), computed }),
  gpus: unsupported(),
  ...each(["devices", "deviceRequests"], unsupported([])),
  ...each(["deviceReadBps", "deviceReadIops", "deviceWriteBps", "deviceWriteIops"], unsupported([])),
};

/** Rules that go across fields. */
export function* checkContainer(inputs: Inputs): Iterable<[property: string, why: string]> {
  const { uploads = [], networksAdvanced = [], networkMode = "bridge", wait, start } = inputs;
  for (const [index, upload] of uploads.entries()) {
    const given = (["content", "contentBase64", "source"] as const).filter((key) => upload[key] !== undefined);
    const why = `${upload.file}: expected one of content, contentBase64, source; found ${given.join(" and ") || "none"}`;
    if (given.length !== 1) yield [`uploads[${index}]`, why];
  }
  if (wait === true && start === false)
    yield ["wait", "expected start: true with wait: true; a container that is not started never gets healthy"];
  if (networksAdvanced.length > 0 && ["host", "none"].includes(networkMode))
    yield ["networksAdvanced", `expected networkMode bridge with it, found ${networkMode}`];
}
