import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { isRunning } from "../../../engine/backend/processIdentity";
import { ownSubnet, place } from "../place";
import { eventually } from "../waiting";
import { startNameServer } from "./nameServer";

const execute = promisify(execFile);

/** The names of the directories of all labs begin so; the id of the test process follows. */
const namePrefix = "wso2-apim-swarm-";
/** The index of the subnet of the machines; those of their containers follow. */
const firstSubnet = 240;

/** The network interface of this process to the machines. At most 15 characters. */
export const interfaceName = `apim-swarm-${place}`;
const interfaceFile = path.join("/sys/class/net", interfaceName);

/** The PATH of a normal user lacks the sbin directories. The variables of a proxy must not reach the engines. */
export const environment = { PATH: `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`, LC_ALL: "C" };

/** The processes that a process has started and that run. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

function onlyChildOf(pid: number): number {
  const [child, ...others] = childrenOf(pid);
  if (child === undefined || others.length > 0)
    throw new Error(`process ${pid}: expected one child, found ${childrenOf(pid).length}`);
  return child;
}

/** The path of a shell script in this folder. */
export const script = (name: string): string => path.join(__dirname, `${name}.sh`);

/** Runs a command to its end. @throws with its stderr when it fails */
export async function run(command: string, ...args: string[]): Promise<string> {
  const { stdout } = await execute(command, args, { env: environment });
  return stdout;
}

/** The first three numbers of the addresses of a subnet: 0 for the machines, then those of each machine's containers. */
export const addressPrefix = (index = 0): string => ownSubnet(firstSubnet + index).replace(/\.0\/24$/, "");

/**
 * The namespaces of some machines: one for processes, one for mounts, one for the network that joins the machines, and
 * one each for the network of every machine. The test process holds a pipe to the lab. When the pipe ends, the kernel
 * removes all of it, even if this process is killed.
 *
 * Addresses: .1 is the bridge, .11 the first machine, .254 this process, which is also the machines' name server.
 */
export class Lab {
  readonly directory = path.join(tmpdir(), `${namePrefix}${process.pid}`);
  /** The control group of all containers of all machines. */
  readonly controlGroup = path.basename(this.directory);
  /** The address of this process for the machines. */
  readonly ownAddress = `${addressPrefix()}.254`;
  private pid = 0;
  private closeNameServer: (() => void) | undefined;
  private process: ChildProcess | undefined;
  private ended: Promise<unknown> | undefined;

  /** @param count the number of machines, 1..9 */
  async open(count: number): Promise<void> {
    if (existsSync(this.directory)) throw new Error(`${this.directory}: this process has started machines; stop them`);
    await removeLeftovers();
    await freeInterfaceName();
    mkdirSync(this.directory, { mode: 0o700 });
    try {
      await this.start(count);
      await this.connect(count);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  private async start(count: number): Promise<void> {
    const args = [script("lab"), this.directory, this.controlGroup, addressPrefix(), String(count)];
    // In its own session, so that Ctrl-C in a terminal does not reach it.
    const child = spawn("sh", args, { stdio: ["pipe", "pipe", "pipe"], detached: true, env: environment });
    this.process = child;
    let output = "";
    this.ended = new Promise((resolve) => child.once("close", resolve));
    const ready = new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", () => reject(new Error(`the namespaces of the machines ended: ${output}`)));
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (data: Buffer) => {
          output += data.toString();
          if (/^ready$/m.test(output)) resolve();
        });
    });
    await ready;
    this.pid = onlyChildOf(onlyChildOf(child.pid ?? 0));
  }

  /** Connects this process with the machines and their containers. */
  private async connect(count: number): Promise<void> {
    const peer = ["peer", "name", "test", "netns", String(this.pid)];
    await run("ip", "link", "add", interfaceName, "type", "veth", ...peer);
    await run("ip", "address", "add", `${this.ownAddress}/24`, "dev", interfaceName);
    await run("ip", "link", "set", interfaceName, "up");
    await this.run("ip", "link", "set", "test", "master", "lan", "up");
    for (let number = 1; number <= count; number++)
      await run("ip", "route", "add", `${addressPrefix(number)}.0/24`, "via", this.addressOf(number));
    this.closeNameServer = await startNameServer(this.ownAddress);
  }

  /** The address of a machine. @param number 1 for the first one */
  addressOf(number: number): string {
    return `${addressPrefix()}.${10 + number}`;
  }

  private inside(...args: string[]): string[] {
    return [`--target=${this.pid}`, "--mount", "--pid", "--net", "--", ...args];
  }

  /** Runs a command in the namespaces of the lab. */
  run(...command: string[]): Promise<string> {
    return run("nsenter", ...this.inside(...command));
  }

  /** Starts a command in the namespaces of the lab. It ends with the lab at the latest. */
  spawn(...command: string[]): ChildProcess {
    return spawn("nsenter", this.inside(...command), { stdio: "ignore", detached: true, env: environment });
  }

  /** Removes the lab, with all that runs in it. */
  async close(): Promise<void> {
    this.closeNameServer?.();
    this.closeNameServer = undefined;
    // The kernel removes it a moment after the namespaces.
    if (existsSync(interfaceFile)) await run("ip", "link", "delete", interfaceName);
    this.process?.stdin?.end();
    await this.ended;
  }
}

/** How many seconds the script of a process that has ended may take to clean up. */
const patience = 10;

/**
 * Removes the directories and control groups of test processes that were killed together with the script that cleans up
 * after them.
 */
export async function removeLeftovers(directory = tmpdir(), seconds = patience): Promise<void> {
  const dead = readdirSync(directory).filter((name) => {
    const pid = name.startsWith(namePrefix) ? name.slice(namePrefix.length) : "";
    return /^\d+$/.test(pid) && !isRunning(Number(pid));
  });
  for (const name of dead) {
    const left = path.join(directory, name);
    await untilGone(left, seconds).catch(() => run("sh", script("labRemove"), left, name));
  }
}

/** Waits until the network interface of an ended process that had the same place is gone, and removes it otherwise. */
async function freeInterfaceName(): Promise<void> {
  await untilGone(interfaceFile, patience).catch(() => run("ip", "link", "delete", interfaceName));
}

async function untilGone(file: string, seconds: number): Promise<void> {
  await eventually(`${file} is gone`, async () => !existsSync(file), { seconds });
}
