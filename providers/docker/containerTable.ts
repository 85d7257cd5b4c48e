/** docker.Container's inputs: what they may be, where the Docker API has each, and what the state says of it. */

import type { Value } from "../../engine/provider";
import { isEmpty } from "../../engine/values";
import { bool, type Fields, type Form, list, map, num, obj, set, str } from "../schema";
import { binds, driverOptions, hostEntries, mebibytes, nanoCpus, nanoseconds, portBindings } from "./containerForms";
import { labels } from "./labels";

const required = { required: true };
const inPlace = { inPlace: true };
const unsupported = { unsupported: true };
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
  like: [/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$|^0$/, "e.g. 1s, 500ms or 1m30s"],
});
/** How a container joins one of its networks. */
export const networkFields: Fields = {
  name: str({ ...required, ...ours }),
  aliases: set({ ...none, sent: [] }),
  driverOpts: set({ ...none, form: driverOptions, sent: {} }),
  gwPriority: num({ absent: null, absentRead: 0, ...unsupported }),
  ipv4Address: str({ ...unnamed, api: "IPAMConfig.IPv4Address" }),
  ipv6Address: str({ ...unnamed, api: "IPAMConfig.IPv6Address" }),
  linkLocalIps: set({ ...none, api: "IPAMConfig.LinkLocalIPs" }),
  macAddress: str(unnamed),
};

