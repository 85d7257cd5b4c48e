import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isRunning } from "../../engine/backend/processIdentity";

/** How many processes of tests this machine has places for. */
const most = 60;
const directory = path.join(tmpdir(), "wso2-apim-test-places");

/** Takes a lock of this machine. @returns whether it is free, or this process has it already */
function lock(name: string): boolean {
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, name);
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      process.once("exit", () => unlock(name));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = Number(readFileSync(file, "utf8"));
    if (holder === process.pid) return true;
    if (holder === 0 || isRunning(holder)) return false;
    rmSync(file, { force: true });
  }
}

function unlock(name: string): void {
  rmSync(path.join(directory, name), { force: true });
}

/**
 * For tests with fixed names or ports: the suites with this name wait for each other, whichever process or clone they
 * run in.
 */
export function useExclusively(name: string): void {
  before(async function () {
    this.timeout(20 * 60_000);
    while (!lock(name)) await sleep(500);
  });
  after(() => unlock(name));
}

/** Takes the first number that no running process has. */
function take(): number {
  for (let number = 1; number <= most; number++) if (lock(String(number))) return number;
  throw new Error(`${directory}: expected a free place of ${most}, found none; remove the directory if no tests run`);
}

/**
 * The part of this machine that a process of tests has for itself: a number, and the addresses, subnets and names that
 * follow from it, so that several processes of one run, and runs in other clones, do not meet on one Docker engine.
 * 1..60.
 */
export const place = take();

/** A name in Docker or of a stack that only this process has. */
export const named = (name: string): string => `${name}-${place}`;

/** A loopback address of this process. @param index 1..254 */
export const ownAddress = (index = 1): string => `127.0.${100 + place}.${index}`;

/** A /24 network of this process. @param index 0..255 */
export const ownSubnet = (index = 0): string => `10.${130 + place}.${index}.0/24`;
