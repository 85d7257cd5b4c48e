import { spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Container } from "dockerode";
import { createConnection } from "mysql2/promise";
import { Crypter } from "../../../engine/backend/crypto";
import { errorMessage } from "../../../errors";
import { hasImage, ignoreMissing, removeContainer, upload } from "../containers";
import { mysqlBase, startBareMysql } from "../mysqlServer";
import { useExclusively } from "../place";
import { skip } from "../skip";
import { docker, projectDirectory } from "../testStack";
import { eventually } from "../waiting";
import { busyboxImage, removeBusyboxImage } from "./providers/support";

/** A program, and what the official engine printed and recorded for it. */
export const samples = path.resolve(__dirname, "../../../../shared/data/pulumi-samples");
/** The text of a sample file. */
export const sample = (name: string): string => readFileSync(path.join(samples, name), "utf8");

/** The port that the samples name. The kernel may use it for an outgoing connection. */
const MYSQL_PORT = 33970;
const MYSQL_CONTAINER = "apim-sample-mysql";
const IMAGE = "local/bb:1";
export const PASSPHRASE = "x";
/** All objects that the sample program creates in Docker and MySQL, as {@link SampleWorld.leftovers} lists them. */
export const sampleObjects = [
  "container box",
  "network sample-net",
  "volume box-data",
  "database sampledb",
  "user sample",
];

/** The end of a process. */
export interface ProcessResult {
  /** The exit code; null if a signal ended the process. */
  readonly code: number | null;
  /** Stdout and stderr. */
  readonly text: string;
}

/** The sample program in a temporary directory. The embedded engine runs it in a separate process. */
export class SampleProject {
  readonly dir = mkdtempSync(path.join(tmpdir(), "apim-sample-"));

  /** @param from the directory of another program in place of the sample, with the same name of the project and stack */
  constructor(from = samples) {
    for (const name of ["index.ts", "Pulumi.yaml", "Pulumi.dev.yaml"])
      copyFileSync(path.join(from, name), path.join(this.dir, name));
    writeFileSync(path.join(this.dir, "package.json"), "{}");
    symlinkSync(path.join(projectDirectory, "node_modules"), path.join(this.dir, "node_modules"));
  }

  get stateFile(): string {
    return path.join(this.dir, ".pulumi/stacks/sample/dev.json");
  }

  /** Sets a configuration value, as `pulumi config set` does. */
  set(key: string, value: string): void {
    writeFileSync(
      path.join(this.dir, "Pulumi.dev.yaml"),
      `${sample("Pulumi.dev.yaml").trimEnd()}\n  sample:${key}: "${value}"\n`,
    );
  }

  /** Restores the configuration of the sample. */
  unset(): void {
    writeFileSync(path.join(this.dir, "Pulumi.dev.yaml"), sample("Pulumi.dev.yaml"));
  }

  /** Replaces the state file. */
  setState(checkpoint: string): void {
    mkdirSync(path.dirname(this.stateFile), { recursive: true });
    writeFileSync(this.stateFile, checkpoint);
  }

  run(
    operation: string,
    flags: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
    script = "engine.ts",
  ): Promise<ProcessResult> {
    const child = spawn(
      process.execPath,
      [
        "-r",
        "ts-node/register/transpile-only",
        path.join(__dirname, "../fixtures", script),
        operation,
        this.dir,
        ...flags,
      ],
      {
        cwd: projectDirectory,
        env: { ...process.env, PULUMI_BACKEND_URL: "", PULUMI_CONFIG_PASSPHRASE: PASSPHRASE, TERM: "dumb", ...env },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (data: Buffer) => {
        text += data;
      });
    return new Promise((resolve) => child.once("close", (code) => resolve({ code, text })));
  }

  checkpoint(): Checkpoint {
    return JSON.parse(readFileSync(this.stateFile, "utf8")).checkpoint.latest;
  }

  dispose(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export interface Recorded {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
  readonly [key: string]: unknown;
}

export interface Checkpoint {
  readonly resources?: readonly Recorded[];
  readonly pending_operations?: readonly object[];
  readonly secrets_providers: { readonly state: { readonly salt: string } };
}

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** The resources of a checkpoint, with decrypted secrets as `{ secret: value }`. */
export async function decrypted({ resources, secrets_providers }: Checkpoint): Promise<Recorded[]> {
  const crypter = await Crypter.open(PASSPHRASE, secrets_providers.state.salt, "state");
  const open = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(open);
    if (typeof value !== "object" || value === null) return value;
    const { ciphertext } = value as { ciphertext?: string };
    if (SIGNATURE in value && ciphertext !== undefined)
      return { secret: open(JSON.parse(crypter.decrypt(ciphertext))) };
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, open(member)]));
  };
  return (resources ?? []).map((each) => open(each) as Recorded);
}