/** What is not marked `inPlace` replaces the container. */
export const containerFields: Fields = {
  name: str({ ...required, ...ours }),
  image: str({ ...required, api: "Config.*" }),
  hostname: str(told("Config.*")),
  domainname: str(told("Config.*")),
  command: list(told("Config.Cmd")),
  entrypoints: list({ ...none, api: "Config.Entrypoint" }),
  // The entry itself may be a secret: it is not shown.
  envs: set({
    ...none,
    api: "Config.Env",
    of: str({ like: [/^[^=]/, "NAME=value", "an entry without a name"] }),
  }),
  user: str(told("Config.*")),
  workingDir: str(told("Config.*")),
  labels: { ...labels(), api: "Config.*" },
  networkMode: str({ default: "bridge", ...told("HostConfig.*") }),
  networksAdvanced: set({ key: "name", fields: networkFields, ...ours }),
  hosts: set({
    fields: { host: str(required), ip: str(required) },
    key: "host",
    api: "HostConfig.ExtraHosts",
    form: hostEntries,
  }),
  ports: list({
    fields: {
      internal: num(required),
      external: num(),
      ip: str({ default: "0.0.0.0" }),
      protocol: str({ default: "tcp" }),
    },
    api: "HostConfig.PortBindings",
    form: portBindings,
  }),
  publishAllPorts: bool(told("HostConfig.*")),
  dns: set({ api: "HostConfig.*" }),
  dnsOpts: set({ api: "HostConfig.DnsOptions" }),
  dnsSearches: set({ api: "HostConfig.DnsSearch" }),
  uploads: set({
    ...ours,
    key: "file",
    fields: {
      file: str({ ...required, like: [/^\//, "an absolute path"] }),
      content: str(unnamed),
      contentBase64: str(unnamed),
      source: str(unnamed),
      sourceHash: str(unnamed),
      executable: bool({ absent: false }),
      permissions: str({ ...unnamed, like: [/^0[0-7]{3}$/, "e.g. 0644"] }),
      owner: str(),
      group: str(),
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
        labels: labels(),
      }),
    },
  }),
  volumes: set({
    api: "HostConfig.Binds",
    form: binds,
    key: "containerPath",
    fields: { containerPath: str(), hostPath: str(), volumeName: str(), fromContainer: str(), readOnly: bool() },
  }),
  tmpfs: map({ api: "HostConfig.*" }),
  // The official provider calls a change of it in place too, and does nothing: a label with its hash forces the replacement.
  healthcheck: obj(
    {
      tests: list({ ...required, api: "Test" }),
      interval: time,
      timeout: time,
      startPeriod: time,
      startInterval: time,
      retries: num(),
    },
    { ...inPlace, ...told("Config.*") },
  ),
  start: bool({ ...ours, default: true, ...inPlace }),
  // read() reports a stopped container as mustRun false: a fresh one takes its place, as in the official provider.
  mustRun: bool({ ...ours, default: true, inPlace: (old, now) => !(old === false && now === true) }),
  wait: bool({ ...ours, absent: false, ...inPlace }),
  waitTimeout: num({ ...ours, default: 60, ...inPlace }),
  attach: bool({ ...ours, absent: false, ...inPlace }),
  logs: bool({ ...ours, absent: false, ...inPlace }),
  restart: str({
    ...told("HostConfig.RestartPolicy.Name"),
    default: "no",
    limit: "no",
    like: [/^(no|on-failure|always|unless-stopped)$/, "no, on-failure, always or unless-stopped"],
    ...inPlace,
  }),
  maxRetryCount: num({ ...told("HostConfig.RestartPolicy.MaximumRetryCount"), limit: 0, ...inPlace }),
  memory: num(limited("HostConfig.*", 0, mebibytes)),
  memoryReservation: num(limited("HostConfig.*", 0, mebibytes)),
  memorySwap: num(limited("HostConfig.*", 0, mebibytes, -1)),
  cpuShares: num(limited("HostConfig.*", 0)),
  cpuSet: str(limited("HostConfig.CpusetCpus", "")),
  cpus: str({ api: "HostConfig.NanoCpus", form: nanoCpus }),
  cpuPeriod: num({ api: "HostConfig.*" }),
  cpuQuota: num({ api: "HostConfig.*" }),
  shmSize: num({ ...told("HostConfig.*"), form: mebibytes, least: 0 }),
  ulimits: set({
    api: "HostConfig.*",
    key: "name",
    fields: { name: str(required), soft: num(required), hard: num(required) },
  }),
  sysctls: map({ api: "HostConfig.*" }),
  capabilities: obj({ adds: set({ api: "CapAdd" }), drops: set({ api: "CapDrop" }) }, { api: "HostConfig" }),
  privileged: bool(told("HostConfig.*")),
  securityOpts: set({ ...none, api: "HostConfig.SecurityOpt" }),
  groupAdds: set({ api: "HostConfig.GroupAdd" }),
  readOnly: bool(told("HostConfig.ReadonlyRootfs")),
  init: bool({ ...told("HostConfig.*"), sent: false }),
  tty: bool(told("Config.*")),
  stdinOpen: bool(told("Config.OpenStdin")),
  rm: bool(told("HostConfig.AutoRemove")),
  stopSignal: str(told("Config.*")),
  stopTimeout: num({ ...told("Config.*"), least: 0 }),
  destroyGraceSeconds: num({ ...ours, ...inPlace }),
  removeVolumes: bool({ ...ours, default: true, ...inPlace }),
  containerReadRefreshTimeoutMilliseconds: num({ ...ours, default: 15000, ...inPlace }),
  logDriver: str(told("HostConfig.LogConfig.Type")),
  logOpts: map({ api: "HostConfig.LogConfig.Config" }),
  storageOpts: map({ api: "HostConfig.StorageOpt" }),
  runtime: str(told("HostConfig.*")),
  ipcMode: str(told("HostConfig.*")),
  pidMode: str({ api: "HostConfig.*" }),
  usernsMode: str(told("HostConfig.*")),
  cgroupnsMode: str({ api: "HostConfig.*" }),
  cgroupParent: str({ api: "HostConfig.*" }),
  platform: str(told("Platform")),
  gpus: str(unsupported),
  devices: list({ ...unsupported, ...none }),
  deviceRequests: list({ ...unsupported, ...none }),
  deviceReadBps: list({ ...unsupported, ...none }),
  deviceReadIops: list({ ...unsupported, ...none }),
  deviceWriteBps: list({ ...unsupported, ...none }),
  deviceWriteIops: list({ ...unsupported, ...none }),
};
