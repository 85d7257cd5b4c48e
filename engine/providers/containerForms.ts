/** Container settings that the Docker API has in another form than the program; there and back. */

import { duration, goDuration } from "../duration";
import type { Properties, Value } from "../provider";
import { labelsForm } from "./labels";
import { type Fields, type Form, list, num, str } from "./schema";

export const healthFields: Fields = {
  tests: list({ required: true }),
  interval: str({ default: "0s" }),
  timeout: str({ default: "0s" }),
  startPeriod: str({ default: "0s" }),
  startInterval: str({ default: "0s" }),
  retries: num(),
};

export const mebibytes: Form = {
  to: (size: number) => (size < 0 ? size : size * 1024 * 1024),
  from: (bytes: number) => (bytes <= 0 ? bytes : Math.round(bytes / 1024 / 1024)),
};
export const nanoCpus: Form = {
  to: (cpus: string) => Math.round(Number(cpus) * 1e9),
  from: (nano: number) => `${nano / 1e9}`,
};
export const hostEntries: Form = {
  to: (hosts: { host: string; ip: string }[]) => hosts.map(({ host, ip }) => `${host}:${ip}`),
  from: (found: string[]) => found.map((one) => ({ host: one.replace(/:.*/, ""), ip: one.replace(/.*?:/, "") })),
};
export const ulimitForm: Form = {
  to: (all: { name: string; soft: number; hard: number }[]) =>
    all.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
  from: (found: { Name: string; Soft: number; Hard: number }[]) =>
    found.map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
};

interface Device {
  hostPath: string;
  containerPath?: string;
  permissions?: string;
}
export const deviceForm: Form = {
  to: (devices: Device[]) =>
    devices.map(({ hostPath, containerPath = hostPath, permissions = "rwm" }) => ({
      PathOnHost: hostPath,
      PathInContainer: containerPath,
      CgroupPermissions: permissions,
    })),
  from: (found: { PathOnHost: string; PathInContainer: string; CgroupPermissions: string }[]) =>
    found.map((one) => ({
      hostPath: one.PathOnHost,
      containerPath: one.PathInContainer,
      permissions: one.CgroupPermissions,
    })),
};

/** Names of the API are ours with a capital letter, but for these. */
const RENAMED: Readonly<Record<string, string>> = { tests: "Test", driverName: "Name", driverOptions: "Options" };
const DURATIONS = new Set(["interval", "timeout", "startPeriod", "startInterval"]);
const apiName = (key: string): string => RENAMED[key] ?? key.charAt(0).toUpperCase() + key.slice(1);

export const healthForm: Form = {
  to: (health: Properties) => {
    const entries = Object.entries(health).filter(([key]) => key in healthFields);
    const parts = entries.map(([key, value]) => [key, DURATIONS.has(key) ? duration(String(value)) : value] as const);
    // Engines before 25 do not know startInterval; 0 is its default.
    return Object.fromEntries(parts.filter(([, value]) => value !== 0).map(([key, value]) => [apiName(key), value]));
  },
  from: (found: Record<string, Value>) =>
    Object.fromEntries(
      Object.keys(healthFields).map((key) => {
        const value = found[apiName(key)];
        return [key, DURATIONS.has(key) ? goDuration(Number(value ?? 0)) : (value ?? (key === "tests" ? [] : 0))];
      }),
    ),
};

interface Mount {
  type: string;
  target: string;
  source?: string;
  readOnly?: boolean;
  bindOptions?: Properties;
  tmpfsOptions?: Properties;
  volumeOptions?: { noCopy?: boolean; labels?: []; driverName?: string; driverOptions?: Record<string, string> };
}
export const mountForm: Form = {
  to: (mounts: Mount[]) =>
    mounts.map(
      ({ type, source = "", target, readOnly, bindOptions: bind, tmpfsOptions: tmpfs, volumeOptions: volume }) => ({
        Type: type,
        Source: source,
        Target: target,
        ...(readOnly !== undefined && { ReadOnly: readOnly }),
        ...(bind && { BindOptions: { Propagation: bind.propagation } }),
        ...(tmpfs && { TmpfsOptions: { SizeBytes: tmpfs.sizeBytes, Mode: tmpfs.mode } }),
        ...(volume && {
          VolumeOptions: {
            NoCopy: volume.noCopy,
            Labels: labelsForm.to(volume.labels),
            DriverConfig: { Name: volume.driverName, Options: volume.driverOptions ?? {} },
          },
        }),
      }),
    ),
  from: (found: { Type: string; Source?: string; Target: string; ReadOnly?: boolean }[]) =>
    found.map(({ Type, Source = "", Target, ReadOnly = false }) => ({
      type: Type,
      source: Source,
      target: Target,
      readOnly: ReadOnly,
    })),
};

export interface Port {
  internal: number;
  external?: number;
  ip?: string;
  protocol?: string;
}
type Bindings = Record<string, { HostIp: string; HostPort: string }[] | null>;
export const portForm: Form & { to(ports: Port[]): Bindings } = {
  to: (ports) => {
    const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
    for (const { internal, external, ip = "0.0.0.0", protocol = "tcp" } of ports) {
      const others = bindings[`${internal}/${protocol}`] ?? [];
      bindings[`${internal}/${protocol}`] = [...others, { HostIp: ip, HostPort: String(external ?? "") }];
    }
    return bindings;
  },
  from: (found: Bindings) =>
    Object.entries(found).flatMap(([key, bound]) =>
      (bound ?? []).map(({ HostIp, HostPort }) => ({
        internal: Number.parseInt(key, 10),
        external: Number(HostPort),
        ip: HostIp,
        protocol: key.replace(/.*\//, ""),
      })),
    ),
};
