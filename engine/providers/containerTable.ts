/** docker.Container's inputs: what they may be, where the Docker API has each, and what the state says of it. */

import type { Value } from "../provider";
import { isEmpty } from "../values";
import {
  deviceForm,
  healthFields,
  healthForm,
  hostEntries,
  mebibytes,
  mountForm,
  nanoCpus,
  portForm,
  ulimitForm,
} from "./containerForms";
import { labels, labelsForm } from "./labels";
import { bool, type Fields, type Form, list, map, num, obj, set, str } from "./schema";

const required = { required: true };
const inPlace = { inPlace: true };
const unsupported = { unsupported: true };
const none = { absent: [] };
const unnamed = { absent: "" };
const told = (api: string) => ({ api, told: true });
/** To Docker, `limit` means "as before": taking one away needs a new container. */
const limited = (api: string, limit: Value, form?: Form) => ({
  ...told(api),
  form,
  limit,
  inPlace: (_old: Value, now: Value) => !isEmpty(now) && now !== 0 && now !== "",
});

/** What is not marked `inPlace` replaces the container. */
export const containerFields: Fields = {
  name: str(required),
  image: str({ ...required, api: "Config.Image" }),
  hostname: str(told("Config.Hostname")),
  domainname: str(told("Config.Domainname")),
  command: list(told("Config.Cmd")),
  entrypoints: list({ ...none, api: "Config.Entrypoint" }),
  envs: set({ ...none, api: "Config.Env" }),
  user: str(told("Config.User")),
  workingDir: str(told("Config.WorkingDir")),
  labels: { ...labels(), api: "Config.Labels", form: labelsForm },
  networkMode: str({ default: "bridge", ...told("HostConfig.NetworkMode") }),
  networksAdvanced: set({
    key: "name",
    fields: {
      name: str(required),
      aliases: set(none),
      driverOpts: set(none),
      gwPriority: num({ absent: null, absentRead: 0, ...unsupported }),
      ipv4Address: str(unnamed),
      ipv6Address: str(unnamed),
      linkLocalIps: set(none),
      macAddress: str(unnamed),
    },
  }),
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
    form: portForm,
  }),
  publishAllPorts: bool(told("HostConfig.PublishAllPorts")),
  dns: set({ api: "HostConfig.Dns" }),
  dnsOpts: set({ api: "HostConfig.DnsOptions" }),
  dnsSearches: set({ api: "HostConfig.DnsSearch" }),
  uploads: set({
    key: "file",
    fields: {
      file: str(required),
      content: str(unnamed),
      contentBase64: str(unnamed),
      source: str(unnamed),
      sourceHash: str(unnamed),
      executable: bool({ absent: false }),
      permissions: str(unnamed),
      owner: str(),
      group: str(),
    },
  }),
  mounts: set({
    key: "target",
    fields: {
      type: str(required),
      target: str(required),
      source: str(unnamed),
      readOnly: bool({ absent: null, absentRead: false }),
      bindOptions: obj({ propagation: str() }),
      tmpfsOptions: obj({ mode: num(), sizeBytes: num() }),
      volumeOptions: obj({ noCopy: bool(), driverName: str(), driverOptions: map(), labels: labels() }),
    },
    api: "HostConfig.Mounts",
    form: mountForm,
  }),
  volumes: set({
    key: "containerPath",
    fields: { containerPath: str(), hostPath: str(), volumeName: str(), fromContainer: str(), readOnly: bool() },
  }),
  tmpfs: map({ api: "HostConfig.Tmpfs" }),
  // The official provider calls a change of it in place too, and does nothing: a label with its hash forces the replacement.
  healthcheck: obj(healthFields, { ...inPlace, ...told("Config.Healthcheck"), form: healthForm }),
  start: bool({ default: true, ...inPlace }),
  // read() reports a stopped container as mustRun false: a fresh one takes its place, as in the official provider.
  mustRun: bool({ default: true, inPlace: (old, now) => !(old === false && now === true) }),
  wait: bool({ absent: false, ...inPlace }),
  waitTimeout: num({ default: 60, ...inPlace }),
  attach: bool({ absent: false, ...inPlace }),
  logs: bool({ absent: false, ...inPlace }),
  restart: str({ ...told("HostConfig.RestartPolicy.Name"), default: "no", limit: "no", ...inPlace }),
  maxRetryCount: num({ ...told("HostConfig.RestartPolicy.MaximumRetryCount"), limit: 0, ...inPlace }),
  memory: num(limited("HostConfig.Memory", 0, mebibytes)),
  memoryReservation: num(limited("HostConfig.MemoryReservation", 0, mebibytes)),
  memorySwap: num(limited("HostConfig.MemorySwap", 0, mebibytes)),
  cpuShares: num(limited("HostConfig.CpuShares", 0)),
  cpuSet: str(limited("HostConfig.CpusetCpus", "")),
  cpus: str({ api: "HostConfig.NanoCpus", form: nanoCpus }),
  cpuPeriod: num({ api: "HostConfig.CpuPeriod" }),
  cpuQuota: num({ api: "HostConfig.CpuQuota" }),
  shmSize: num({ ...told("HostConfig.ShmSize"), form: mebibytes }),
  ulimits: set({
    fields: { name: str(required), soft: num(required), hard: num(required) },
    key: "name",
    api: "HostConfig.Ulimits",
    form: ulimitForm,
  }),
  sysctls: map({ api: "HostConfig.Sysctls" }),
  capabilities: obj({ adds: set(), drops: set() }),
  privileged: bool(told("HostConfig.Privileged")),
  securityOpts: set({ ...none, api: "HostConfig.SecurityOpt" }),
  groupAdds: set({ api: "HostConfig.GroupAdd" }),
  devices: set({
    fields: { hostPath: str(required), containerPath: str(), permissions: str() },
    key: "hostPath",
    api: "HostConfig.Devices",
    form: deviceForm,
  }),
  readOnly: bool(told("HostConfig.ReadonlyRootfs")),
  init: bool({ ...told("HostConfig.Init"), sent: false }),
  tty: bool(told("Config.Tty")),
  stdinOpen: bool(told("Config.OpenStdin")),
  rm: bool(told("HostConfig.AutoRemove")),
  stopSignal: str(told("Config.StopSignal")),
  stopTimeout: num(told("Config.StopTimeout")),
  destroyGraceSeconds: num(inPlace),
  removeVolumes: bool({ default: true, ...inPlace }),
  containerReadRefreshTimeoutMilliseconds: num({ default: 15000, ...inPlace }),
  logDriver: str(told("HostConfig.LogConfig.Type")),
  logOpts: map({ api: "HostConfig.LogConfig.Config" }),
  storageOpts: map({ api: "HostConfig.StorageOpt" }),
  runtime: str(told("HostConfig.Runtime")),
  ipcMode: str(told("HostConfig.IpcMode")),
  pidMode: str({ api: "HostConfig.PidMode" }),
  usernsMode: str(told("HostConfig.UsernsMode")),
  cgroupnsMode: str({ api: "HostConfig.CgroupnsMode" }),
  cgroupParent: str({ api: "HostConfig.CgroupParent" }),
  platform: str(told("Platform")),
  gpus: str(unsupported),
  deviceRequests: list({ ...unsupported, ...none }),
  deviceReadBps: list({ ...unsupported, ...none }),
  deviceReadIops: list({ ...unsupported, ...none }),
  deviceWriteBps: list({ ...unsupported, ...none }),
  deviceWriteIops: list({ ...unsupported, ...none }),
};
