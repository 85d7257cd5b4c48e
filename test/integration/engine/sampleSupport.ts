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
import type Docker from "dockerode";
import { createConnection } from "mysql2/promise";
import { Crypter } from "../../../engine/backend/crypto";
import { busyboxImage, removeTestImage } from "./providersSupport";

export const samples = path.resolve(__dirname, "../../../../shared/data/pulumi-samples");
export const haveSamples = existsSync(samples);
export const sample = (name: string): string => readFileSync(path.join(samples, name), "utf8");

/** As the samples have it, although the kernel may give it to an outgoing connection. */
const MYSQL_PORT = 33970;
export const mysqlContainer = "apim-sample-mysql";
const IMAGE = "local/bb:1";
export const PASSPHRASE = "x";
const root = path.resolve(__dirname, "../../..");

export interface Ran {
  readonly code: number | null;
  readonly text: string;
}

/** The sample program in a directory of its own, run by the local engine in processes of their own. */
export class SampleProject {
  readonly dir = mkdtempSync(path.join(tmpdir(), "apim-sample-"));

  constructor() {
    for (const name of ["index.ts", "Pulumi.yaml", "Pulumi.dev.yaml"])
      copyFileSync(path.join(samples, name), path.join(this.dir, name));
    writeFileSync(path.join(this.dir, "package.json"), "{}");
    symlinkSync(path.join(root, "node_modules"), path.join(this.dir, "node_modules"));
  }

  get stateFile(): string {
    return path.join(this.dir, ".pulumi/stacks/sample/dev.json");
  }

  /** Puts a setting beside the endpoint, as `pulumi config set` does. */
  set(key: string, value: string): void {
    writeFileSync(
      path.join(this.dir, "Pulumi.dev.yaml"),
      `${sample("Pulumi.dev.yaml").trimEnd()}\n  sample:${key}: "${value}"\n`,
    );
  }

  unset(): void {
    writeFileSync(path.join(this.dir, "Pulumi.dev.yaml"), sample("Pulumi.dev.yaml"));
  }

  /** Gives it state that was recorded elsewhere. */
  take(checkpoint: string): void {
    mkdirSync(path.dirname(this.stateFile), { recursive: true });
    writeFileSync(this.stateFile, checkpoint);
  }

  run(
    operation: string,
    flags: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
    script = "engine.ts",
  ): Promise<Ran> {
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
        cwd: root,
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

/** The resources with secrets opened, as `{ secret: value }`. */
export async function opened({ resources, secrets_providers }: Checkpoint): Promise<Recorded[]> {
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

/** The reverse of {@link opened}: a checkpoint with these resources, their secrets under the same key. */
export async function sealed(like: Checkpoint, resources: readonly Recorded[]): Promise<Checkpoint> {
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

/** What the sample program needs: its image, and a MySQL server at its endpoint. */
export class SampleWorld {
  private tagged = false;

  constructor(private readonly docker: Docker) {}

  /** @returns why it can't be, if so */
  async start(): Promise<string | undefined> {
    const base = "wso2-apim/base-mysql:9";
    const there = (name: string) =>
      this.docker
        .getImage(name)
        .inspect()
        .then(
          () => true,
          () => false,
        );
    if (!(await there(base))) return `no image ${base} (npm run setup builds it)`;
    if (!(await there(IMAGE))) {
      const busybox = await busyboxImage(this.docker);
      if (busybox === undefined) return "busybox-static cannot be downloaded (apt-get update?)";
      await this.docker.getImage(busybox).tag({ repo: "local/bb", tag: "1" });
      this.tagged = true;
      await removeTestImage(this.docker);
    }
    await this.removeDocker("box", mysqlContainer);
    const script =
      "mkdir -p /var/run/mysqld /var/lib/mysql-files && " +
      "mysqld --initialize-insecure --user=root --datadir=/tmp/data && " +
      `echo "CREATE USER 'admin'@'%' IDENTIFIED BY 'adminpw'; GRANT ALL ON *.* TO 'admin'@'%' WITH GRANT OPTION;" > /init.sql && ` +
      "exec mysqld --user=root --datadir=/tmp/data --init-file=/init.sql --innodb-buffer-pool-size=32M --performance-schema=OFF";
    const container = await this.docker.createContainer({
      name: mysqlContainer,
      Image: base,
      Cmd: ["sh", "-c", script],
      ExposedPorts: { "3306/tcp": {} },
      HostConfig: { PortBindings: { "3306/tcp": [{ HostIp: "127.0.0.1", HostPort: String(MYSQL_PORT) }] } },
    });
    await this.startOnItsPort(container);
    await this.ready();
    return undefined;
  }

  /** Waits for an outgoing connection that has the port just now. */
  private async startOnItsPort(container: Docker.Container): Promise<void> {
    for (const until = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 1000))) {
      try {
        return void (await container.start());
      } catch (error) {
        if (Date.now() > until || !/address already in use/.test((error as Error).message)) throw error;
      }
    }
  }

  async ready(): Promise<void> {
    for (const until = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 250))) {
      const answer = await this.query("SELECT 1").catch((error: Error) => error);
      if (!(answer instanceof Error)) return;
      if (Date.now() > until) throw answer;
    }
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

  /** Everything that the program makes, by name. */
  async leftovers(): Promise<string[]> {
    const [containers, networks, volumes] = await Promise.all([
      this.docker.listContainers({ all: true }),
      this.docker.listNetworks(),
      this.docker.listVolumes(),
    ]);
    return [
      ...containers.filter(({ Names }) => Names.includes("/box")).map(() => "container box"),
      ...networks.filter(({ Name }) => Name === "sample-net").map(() => "network sample-net"),
      ...volumes.Volumes.filter(({ Name }) => Name === "box-data").map(() => "volume box-data"),
      ...(await this.query("SHOW DATABASES LIKE 'sampledb'")).map(() => "database sampledb"),
      ...(await this.query("SELECT user FROM mysql.user WHERE user = 'sample'")).map(() => "user sample"),
    ];
  }

  /** What a broken run left. */
  async clean(): Promise<void> {
    await this.removeDocker("box");
    await this.query("DROP DATABASE IF EXISTS sampledb");
    await this.query("DROP USER IF EXISTS 'sample'@'%'");
  }

  private async removeDocker(...containers: string[]): Promise<void> {
    const gone = (work: Promise<unknown>) =>
      work.catch((error: { statusCode?: number }) => {
        if (error.statusCode !== 404) throw error;
      });
    for (const name of containers) await gone(this.docker.getContainer(name).remove({ force: true, v: true }));
    await gone(this.docker.getNetwork("sample-net").remove());
    await gone(this.docker.getVolume("box-data").remove());
  }

  async stop(): Promise<void> {
    await this.removeDocker("box", mysqlContainer);
    if (this.tagged) await this.docker.getImage(IMAGE).remove();
  }
}
