import type { CheckFailure, Properties, Value } from "../provider";
import { duration } from "./duration";
import { bool, type Fields, labels, list, map, num, obj, set, str } from "./schema";
import { flag, isEmpty, object, objects, text, texts } from "./values";

const required = { required: true };
const inPlace = { inPlace: true };
const unsupported = { unsupported: true };
// To Docker, 0 means "as before": a limit that is taken away needs a new container.
const limit = {
  inPlace: (_old: Value | undefined, now: Value | undefined) => !isEmpty(now) && now !== 0 && now !== "",
};

/** Inputs of docker.Container; what is not marked `inPlace` replaces the container. */
export const containerFields: Fields = {
  name: str(required),
  image: str(required),
  hostname: str(),
  domainname: str(),
  command: list(),
  entrypoints: list(),
  envs: set(),
  user: str(),
  workingDir: str(),
  labels: labels(),
  networkMode: str({ default: "bridge" }),
  networksAdvanced: set({
    key: "name",
    fields: { name: str(required), aliases: set(), ipv4Address: str(), ipv6Address: str(), linkLocalIps: set() },
  }),
  hosts: set({ fields: { host: str(required), ip: str(required) }, key: "host" }),
  ports: list({
    fields: {
      internal: num(required),
      external: num(),
      ip: str({ default: "0.0.0.0" }),
      protocol: str({ default: "tcp" }),
    },
  }),
  publishAllPorts: bool(),
  dns: set(),
  dnsOpts: set(),
  dnsSearches: set(),
  uploads: set({
    key: "file",
    fields: {
      file: str(required),
      content: str(),
      contentBase64: str(),
      source: str(),
      sourceHash: str(),
      executable: bool(),
      permissions: str(),
      owner: str(),
      group: str(),
    },
  }),
  mounts: set({
    key: "target",
    fields: {
      type: str(required),
      target: str(required),
      source: str(),
      readOnly: bool(),
      bindOptions: obj({ propagation: str() }),
      tmpfsOptions: obj({ mode: num(), sizeBytes: num() }),
      volumeOptions: obj({
        noCopy: bool(),
        driverName: str(),
        driverOptions: map(),
        labels: labels(),
      }),
    },
  }),
  volumes: set({
    key: "containerPath",
    fields: { containerPath: str(), hostPath: str(), volumeName: str(), fromContainer: str(), readOnly: bool() },
  }),
  tmpfs: map(),
  // The official provider calls a change of it in place too, and does nothing: a label with its hash forces the replacement.
  healthcheck: obj(
    {
      tests: list(required),
      interval: str({ default: "0s" }),
      timeout: str({ default: "0s" }),
      startPeriod: str({ default: "0s" }),
      startInterval: str({ default: "0s" }),
      retries: num(),
    },
    inPlace,
  ),
  start: bool({ default: true, inPlace: true }),
  // read() reports a stopped container as mustRun false: a fresh one takes its place, as in the official provider.
  mustRun: bool({ default: true, inPlace: (old, now) => !(old === false && now === true) }),
  wait: bool(inPlace),
  waitTimeout: num({ default: 60, inPlace: true }),
  attach: bool(inPlace),
  logs: bool(inPlace),
  restart: str({ default: "no", inPlace: true }),
  maxRetryCount: num(inPlace),
  memory: num(limit),
  memoryReservation: num(limit),
  memorySwap: num(limit),
  cpuShares: num(limit),
  cpuSet: str(limit),
  cpus: str(),
  cpuPeriod: num(),
  cpuQuota: num(),
  shmSize: num(),
  ulimits: set({ fields: { name: str(required), soft: num(required), hard: num(required) }, key: "name" }),
  sysctls: map(),
  capabilities: obj({ adds: set(), drops: set() }),
  privileged: bool(),
  securityOpts: set(),
  groupAdds: set(),
  devices: set({ fields: { hostPath: str(required), containerPath: str(), permissions: str() }, key: "hostPath" }),
  readOnly: bool(),
  init: bool(),
  tty: bool(),
  stdinOpen: bool(),
  rm: bool(),
  stopSignal: str(),
  stopTimeout: num(),
  destroyGraceSeconds: num(inPlace),
  removeVolumes: bool({ default: true, inPlace: true }),
  containerReadRefreshTimeoutMilliseconds: num({ default: 15000, inPlace: true }),
  logDriver: str(),
  logOpts: map(),
  storageOpts: map(),
  runtime: str(),
  ipcMode: str(),
  pidMode: str(),
  usernsMode: str(),
  cgroupnsMode: str(),
  cgroupParent: str(),
  platform: str(),
  gpus: str(unsupported),
  deviceRequests: list(unsupported),
  deviceCgroupRules: list(unsupported),
  deviceReadBps: list(unsupported),
  deviceReadIops: list(unsupported),
  deviceWriteBps: list(unsupported),
  deviceWriteIops: list(unsupported),
};

