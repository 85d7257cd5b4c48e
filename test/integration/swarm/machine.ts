import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import * as path from "node:path";
import Docker from "dockerode";
import { lastLines } from "../../../cli/setup/host";
import { docker as mainEngine } from "../testStack";
import { eventually } from "../waiting";
import { addressPrefix, childrenOf, type Lab, run, script } from "./lab";

/** A Docker engine with a host name and an address of its own, on the network of a {@link Lab}. */
export class Machine {
  /** The host name, and the name of the node in Swarm: `machine-1`, `machine-2` and so on. */
  readonly name: string;
  readonly address: string;
  /** A value for DOCKER_HOST. */
  readonly dockerHost: string;
  readonly docker: Docker;
  private readonly logFile: string;
  private process: ChildProcess | undefined;

  constructor(
    private readonly lab: Lab,
    /** 1 for the first machine. */
    readonly number: number,
    private readonly registry: string,
  ) {
    this.name = `machine-${number}`;
    this.address = lab.addressOf(number);
    const socketPath = path.join(lab.directory, `${this.name}.sock`);
    this.dockerHost = `unix://${socketPath}`;
    this.docker = new Docker({ socketPath });
    this.logFile = path.join(lab.directory, `${this.name}.log`);
  }

  /** The id of process 1 of the machine, seen from here. */
  private get firstProcess(): number {
    // nsenter, then unshare, then engine.sh
    const [init] = this.process?.pid === undefined ? [] : childrenOf(this.process.pid).flatMap(childrenOf);
    if (init === undefined) throw new Error(`${this.name}: no engine runs; the end of its log:\n${this.log()}`);
    return init;
  }

  /** The id of dockerd, seen from here. */
  get pid(): number {
    const isEngine = (pid: number) => readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "dockerd";
    const pid = childrenOf(this.firstProcess).find(isEngine);
    if (pid === undefined) throw new Error(`${this.name}: dockerd does not run`);
    return pid;
  }

  /** The last lines of the engine's log. */
  log(lines = 10): string {
    return lastLines(readFileSync(this.logFile, "utf8"), lines);
  }

  /** Starts the engine, as after a boot, and waits until it answers. */
  async startEngine(): Promise<void> {
    closeSync(openSync(this.logFile, "a"));
    const engine = this.lab.spawn(
      "nsenter",
      `--net=/run/netns/${this.name}`,
      ...["unshare", "--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
      ...["sh", script("engine"), this.name, this.logFile],
      `--host=${this.dockerHost}`,
      `--data-root=${path.join(this.lab.directory, this.name)}`,
      `--cgroup-parent=/${this.lab.controlGroup}`,
      "--exec-opt=native.cgroupdriver=cgroupfs",
      `--bip=${addressPrefix(this.number)}.1/25`,
      `--dns=${this.lab.ownAddress}`,
      `--insecure-registry=${this.registry}`,
    );
    this.process = engine;
    await eventually(`${this.name}: the engine answers`, async () => {
      if (engine.exitCode !== null || engine.signalCode !== null)
        throw new Error(`${this.name}: dockerd ended; the end of its log:\n${this.log()}`);
      return this.docker.ping().catch(() => false);
    });
  }

  /** Kills the engine and all containers, as a power cut. */
  async killEngine(): Promise<void> {
    const ended = new Promise((resolve) => this.process?.once("close", resolve));
    process.kill(this.firstProcess, "SIGKILL");
    await ended;
    this.process = undefined;
  }

  /** Takes the machine off the network, as by a pulled cable; its engine and containers go on. */
  async cutOff(): Promise<void> {
    await this.lab.run("ip", "link", "set", this.name, "down");
  }

  /** Ends {@link cutOff}. */
  async reconnect(): Promise<void> {
    await this.lab.run("ip", "link", "set", this.name, "up");
  }

  /** Hides what is in a directory from the engine, as where nothing is mounted. */
  async hide(directory: string): Promise<void> {
    await run(...this.inside, "mount", "-t", "tmpfs", "hidden", directory);
  }

  /** Ends {@link hide}. */
  async show(directory: string): Promise<void> {
    await run(...this.inside, "umount", directory);
  }

  /** Lets nothing of the machine reach an address. */
  async refuse(address: string): Promise<void> {
    await run(...this.inside, "ip", "route", "add", "prohibit", address);
  }

  private get inside(): readonly [string, ...string[]] {
    return ["nsenter", `--target=${this.firstProcess}`, "--mount", "--net"];
  }

  /** Copies an image from this computer's main Docker engine. */
  async loadImage(name: string): Promise<void> {
    const archive = await mainEngine.getImage(name).get();
    const progress = await this.docker.loadImage(archive);
    await finished(this.docker, progress);
  }
}

/** Waits for the end of a long request. @throws what the engine reports */
export async function finished(docker: Docker, progress: NodeJS.ReadableStream): Promise<void> {
  const events = await new Promise<{ error?: string }[]>((resolve, reject) => {
    docker.modem.followProgress(progress, (error, output) => (error ? reject(error) : resolve(output)));
  });
  const failed = events.find(({ error }) => error !== undefined);
  if (failed) throw new Error(failed.error);
}
