import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import { type Connection, createConnection } from "mysql2/promise";
import { pack } from "tar-stream";

const contextDirectory = join(__dirname, "../../images/mysql");
const adminName = "dbtest";

/** A MySQL server of our image, in a container of its own, its data in memory. */
export interface MySqlServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly admin: Connection;
  /** Ends it and leaves nothing behind. */
  remove(): Promise<void>;
}

async function buildImage(docker: Docker, imageTag: string): Promise<void> {
  const context = pack();
  for (const name of readdirSync(contextDirectory)) {
    context.entry({ name, mode: name.endsWith(".sh") ? 0o755 : 0o644 }, readFileSync(join(contextDirectory, name)));
  }
  context.finalize();
  const progress = await docker.buildImage(Readable.from(await buffer(context)), { t: imageTag });
  const events = await new Promise<{ error?: string }[]>((resolve, reject) => {
    docker.modem.followProgress(progress, (error, output) => (error ? reject(error) : resolve(output)));
  });
  const failed = events.find(({ error }) => error !== undefined);
  if (failed) throw new Error(`images/mysql: ${failed.error}`);
}

/**
 * Starts a server and waits until its health check passes.
 * @param name of the container; one that an earlier, broken run left is replaced
 * @param host the address of this machine on which its port is published
 * @param options of mysqld
 */
export async function startMySql(
  docker: Docker,
  name: string,
  host = "127.0.0.1",
  options: readonly string[] = [],
): Promise<MySqlServer> {
  const imageTag = `wso2-apim/mysql:${name}`;
  await buildImage(docker, imageTag);
  await docker
    .getContainer(name)
    .remove({ force: true, v: true })
    .catch((error: { statusCode?: number }) => {
      if (error.statusCode !== 404) throw error;
    });
  const container = await docker.createContainer({
    name,
    Image: imageTag,
    Cmd: [...options],
    Healthcheck: { Test: ["CMD", "healthcheck"], Interval: 500_000_000, Timeout: 5_000_000_000, Retries: 120 },
    HostConfig: {
      Tmpfs: { "/var/lib/mysql": "rw,size=1g" },
      PortBindings: { "3306/tcp": [{ HostIp: host, HostPort: "" }] },
    },
  });
  const remove = async () => {
    await container.remove({ force: true, v: true });
    await docker.getImage(imageTag).remove();
  };
  try {
    const password = randomBytes(12).toString("hex");
    const init = pack();
    const account = `'${adminName}'@'%'`;
    init.entry(
      { name: "init.sql", mode: 0o600 },
      `CREATE USER IF NOT EXISTS ${account};\nALTER USER ${account} IDENTIFIED BY '${password}';\n` +
        `GRANT ALL ON *.* TO ${account} WITH GRANT OPTION;\n`,
    );
    init.finalize();
    await container.putArchive(await buffer(init), { path: "/run/apim" });
    await container.start();
    const port = await waitUntilHealthy(container);
    const login = { host, port, user: adminName, password };
    const admin = await createConnection({ ...login, multipleStatements: true, dateStrings: true });
    return {
      ...login,
      admin,
      remove: async () => {
        admin.destroy();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function waitUntilHealthy(container: Docker.Container): Promise<number> {
  for (let waited = 0; waited < 60; waited += 0.25) {
    const { State, NetworkSettings } = await container.inspect();
    if (!State.Running) throw new Error(`the MySQL container ended with status ${State.ExitCode}`);
    const port = Number(NetworkSettings.Ports["3306/tcp"]?.[0]?.HostPort);
    if (State.Health?.Status === "healthy") return port;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error("the MySQL container was not healthy within 60 s");
}
