/** Which processes there are; distinguishes one from a later one with the same process id. */

import { readFileSync, readlinkSync } from "node:fs";

export interface ProcessIdentity {
  /** Identifies the boot of the machine, from /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  /** The namespace in which the process id is valid, `pid:[...]`. */
  readonly pidNamespace: string;
  /** Start time of the process in clock ticks since boot, field 22 of /proc/<pid>/stat. */
  readonly startTime: string;
}

/** Undefined without /proc, and for a process that does not exist. @see proc(5) */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 2 is the command in brackets, which may contain blanks and brackets itself; field 3 follows the last bracket.
    const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[22 - 3];
    if (startTime === undefined) return undefined;
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return { bootId, pidNamespace: readlinkSync("/proc/self/ns/pid"), startTime };
  } catch {
    return undefined;
  }
}

/** Whether there is a process with this id, of any user. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
