import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { processIdentity } from "../../../engine/backend/processIdentity";
import { childrenOf } from "./lab";

/** What there is of the machines of a test process: the processes seen at the beginning, and what has their name. */
export class Traces {
  private readonly name: string;
  /** Process ids and what tells each from a later process. */
  private readonly seen: ReadonlyMap<string, string | undefined>;

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
    this.seen = new Map(
      descendantsOf(owner)
        .filter((pid) => isElsewhere(pid))
        .map((pid) => [String(pid), processIdentity(pid)?.startTime]),
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
    // A container's control group and an engine's command line have the name in them.
    const hasName = (pid: string) => ["cgroup", "cmdline"].some((file) => read(pid, file).includes(this.name));
    const isSeen = (pid: string) =>
      this.seen.get(pid) !== undefined && this.seen.get(pid) === processIdentity(Number(pid))?.startTime;
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && (hasName(name) || isSeen(name)));
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

/** Whether a process has a network or mounts other than this process. */
function isElsewhere(pid: number): boolean {
  try {
    return ["net", "mnt"].some(
      (kind) => readlinkSync(`/proc/${pid}/ns/${kind}`) !== readlinkSync(`/proc/self/ns/${kind}`),
    );
  } catch {
    return false;
  }
}

/** A file of a process; empty if the process has ended. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

function linesWith(file: string, text: string): string[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.includes(text));
}
