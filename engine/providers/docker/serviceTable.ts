/** The inputs of docker.Service: valid values, and paths and forms in the Docker API. */

import type { ServiceArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import { formatDuration, parseDuration } from "../../duration";
import type { Value } from "../../provider";
import { isObject } from "../../values";
import { bool, each, type Field, type Fields, type Form, list, map, num, obj, set, str, unsupported } from "../schema";
import { labels } from "./api";

export type Inputs = Unwrap<ServiceArgs> & { readonly name: string };

const required = { required: true };
const inPlace = { inPlace: true };
const computed = true;
const replaces = true;
const reported = { reported: true };
const empty = { sent: {} };
/** Handled by the provider, not sent to the API. */
const notSent = { api: "" };
const oneOf = (...values: readonly string[]): Pick<Field, "pattern"> => ({
  pattern: [new RegExp(`^(${values.join("|")})$`), values.join(" or ")],
});

/** Services record durations in the short form: `1m`, not `1m0s`. */
export const shortDuration = (nanoseconds: number): string =>
  formatDuration(nanoseconds).replace(/m0s$/, "m").replace(/h0m$/, "h");
const duration = (more: Partial<Field> = {}): Field =>
  str({
    ...more,
    form: { to: (text: string) => parseDuration(text), from: shortDuration },
    pattern: [{ test: (text) => parseDuration(text) !== undefined }, "e.g. 1s, 500ms or 1m30s"],
    unchanged: (old, now) => parseDuration(String(old)) === parseDuration(String(now)),
  });

/** In alphabetical order, so that an update without a change of the variables does not restart tasks. */
const environment: Form = {
  to: (env: Record<string, string>) =>
    Object.keys(env)
      .sort()
      .map((name) => `${name}=${env[name]}`),
  from: fromPairs,
};
const pairs: Form = {
  to: (options: readonly string[]) => fromPairs(options),
  from: (found: Record<string, string>) => Object.entries(found).map(([key, value]) => `${key}=${value}`),
};

function fromPairs(found: readonly string[]): Record<string, string> {
  return Object.fromEntries(found.map((one) => one.split(/=(.*)/s, 2)));
}

interface Host {
  readonly host: string;
  readonly ip: string;
}

const hosts: Form = {
  to: (given: readonly Host[]) => given.map(({ host, ip }) => `${ip} ${host}`),
  from: (found: readonly string[]) =>
    found.map((line) => {
      const [ip = "", host = ""] = line.split(" ");
      return { host, ip };
    }),
};

interface Preference {
  readonly Spread?: { readonly SpreadDescriptor?: string };
}

const preferences: Form = {
  to: (given: readonly string[]) => given.map((SpreadDescriptor) => ({ Spread: { SpreadDescriptor } })),
  from: (found: readonly Preference[]) => found.map(({ Spread }) => Spread?.SpreadDescriptor ?? ""),
};

/** A secret or config as a file in the container. */
const files = (kind: "secret" | "config"): Field =>
  set({
    key: "fileName",
    fields: {
      [`${kind}Id`]: str({ ...required, api: kind === "secret" ? "SecretID" : "ConfigID" }),
      // Optional in the official schema, but Swarm refuses a reference without it.
      [`${kind}Name`]: str(required),
      fileName: str({ ...required, api: "File.Name" }),
      fileUid: str({ default: "0", api: "File.UID" }),
      fileGid: str({ default: "0", api: "File.GID" }),
      fileMode: num({ default: 0o444, min: 0, api: "File.Mode" }),
    },
  });

const mounts = set({
  key: "target",
  fields: {
    target: str(required),
    source: str({ sent: "" }),
    type: str({ ...required, ...oneOf("bind", "volume", "tmpfs") }),
    readOnly: bool(),
    bindOptions: obj({
      propagation: str({
        default: "rprivate",
        ...oneOf("private", "rprivate", "shared", "rshared", "slave", "rslave"),
      }),
    }),
    volumeOptions: obj({
      noCopy: bool(),
      labels: { ...labels, replaces },
      driverName: str({ api: "DriverConfig.Name" }),
      driverOptions: map({ api: "DriverConfig.Options" }),
    }),
    tmpfsOptions: obj({ sizeBytes: num({ min: 0 }), mode: num({ min: 0 }) }),
  },
});

/** The official provider always sends what has `sent` here, so that both record the same. */
const containerSpec: Fields = {
  // Docker adds the digest that the registry reports.
  image: str({ ...required, unchanged: (old, now) => String(old).replace(/@.*$/, "") === now }),
  labels: { ...labels, replaces },
  commands: list({ api: "Command" }),
  ...each(["args", "groups"], list()),
  ...each(["hostname", "dir", "user", "stopSignal"], str()),
  env: map({ form: environment }),
  readOnly: bool(),
  mounts,
  stopGracePeriod: duration({ computed, sent: 0 }),
  healthcheck: obj(
    {
      tests: list({ api: "Test" }),
      ...each(["interval", "timeout", "startPeriod"], duration({ default: "0s" })),
      retries: num({ min: 0 }),
    },
    { computed, ...empty },
  ),
  hosts: set({ key: "host", fields: { host: str(required), ip: str(required) }, form: hosts, replaces }),
  dnsConfig: obj(
    { nameservers: list(required), searches: list({ api: "Search" }), options: list() },
    { computed, api: "DNSConfig", ...empty },
  ),
  secrets: files("secret"),
  configs: files("config"),
  isolation: str({ default: "default", ...oneOf("default", "process", "hyperv") }),
  sysctl: map({ api: "Sysctls", replaces }),
  capAdds: list({ api: "CapabilityAdd" }),
  capDrops: list({ api: "CapabilityDrop" }),
  init: bool({ computed, sent: false }),
  privileges: unsupported(),
};

const amounts: Fields = {
  nanoCpus: num({ min: 0, api: "NanoCPUs" }),
  memoryBytes: num({ min: 0 }),
};
const taskSpec: Fields = {
  containerSpec: obj(containerSpec, required),
  resources: obj(
    {
      limits: obj(amounts),
      reservation: obj({ ...amounts, genericResources: unsupported() }, { api: "Reservations" }),
    },
    { computed, ...empty },
  ),
  restartPolicy: obj(
    {
      condition: str(oneOf("none", "on-failure", "any")),
      // Sent without a value too: Swarm's own default of 5 s is for services without a restart policy.
      delay: duration({ sent: 0 }),
      maxAttempts: num({ min: 0, sent: 0 }),
      window: duration({ sent: 0 }),
    },
    { computed, ...empty },
  ),
  placement: obj(
    {
      constraints: set(),
      prefs: set({ api: "Preferences", form: preferences }),
      maxReplicas: num({ min: 0 }),
      platforms: set({ fields: { architecture: str(required), os: str({ ...required, api: "OS" }) } }),
    },
    { computed, ...empty },
  ),
  forceUpdate: num({ min: 0, computed }),
  runtime: str({ computed, ...oneOf("container") }),
  networksAdvanceds: set({
    key: "id",
    api: "Networks",
    fields: {
      // Docker reports the id, so that a name would differ for ever.
      id: str({ ...required, api: "Target" }),
      name: unsupported(),
      aliases: set(),
      driverOpts: set({ form: pairs }),
    },
    replaces,
  }),
  logDriver: obj({ name: str(required), options: map() }),
};

interface Mode {
  readonly replicated?: { readonly replicas?: number };
  readonly global?: boolean;
}

interface ApiMode {
  readonly Replicated?: { readonly Replicas?: number };
  readonly Global?: object;
}

const mode: Form = {
  to: ({ replicated, global }: Mode) =>
    global ? { Global: {} } : { Replicated: { Replicas: replicated?.replicas ?? 1 } },
  from: ({ Replicated, Global }: ApiMode) => ({
    replicated: Replicated ? { replicas: Replicated.Replicas ?? 0 } : null,
    global: Global !== undefined,
  }),
};
const isGlobal = (value: Value): boolean => isObject(value) && value.global === true;

const ratio = /^(0?\.\d+|[01](\.\d*)?)$/;
const rollout = (actions: Pick<Field, "pattern">): Field =>
  obj(
    {
      parallelism: num({ default: 1, min: 0 }),
      delay: duration({ default: "0s" }),
      failureAction: str({ default: "pause", ...actions }),
      monitor: duration({ default: "5s" }),
      maxFailureRatio: str({
        default: "0.0",
        form: { to: Number, from: (found: number) => found.toFixed(1) },
        pattern: [{ test: (text) => ratio.test(text) && Number(text) <= 1 }, "a number from 0.0 to 1.0"],
        unchanged: (old, now) => Number(old) === Number(now),
      }),
      order: str({ default: "stop-first", ...oneOf("stop-first", "start-first") }),
    },
    { ...inPlace, ...reported },
  );

const endpointSpec = obj(
  {
    mode: str({ computed, ...oneOf("vip", "dnsrr") }),
    ports: list({
      fields: {
        name: str(),
        protocol: str({ default: "tcp", ...oneOf("tcp", "udp", "sctp") }),
        targetPort: num({ ...required, min: 1 }),
        publishedPort: num({ computed, min: 0 }),
        publishMode: str({ default: "ingress", ...oneOf("ingress", "host") }),
      },
    }),
  },
  { computed, ...inPlace, ...reported, ...empty },
);

/** Changes are made in place, except those of `name`, `auth` and what `replaces` below `taskSpec`. */
export const serviceFields: Fields = {
  name: str({
    ...required,
    ...reported,
    pattern: [/^[A-Za-z0-9](?:[-A-Za-z0-9_]{0,61}[A-Za-z0-9])?$/, "up to 63 letters, digits, - and _"],
  }),
  labels: { ...labels, ...reported, ...inPlace, computed },
  taskSpec: obj(taskSpec, { ...required, ...inPlace, ...reported, api: "TaskTemplate" }),
  // Docker refuses to change the mode of a service. The official provider tries to, and fails.
  mode: obj(
    { replicated: obj({ replicas: num({ default: 1, min: 0 }) }, { computed }), global: bool() },
    { computed, ...reported, form: mode, inPlace: (old, now) => isGlobal(old) === isGlobal(now) },
  ),
  updateConfig: rollout(oneOf("pause", "continue", "rollback")),
  rollbackConfig: rollout(oneOf("pause", "continue")),
  endpointSpec,
  auth: obj({ serverAddress: str(required), username: str({ default: "" }), password: str({ default: "" }) }, notSent),
  convergeConfig: obj(
    { delay: duration({ default: "7s" }), timeout: duration({ default: "3m" }) },
    { ...notSent, ...inPlace },
  ),
};

/** Rules that involve several fields. */
export function* checkService({ mode, convergeConfig }: Inputs): Iterable<[property: string, why: string]> {
  if (!mode?.global) return;
  if (mode.replicated !== undefined) yield ["mode", "expected replicated or global, found both"];
  if (convergeConfig !== undefined)
    yield ["convergeConfig", "expected none with mode.global; the number of tasks of a global service is not known"];
}
