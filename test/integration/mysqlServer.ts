import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type Docker from "dockerode";
import { type Connection, createConnection } from "mysql2/promise";
import { buildImage, removeContainer, upload } from "./containers";
import { docker, projectDirectory } from "./testStack";
import { eventually } from "./waiting";

/** The image that `images/mysql` is based on: MySQL without an entrypoint of the project. */
export const mysqlBase = "wso2-apim/base-mysql:9";

/** A shell command for {@link mysqlBase}: MySQL with new data in /tmp/data and the accounts of /init.sql. */
export const startBareMysql =
  "mkdir -p /var/run/mysqld /var/lib/mysql-files && " +
  "mysqld --initialize-insecure --user=root --datadir=/tmp/data && " +
  "exec mysqld --user=root --datadir=/tmp/data --init-file=/init.sql --innodb-buffer-pool-size=32M --performance-schema=OFF";

/** A running MySQL server of the project's image, with an administrator's account. */
export interface MySqlServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly admin: Connection;
  /** Removes the container, its data and the image. */
  remove(): Promise<void>;
}

/**
 * Starts a MySQL server with its data in memory, and waits until its health check passes.
 * @param name the container's name; the container of an earlier run that broke off is replaced
 * @param host the address of this machine on which the port is published
 * @param options command-line options of mysqld
 */
export async function startMySql(
  name: string,
  host = "127.0.0.1",
  options: readonly string[] = [],
): Promise<MySqlServer> {
  const image = `wso2-apim/mysql:${name}`;
  await buildImage(join(projectDirectory, "images/mysql"), image);
  await removeContainer(name);
  const container = await docker.createContainer({
    name,
    Image: image,
    Cmd: [...options],
    Healthcheck: { Test: ["CMD", "healthcheck"], Interval: 500_000_000, Timeout: 5_000_000_000, Retries: 120 },
    HostConfig: {
      Tmpfs: { "/var/lib/mysql": "rw,size=1g" },
      PortBindings: { "3306/tcp": [{ HostIp: host, HostPort: "" }] },
    },
  });
  const remove = async () => {
    await removeContainer(name);
    await docker.getImage(image).remove();
  };
  try {
    const [user, password] = ["dbtest", randomBytes(12).toString("hex")];
    const account = `'${user}'@'%'`;
    const init =
      `CREATE USER IF NOT EXISTS ${account};\nALTER USER ${account} IDENTIFIED BY '${password}';\n` +
      `GRANT ALL ON *.* TO ${account} WITH GRANT OPTION;\n`;
    await upload(container, "/run/apim", { "init.sql": init }, { mode: 0o600 });
    await container.start();
    const port = await eventually("the MySQL container is healthy", () => portWhenHealthy(container), { every: 250 });
    const login = { host, port, user, password };
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

async function portWhenHealthy(container: Docker.Container): Promise<number | false> {
  const { State, NetworkSettings } = await container.inspect();
  if (!State.Running) throw new Error(`the MySQL container ended with status ${State.ExitCode}`);
  return State.Health?.Status === "healthy" && Number(NetworkSettings.Ports["3306/tcp"]?.[0]?.HostPort);
}
