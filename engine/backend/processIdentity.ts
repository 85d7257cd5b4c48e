/** What tells a process from a later one with the same number. */

import { readFileSync, readlinkSync } from "node:fs";

export interface ProcessIdentity {
  /** Of the kernel's run, from /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  /** Of this process, `pid:[...]`: where its numbers count. */
  readonly pidNamespace: string;
  /** Of the process, in clock ticks since boot: field 22 of /proc/<pid>/stat. */
  readonly startTime: string;
}

/** Undefined where there is no /proc, and for a process that is gone. @see proc(5) */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command in brackets, which may hold blanks and brackets itself; the third follows the last one.
    const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[22 - 3];
    if (startTime === undefined) return undefined;
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return { bootId, pidNamespace: readlinkSync("/proc/self/ns/pid"), startTime };
  } catch {
    return undefined;
  }
}
