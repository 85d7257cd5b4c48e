/** The stack's lock, as the official file backend keeps it: one run at a time. */

import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import * as path from "node:path";
import type { StackName } from "./checkpoint";
import { makeFile } from "./newFile";
import { type ProcessIdentity, processIdentity } from "./processIdentity";
import { asRecord } from "./project";

/** The official fields; what tells one process from another with its number is ours, where it can be known. */
interface Holder extends Partial<ProcessIdentity> {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  readonly timestamp: string;
}

/**
 * Takes the lock and returns what gives it back.
 *
 * @param say is told when the lock of a process that is gone was broken.
 * @throws when another run holds it, naming the holder, or when it can't be written
 */
export function lockStack(bookkeeping: string, stack: StackName, say: (message: string) => void): () => void {
  const dir = path.join(bookkeeping, "locks", "organization", stack.project, stack.stack);
  const name = `${randomUUID()}.json`;
  const own = path.join(dir, name);
  const holder: Holder = {
    pid: process.pid,
    username: userInfo().username,
    hostname: hostname(),
    timestamp: new Date().toISOString(),
    ...processIdentity(process.pid),
  };
  mkdirSync(dir, { recursive: true });
  refuseOthers(dir, own, stack, say);
  const release = () => rmSync(own, { force: true });
  try {
    // Written elsewhere: the official engine takes any file in there for a lock.
    makeFile(own, JSON.stringify(holder), path.join(bookkeeping, `${name}.tmp`), renameSync);
    // Again: another run may have looked and written at the same moment. Then neither goes on.
    refuseOthers(dir, own, stack, say);
  } catch (error) {
    release();
    throw error;
  }
  return release;
}

function refuseOthers(dir: string, own: string, stack: StackName, say: (message: string) => void): void {
  for (const name of readdirSync(dir)) {
    const file = path.join(dir, name);
    if (file === own || !name.endsWith(".json")) continue;
    const holder = readHolder(file);
    // Given back meanwhile.
    if (holder === undefined && !existsSync(file)) continue;
    if (holder === undefined)
      throw new Error(
        `stack ${stack.stack}: the lock ${file} can't be read: a run on a full disk may have left it; remove it if no other run is at work`,
      );
    const who = `${holder.username}@${holder.hostname} (pid ${holder.pid}, since ${holder.timestamp})`;
    if (!isDead(holder))
      throw new Error(
        `stack ${stack.stack} is locked by ${who}; wait for that run to end, or remove ${file} if it can't be running any more`,
      );
    say(`Broke the lock of ${who}: that process is gone.`);
    rmSync(file, { force: true });
  }
}

/** Undefined when it says nothing: ours and the official engine's are there as a whole or not at all. */
function readHolder(file: string): Holder | undefined {
  const unknown = { pid: 0, username: "?", hostname: "?", timestamp: "?" };
  try {
    const said = asRecord(JSON.parse(readFileSync(file, "utf8")));
    return Object.keys(said).length > 0 ? { ...unknown, ...said } : undefined;
  } catch {
    return undefined;
  }
}

/** Only what is certain: processes elsewhere, and those that another engine's lock names, are alive while in doubt. */
function isDead(holder: Holder): boolean {
  if (holder.hostname !== hostname() || !Number.isInteger(holder.pid) || holder.pid <= 0) return false;
  const own = processIdentity(process.pid);
  const sameBoot = holder.bootId !== undefined && holder.bootId === own?.bootId;
  // A container may share the host's name; its numbers mean nothing here.
  if (sameBoot && holder.pidNamespace !== own?.pidNamespace) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  // The number may have gone to another process since, e.g. after a reboot.
  const now = processIdentity(holder.pid);
  if (now === undefined || holder.bootId === undefined || holder.startTime === undefined) return false;
  return now.bootId !== holder.bootId || now.startTime !== holder.startTime;
}
