import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";
import * as yaml from "yaml";
import { stackResources } from "../../engine";
import { named, ownAddress, ownSubnet } from "./place";

export const projectDirectory = path.join(__dirname, "..", "..");
export const docker = new Docker();

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Stdout followed by stderr. */
  readonly output: string;
}

const namespace = "wso2-apim:";

/** Linux uses ports from here on for outgoing connections, so that such a port can be in use when it is to be published. */
export const firstEphemeralPort = 32768;

/** Every stack has an address of its own, so that all have the same ports. */
const ownPorts = {
  httpsPort: 18443,
  gatewayHttpsPort: 18243,
  gatewayHttpPort: 18280,
  managementPort: 19443,
  databasePort: 18306,
};

/** How many stacks this process has made; each has an address and a subnet of its own. */
let stacks = 0;

/** The settings in a stack file of the project, without the namespace in their names. */
function exampleSettings(stack: string): Readonly<Record<string, unknown>> {
  const text = fs.readFileSync(path.join(projectDirectory, `Pulumi.${stack}.yaml`), "utf8");
  const { config } = yaml.parse(text) as { config: Record<string, unknown> };
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name.slice(namespace.length), value]));
}

/** A stack with a state, names, ports and a network of its own. The tests use the commands of the README on it. */
export class TestStack {
  readonly name: string;
  readonly prefix: string;
  /** The loopback address on which its ports are published. */
  readonly address: string;
  readonly subnet: string;
  private directory: string | undefined;
  private readonly file: string;
  /** The stack file is written at the first use: mocha creates the object even if the tests do not run. */
  private written = false;
  private settings: Record<string, unknown>;

  /**
   * @param name the beginning of its name
   * @param example a stack of the project, whose settings it gets, but for the network and the ports
   */
  constructor(name: string, example?: string) {
    this.name = named(name);
    this.prefix = `apim-${this.name}`;
    this.file = path.join(projectDirectory, `Pulumi.${this.name}.yaml`);
    this.address = ownAddress(++stacks);
    this.subnet = ownSubnet(stacks);
    this.settings = {
      ...(example !== undefined && exampleSettings(example)),
      ...ownPorts,
      networkSubnet: this.subnet,
      publishAddress: this.address,
    };
  }

  /** The directory with the state, created at the first use. */
  private get backend(): string {
    this.directory ??= fs.mkdtempSync(path.join(os.tmpdir(), "apim-itest-"));
    return this.directory;
  }

  /** Changes settings in the stack file; undefined removes one. */
  set(settings: Record<string, unknown>): void {
    this.settings = { ...this.settings, ...settings };
    this.write();
  }

  private write(): void {
    for (const name of Object.keys(ownPorts))
      assert.ok(
        Number(this.settings[name] ?? 0) < firstEphemeralPort,
        `${name}: the kernel may use this port for an outgoing connection`,
      );
    const config = Object.fromEntries(
      Object.entries(this.settings).map(([name, value]) => [`${namespace}${name}`, value]),
    );
    // An engine stores its salt in the same file.
    const recorded = this.written ? (yaml.parse(fs.readFileSync(this.file, "utf8")) as object) : {};
    fs.writeFileSync(this.file, yaml.stringify({ ...recorded, config }));
    this.written = true;
  }

  /** Sets a secret with the command `config set --secret`, which encrypts the value in the stack file. */
  async setSecret(name: string, value: string): Promise<void> {
    const { status, output } = await this.runWith(value, {}, "config", ["set", "--secret", name]);
    if (status !== 0) throw new Error(output);
    const { config } = yaml.parse(fs.readFileSync(this.file, "utf8")) as { config: Record<string, unknown> };
    this.settings[name] = config[`${namespace}${name}`];
  }

  /** Runs what `npm run <command>` runs, without npm. */
  run(command: string, ...args: string[]): Promise<CommandResult> {
    return this.runWith("", {}, command, args);
  }

  /** The same, with additional environment variables. */
  runIn(variables: NodeJS.ProcessEnv, command: string, ...args: string[]): Promise<CommandResult> {
    return this.runWith("", variables, command, args);
  }

  /** Runs a command, and kills it as soon as its output matches. @throws if it ends before */
  async runKilledAt(output: RegExp, command: string, ...args: string[]): Promise<CommandResult> {
    const result = await this.runWith("", {}, command, args, output);
    assert.ok(result.signal === "SIGKILL", `${output}: not killed\n${result.output}`);
    return result;
  }

