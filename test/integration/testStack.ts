import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import Docker from "dockerode";
import * as yaml from "yaml";
import { stackResources } from "../../engine";

export const projectDirectory = path.join(__dirname, "..", "..");
export const docker = new Docker();

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, as a person would see them. */
  readonly output: string;
}

const namespace = "wso2-apim:";

/** From here on, Linux takes ports for outgoing connections: one of those may hold a port just when it is published. */
export const firstEphemeralPort = 32768;

const ownSettings: Readonly<Record<string, unknown>> = {
  networkSubnet: "172.29.99.0/24",
  httpsPort: 18443,
  gatewayHttpsPort: 18243,
  gatewayHttpPort: 18280,
  managementPort: 19443,
  databasePort: 18306,
};

/** What a stack file of the project sets, by the names without namespace. */
function exampleSettings(stack: string): Readonly<Record<string, unknown>> {
  const text = fs.readFileSync(path.join(projectDirectory, `Pulumi.${stack}.yaml`), "utf8");
  const { config } = yaml.parse(text) as { config: Record<string, unknown> };
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name.slice(namespace.length), value]));
}

/** A stack of its own, with its own state, names, ports and network, driven through the commands of the README. */
export class TestStack {
  readonly prefix: string;
  private directory: string | undefined;
  private readonly file: string;
  /** Not before the first use: other tests read the project's stack files while this one is merely described. */
  private written = false;
  private settings: Record<string, unknown>;

  /** @param example a stack of the project whose settings are taken, network and ports included where it names them */
  constructor(
    readonly name: string,
    example?: string,
  ) {
    this.prefix = `apim-${name}`;
    this.file = path.join(projectDirectory, `Pulumi.${name}.yaml`);
    this.settings = { ...ownSettings, ...(example !== undefined && exampleSettings(example)) };
  }

  /** Where its state is; made when it is first used, as a test that is only described leaves nothing behind. */
  private get backend(): string {
    this.directory ??= fs.mkdtempSync(path.join(os.tmpdir(), "apim-itest-"));
    return this.directory;
  }

  /** Changes settings in the stack's file. */
  set(settings: Record<string, unknown>): void {
    this.settings = { ...this.settings, ...settings };
    this.write();
  }

  private write(): void {
    for (const name of Object.keys(ownSettings).filter((each) => each.endsWith("Port")))
      assert.ok(Number(this.settings[name]) < firstEphemeralPort, `${name}: the kernel may have given it away`);
    const config = Object.fromEntries(
      Object.entries(this.settings).map(([name, value]) => [`${namespace}${name}`, value]),
    );
    // An engine keeps its salt there too.
    const recorded = this.written ? (yaml.parse(fs.readFileSync(this.file, "utf8")) as object) : {};
    fs.writeFileSync(this.file, yaml.stringify({ ...recorded, config }));
    this.written = true;
  }

  /** Sets a secret as a user does: it stands encrypted in the stack's file. */
  async setSecret(name: string, value: string): Promise<void> {
    const { status, output } = await this.runWith(value, {}, "config", "set", "--secret", name);
    if (status !== 0) throw new Error(output);
    const { config } = yaml.parse(fs.readFileSync(this.file, "utf8")) as { config: Record<string, unknown> };
    this.settings[name] = config[`${namespace}${name}`];
  }

  /** Runs `npm run <command>` without npm around it. */
  run(command: string, ...args: string[]): Promise<CommandResult> {
    return this.runWith("", {}, command, ...args);
  }

  /** The same with other variables. */
  runIn(variables: NodeJS.ProcessEnv, command: string, ...args: string[]): Promise<CommandResult> {
    return this.runWith("", variables, command, ...args);
  }

  private runWith(
    input: string,
    variables: NodeJS.ProcessEnv,
    command: string,
    ...args: string[]
  ): Promise<CommandResult> {
    if (!this.written) this.write();
    const child = spawn(process.execPath, ["cli/start.mjs", command, "--stack", this.name, ...args], {
      cwd: projectDirectory,
      env: { ...process.env, ...this.environment(), ...variables },
      stdio: ["pipe", "pipe", "pipe"],
    });
    child.stdin.end(input);
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (data) => {
      stdout += data;
    });
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ status: code ?? -1, stdout, stderr, output: stdout + stderr }));
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

  /** The state file's text. */
  state(): string {
    return fs.readFileSync(this.stateFile, "utf8");
  }

  /** The nodes' MySQL accounts, from the state. */
  async databaseAccounts(): Promise<{ user: string; password: string }[]> {
    const env = { ...process.env, ...this.environment() };
    const resources = (await stackResources(projectDirectory, this.name, { env, showSecrets: true })) ?? [];
    return resources
      .filter(({ type }) => type === "mysql:index/user:User")
      .map(({ inputs }) => ({ user: String(inputs.user), password: String(inputs.plaintextPassword) }));
  }

  /** Docker's ids of the stack's containers, by the name without the stack's prefix. */
  async containers(): Promise<Map<string, string>> {
    const filters = { label: [`wso2.apim.stack=${this.prefix}`] };
    const found = await docker.listContainers({ all: true, filters });
    return new Map(found.map(({ Id, Names }) => [(Names[0] ?? "").slice(`/${this.prefix}-`.length), Id]));
  }

  /** Names of every container, network and volume that the stack made. */
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

  /** Removes the stack and its files, whatever state a failed test left them in. */
  async dispose(): Promise<void> {
    const there = fs.existsSync(this.stateFile);
    const { status, output } = there ? await this.run("destroy", "--yes") : { status: 0, output: "it was never made" };
    const left = await this.leftovers();
    fs.rmSync(this.file, { force: true });
    fs.rmSync(this.backend, { recursive: true, force: true });
    if (status !== 0 || left.length > 0) throw new Error(`destroy left ${left.join(", ") || "nothing"}:\n${output}`);
  }
}
