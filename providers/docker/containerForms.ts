/** Container settings that the Docker API has in another form than the program. */

import { duration, goDuration } from "../../engine/duration";
import type { Form } from "../schema";

export const mebibytes: Form = {
  to: (size: number) => (size < 0 ? size : size * 1024 * 1024),
  from: (bytes: number) => (bytes <= 0 ? bytes : Math.round(bytes / 1024 / 1024)),
};

/** None at all for 0: engines before 25 do not know `StartInterval`. */
export const nanoseconds: Form = {
  to: (text: string) => duration(text) || undefined,
  from: (count: number) => goDuration(count),
};

export const nanoCpus: Form = { to: (cpus: string) => Math.round(Number(cpus) * 1e9) };
export const hostEntries: Form = {
  to: (hosts: readonly { host: string; ip: string }[]) => hosts.map(({ host, ip }) => `${host}:${ip}`),
};
/** `key=value` texts as a map. */
export const driverOptions: Form = {
  to: (options: readonly string[]) => Object.fromEntries(options.map((each) => each.split(/=(.*)/s, 2))),
};

export interface Port {
  readonly internal: number;
  readonly external?: number;
  readonly ip?: string;
  readonly protocol?: string;
}

export const portKey = ({ internal, protocol = "tcp" }: Port): string => `${internal}/${protocol}`;

export const portBindings: Form = {
  to(ports: readonly Port[]) {
    const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
    for (const port of ports) {
      const { ip = "0.0.0.0", external = "" } = port;
      bindings[portKey(port)] = [...(bindings[portKey(port)] ?? []), { HostIp: ip, HostPort: String(external) }];
    }
    return bindings;
  },
};

interface Volume {
  readonly containerPath?: string;
  readonly hostPath?: string;
  readonly volumeName?: string;
  readonly readOnly?: boolean;
}

export const binds: Form = {
  to: (volumes: readonly Volume[]) =>
    volumes
      .filter(({ hostPath, volumeName }) => hostPath || volumeName)
      .map(({ hostPath, volumeName, containerPath, readOnly }) =>
        [hostPath || volumeName, containerPath, readOnly ? "ro" : "rw"].join(":"),
      ),
};