/** The reverse of {@link decrypted}: the checkpoint with these resources, encrypted with its own key. */
export async function encrypted(like: Checkpoint, resources: readonly Recorded[]): Promise<Checkpoint> {
  const crypter = await Crypter.open(PASSPHRASE, like.secrets_providers.state.salt, "state");
  const close = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(close);
    if (typeof value !== "object" || value === null) return value;
    if ("secret" in value)
      return { [SIGNATURE]: SECRET, ciphertext: crypter.encrypt(JSON.stringify(close(value.secret))) };
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, close(member)]));
  };
  return { ...like, resources: resources.map((each) => close(each) as Recorded) };
}

/** Starts what the sample program needs for the tests of a describe, and removes it afterwards. */
export function useSampleWorld(): SampleWorld {
  const world = new SampleWorld();
  useExclusively("sample");
  before(async function () {
    const reason = await world.start();
    if (reason !== undefined) skip(this, reason);
  });
  after(() => world.stop());
  return world;
}

/** What the sample program needs: its image, and a MySQL server at its endpoint. */
class SampleWorld {
  private started = false;
  private tagged = false;

  /** @returns the reason if the tests must be skipped */
  async start(): Promise<string | undefined> {
    if (!existsSync(samples)) return `no ${samples}`;
    if (!(await hasImage(mysqlBase))) return `no image ${mysqlBase} (npm run setup builds it)`;
    if (!(await hasImage(IMAGE))) {
      const busybox = await busyboxImage();
      if (busybox === undefined) return "busybox-static cannot be downloaded (apt-get update?)";
      await docker.getImage(busybox).tag({ repo: "local/bb", tag: "1" });
      this.tagged = true;
      await removeBusyboxImage();
    }
    this.started = true;
    await this.removeDocker("box", MYSQL_CONTAINER);
    const container = await docker.createContainer({
      name: MYSQL_CONTAINER,
      Image: mysqlBase,
      Cmd: ["sh", "-c", startBareMysql],
      ExposedPorts: { "3306/tcp": {} },
      HostConfig: { PortBindings: { "3306/tcp": [{ HostIp: "127.0.0.1", HostPort: String(MYSQL_PORT) }] } },
    });
    const admin =
      "CREATE USER 'admin'@'%' IDENTIFIED BY 'adminpw';\nGRANT ALL ON *.* TO 'admin'@'%' WITH GRANT OPTION;\n";
    await upload(container, "/", { "init.sql": admin });
    await this.startWhenPortIsFree(container);
    await eventually("MySQL answers", () => this.query("SELECT 1").catch(() => undefined));
    return undefined;
  }

  private async startWhenPortIsFree(container: Container): Promise<void> {
    await eventually(`port ${MYSQL_PORT} is free`, async () => {
      try {
        await container.start();
        return true;
      } catch (error) {
        if (!/address already in use/.test(errorMessage(error))) throw error;
        return false;
      }
    });
  }

  async query(sql: string): Promise<Record<string, unknown>[]> {
    const connection = await createConnection({
      host: "127.0.0.1",
      port: MYSQL_PORT,
      user: "admin",
      password: "adminpw",
    });
    try {
      const [rows] = await connection.query(sql);
      return rows as unknown as Record<string, unknown>[];
    } finally {
      connection.destroy();
    }
  }

  /** The existing objects that the program creates. */
  async leftovers(): Promise<string[]> {
    const [containers, networks, volumes] = await Promise.all([
      docker.listContainers({ all: true }),
      docker.listNetworks(),
      docker.listVolumes(),
    ]);
    return [
      ...containers.filter(({ Names }) => Names.includes("/box")).map(() => "container box"),
      ...networks.filter(({ Name }) => Name === "sample-net").map(() => "network sample-net"),
      ...volumes.Volumes.filter(({ Name }) => Name === "box-data").map(() => "volume box-data"),
      ...(await this.query("SHOW DATABASES LIKE 'sampledb'")).map(() => "database sampledb"),
      ...(await this.query("SELECT user FROM mysql.user WHERE user = 'sample'")).map(() => "user sample"),
    ];
  }

  /** Removes what an aborted run left. */
  async clean(): Promise<void> {
    if (!this.started) return;
    await this.removeDocker("box");
    await this.query("DROP DATABASE IF EXISTS sampledb");
    await this.query("DROP USER IF EXISTS 'sample'@'%'");
  }

  private async removeDocker(...containers: string[]): Promise<void> {
    for (const name of containers) await removeContainer(name);
    await ignoreMissing(docker.getNetwork("sample-net").remove());
    await ignoreMissing(docker.getVolume("box-data").remove());
  }

  async stop(): Promise<void> {
    if (!this.started) return;
    await this.removeDocker("box", MYSQL_CONTAINER);
    if (this.tagged) await docker.getImage(IMAGE).remove();
  }
}