  /** Runs a command, and kills it as soon as the condition holds. @throws if it ends before */
  async runKilledWhen(condition: () => Promise<boolean>, command: string, ...args: string[]): Promise<CommandResult> {
    const kill = new AbortController();
    const running = this.runWith("", {}, command, args, undefined, kill.signal);
    const isOver = running.then(() => true);
    const isTime = async () => (await condition()) || Promise.race([isOver, sleep(20, false)]);
    while (!(await isTime()));
    kill.abort();
    const result = await running;
    assert.ok(result.signal === "SIGKILL", `not killed\n${result.output}`);
    return result;
  }

  private runWith(
    input: string,
    variables: NodeJS.ProcessEnv,
    command: string,
    args: readonly string[] = [],
    killAt?: RegExp,
    kill?: AbortSignal,
  ): Promise<CommandResult & { signal: NodeJS.Signals | null }> {
    if (!this.written) this.write();
    const child = spawn(process.execPath, ["cli/start.mjs", command, "--stack", this.name, ...args], {
      cwd: projectDirectory,
      env: { ...process.env, ...this.environment(), ...variables },
      stdio: ["pipe", "pipe", "pipe"],
    });
    child.stdin.end(input);
    kill?.addEventListener("abort", () => child.kill("SIGKILL"));
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (data) => {
      stdout += data;
      if (killAt?.test(stdout)) child.kill("SIGKILL");
    });
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) =>
        resolve({ status: code ?? -1, signal, stdout, stderr, output: stdout + stderr }),
      );
    });
  }

  environment(): Record<string, string> {
    return {
      APIM_ENGINE: "local",
      PULUMI_BACKEND_URL: `file://${this.backend}`,
      PULUMI_CONFIG_PASSPHRASE: "integration test",
    };
  }

  private get stateFile(): string {
    return path.join(this.backend, ".pulumi", "stacks", "wso2-apim", `${this.name}.json`);
  }

  /** The text of the state file. */
  state(): string {
    return fs.readFileSync(this.stateFile, "utf8");
  }

  /** The MySQL accounts of the nodes, from the state. */
  async databaseAccounts(): Promise<{ user: string; password: string }[]> {
    const env = { ...process.env, ...this.environment() };
    const resources = (await stackResources(projectDirectory, this.name, { env, showSecrets: true })) ?? [];
    return resources
      .filter(({ type }) => type === "mysql:index/user:User")
      .map(({ inputs }) => ({ user: String(inputs.user), password: String(inputs.plaintextPassword) }));
  }

  /** Maps the names of the stack's containers, without the stack's prefix, to Docker's ids. */
  async containers(): Promise<Map<string, string>> {
    const filters = { label: [`wso2.apim.stack=${this.prefix}`] };
    const found = await docker.listContainers({ all: true, filters });
    return new Map(found.map(({ Id, Names }) => [(Names[0] ?? "").slice(`/${this.prefix}-`.length), Id]));
  }

  /** Runs `preview`. @returns the containers that `up` would replace or create, by name without the prefix */
  async previewContainers(): Promise<Record<"replace" | "create", string[]>> {
    const { status, stdout, output } = await this.run("preview", "--json");
    assert.equal(status, 0, output);
    const { steps } = JSON.parse(stdout) as { steps: { op: string; urn: string }[] };
    const containers = (op: string) =>
      steps
        .filter((step) => step.op === op)
        .flatMap(({ urn }) => /::apim-(\S+)-container$/.exec(urn)?.[1] ?? [])
        .sort();
    return { replace: containers("replace"), create: containers("create") };
  }

  /** The existing containers, networks and volumes of the stack. */
  async leftovers(): Promise<string[]> {
    const filters = { label: [`wso2.apim.stack=${this.prefix}`] };
    const [containers, networks, volumes] = await Promise.all([
      docker.listContainers({ all: true, filters }),
      docker.listNetworks({ filters }),
      docker.listVolumes({ filters }),
    ]);
    return [
      ...containers.map(({ Names }) => `container ${Names[0]}`),
      ...networks.map(({ Name }) => `network ${Name}`),
      ...(volumes.Volumes ?? []).map(({ Name }) => `volume ${Name}`),
    ];
  }

  /** Destroys the stack and removes its files, whatever state a failed test left. */
  async dispose(): Promise<void> {
    const { status, output } = fs.existsSync(this.stateFile)
      ? await this.run("destroy", "--yes")
      : { status: 0, output: "the stack has no state" };
    const left = await this.leftovers();
    fs.rmSync(this.file, { force: true });
    fs.rmSync(this.backend, { recursive: true, force: true });
    if (status !== 0 || left.length > 0) throw new Error(`destroy left ${left.join(", ") || "nothing"}:\n${output}`);
  }
}