/** Rules that a type cannot say. */
export function checkContainer(inputs: Properties): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const expect = (fine: boolean, property: string, reason: string): void => {
    if (!fine) {
      failures.push({ property, reason: `${property}: ${reason}` });
    }
  };
  const restart = text(inputs, "restart");
  expect(
    restart === undefined || ["no", "on-failure", "always", "unless-stopped"].includes(restart),
    "restart",
    `expected no, on-failure, always or unless-stopped, found ${restart}`,
  );
  objects(inputs, "uploads").forEach((upload, index) => {
    const given = ["content", "contentBase64", "source"].filter((key) => upload[key] !== undefined);
    const found = given.length === 0 ? "none" : given.join(" and ");
    expect(
      given.length === 1,
      `uploads[${index}]`,
      `${text(upload, "file")}: expected one of content, contentBase64, source; found ${found}`,
    );
    const mode = text(upload, "permissions");
    expect(
      mode === undefined || /^0[0-7]{3}$/.test(mode),
      `uploads[${index}].permissions`,
      `expected e.g. 0644, found ${mode}`,
    );
    const file = text(upload, "file");
    expect(
      file === undefined || file.startsWith("/"),
      `uploads[${index}].file`,
      `expected an absolute path, found ${file}`,
    );
  });
  objects(inputs, "mounts").forEach((mount, index) => {
    const type = text(mount, "type");
    const known = type === undefined || ["bind", "volume", "tmpfs"].includes(type);
    expect(known, `mounts[${index}].type`, `expected bind, volume or tmpfs, found ${type}`);
  });
  texts(inputs, "envs").forEach((env, index) => {
    // The entry itself may be a secret: it is not shown.
    expect(/^[^=]+/.test(env), `envs[${index}]`, "expected NAME=value, found an entry without a name");
  });
  const healthcheck = object(inputs, "healthcheck") ?? {};
  for (const key of ["interval", "timeout", "startPeriod", "startInterval"]) {
    const value = text(healthcheck, key);
    expect(
      value === undefined || duration(value) !== undefined,
      `healthcheck.${key}`,
      `expected e.g. 1s, 500ms or 1m30s, found ${value}`,
    );
  }
  const waits = flag(inputs, "wait") === true && flag(inputs, "start") === false;
  expect(!waits, "wait", "expected start: true with wait: true; a container that is not started never gets healthy");
  for (const key of ["memory", "memorySwap", "cpuShares", "shmSize", "stopTimeout", "destroyGraceSeconds"]) {
    const value = inputs[key];
    const least = key === "memorySwap" ? -1 : 0;
    expect(typeof value !== "number" || value >= least, key, `expected a number from ${least}, found ${String(value)}`);
  }
  const both = !isEmpty(inputs.networksAdvanced) && ["host", "none"].includes(text(inputs, "networkMode") ?? "");
  expect(!both, "networksAdvanced", `expected networkMode bridge with it, found ${text(inputs, "networkMode")}`);
  return failures;
}
