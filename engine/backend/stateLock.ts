/** The stack's lock file, which allows one run at a time; compatible with the official file backend. */

import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import * as path from "node:path";
import { writeAtomically } from "./atomicFile";
import type { StackName } from "./checkpoint";
import { type ProcessIdentity, processIdentity } from "./processIdentity";
import { asRecord } from "./project";

/** The official fields; {@link ProcessIdentity} is an addition of this engine. */
interface Holder extends Partial<ProcessIdentity> {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  readonly timestamp: string;
}

/**
 * Takes the lock and returns a function that releases it.
 *
 * @param say reports the removal of a dead process's lock
 * @throws when another run holds the lock, or when the lock file can't be written
 */
export async function lockStack(
  bookkeeping: string,
  stack: StackName,
  say: (message: string) => void,
): Promise<() => void> {
  const dir = lockDirectory(bookkeeping, stack);
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
    // The temporary file is in another directory, because the official engine treats each file in this one as a lock.
    await writeAtomically(own, JSON.stringify(holder), { temporary: path.join(bookkeeping, `${name}.tmp`) });
    // Check again: if two runs lock at the same moment, both are refused.
    refuseOthers(dir, own, stack, say);
  } catch (error) {
    release();
    throw error;
  }
  return release;
}

/** Does work that no run of the stack may interrupt. @throws as {@link lockStack} does */
export async function whileLocked<T>(
  { bookkeeping, stack }: { readonly bookkeeping: string; readonly stack: StackName },
  say: (message: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const release = await lockStack(bookkeeping, stack, say);
  try {
    return await work();
  } finally {
    release();
  }
}

const lockDirectory = (bookkeeping: string, { project, stack }: StackName): string =>
  path.join(bookkeeping, "locks", "organization", project, stack);

/**
 * Removes the locks of runs whose processes no longer exist: the Pulumi CLI would wait for `pulumi cancel`.
 *
 * @param say reports each
 */
export function removeDeadLocks(bookkeeping: string, stack: StackName, say: (message: string) => void): void {
  const dir = lockDirectory(bookkeeping, stack);
  if (existsSync(dir)) livingHolders(dir, undefined, say);
}

function refuseOthers(dir: string, own: string, stack: StackName, say: (message: string) => void): void {
  for (const { file, who } of livingHolders(dir, own, say)) {
    if (who === undefined)
      throw new Error(
        `stack ${stack.stack}: the lock file ${file} is invalid, e.g. because the disk was full; remove it if no other run is active`,
      );
    throw new Error(
      `stack ${stack.stack} is locked by ${who}; wait for that run to end, or remove ${file} if it is no longer running`,
    );
  }
}

interface LockOfOther {
  readonly file: string;
  /** Undefined if the file is invalid. */
  readonly who: string | undefined;
}

/** The locks of others, after those of dead processes were removed. */
function livingHolders(dir: string, own: string | undefined, say: (message: string) => void): LockOfOther[] {
  return readdirSync(dir).flatMap((name): LockOfOther[] => {
    const file = path.join(dir, name);
    if (file === own || !name.endsWith(".json")) return [];
    const holder = readHolder(file);
    // Released in the meantime.
    if (holder === undefined && !existsSync(file)) return [];
    if (holder === undefined) return [{ file, who: undefined }];
    const who = `${holder.username}@${holder.hostname} (pid ${holder.pid}, since ${holder.timestamp})`;
    if (!isDead(holder)) return [{ file, who }];
    say(`Removed the lock of ${who}: that process no longer exists.`);
    rmSync(file, { force: true });
    return [];
  });
}

/** Undefined if the file is invalid. Lock files are written atomically, by the official engine as well. */
function readHolder(file: string): Holder | undefined {
  const unknown = { pid: 0, username: "?", hostname: "?", timestamp: "?" };
  try {
    const said = asRecord(JSON.parse(readFileSync(file, "utf8")));
    return Object.keys(said).length > 0 ? { ...unknown, ...said } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the holder certainly does not run any more: false for other hosts, and in case of doubt. */
function isDead(holder: Holder): boolean {
  if (holder.hostname !== hostname() || !Number.isInteger(holder.pid) || holder.pid <= 0) return false;
  const own = processIdentity(process.pid);
  const sameBoot = holder.bootId !== undefined && holder.bootId === own?.bootId;
  // A container may have the host's name, but its process ids have no meaning here.
  if (sameBoot && holder.pidNamespace !== own?.pidNamespace) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  // Another process may have the same id by now, e.g. after a reboot.
  const now = processIdentity(holder.pid);
  if (now === undefined || holder.bootId === undefined || holder.startTime === undefined) return false;
  return now.bootId !== holder.bootId || now.startTime !== holder.startTime;
}
