import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { childrenOf } from "./lab";

/** What there is of the machines of a test process. Knows processes by their namespaces, and the rest by names. */
export class Traces {
  private readonly name: string;
  private readonly namespaces: ReadonlySet<string>;

  /**
   * Looks at the running machines of a process.
   * @param owner the process that started them
   * @param interfaceName its network interface to them
   */
  constructor(
    owner: number,
    private readonly interfaceName: string,
  ) {
    this.name = `wso2-apim-swarm-${owner}`;
    const own = new Set(namespacesOf("self"));
    this.namespaces = new Set(
      descendantsOf(owner)
        .flatMap(namespacesOf)
        .filter((each) => !own.has(each)),
    );
  }

  /** Each thing that exists, with its kind in front: process, interface, route, mount, directory, control group. */
  existing(): string[] {
    const groups = [
      "/sys/fs/cgroup",
      ...readdirSync("/sys/fs/cgroup").map((name) => path.join("/sys/fs/cgroup", name)),
    ];
    const exists = (file: string) => existsSync(file);
    return [
      ...this.processes().map((pid) => `process ${pid}`),
      ...[path.join("/sys/class/net", this.interfaceName)].filter(exists).map((file) => `interface ${file}`),
      ...linesWith("/proc/net/route", this.interfaceName).map((line) => `route ${line}`),
      ...linesWith("/proc/self/mountinfo", this.name).map((line) => `mount ${line}`),
      ...[path.join(tmpdir(), this.name)].filter(exists).map((file) => `directory ${file}`),
      ...groups
        .map((group) => path.join(group, this.name))
        .filter(exists)
        .map((file) => `control group ${file}`),
    ];
  }

  private processes(): string[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter(
        (pid) => namespacesOf(pid).some((each) => this.namespaces.has(each)) || commandOf(pid).includes(this.name),
      );
  }
}

function descendantsOf(pid: number): number[] {
  let children: number[] = [];
  try {
    children = childrenOf(pid);
  } catch {
    // It has ended.
  }
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** The namespaces of a process for processes, mounts, the network and the host name. None if it has ended. */
function namespacesOf(pid: number | string): string[] {
  try {
    return ["pid", "mnt", "net", "uts"].map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`));
  } catch {
    return [];
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

function linesWith(file: string, text: string): string[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.includes(text));
}
