import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import Docker from "dockerode";
import { createConnection } from "mysql2/promise";
import { pack } from "tar-stream";
import { named } from "./place";

const name = named("standin-test-mysql");
const base = "wso2-apim/base-mysql:9";
const project = resolve(__dirname, "../..");

export interface TestMysql {
  readonly host: string;
  readonly user: string;
  readonly password: string;
  readonly remove: () => Promise<void>;
}

/** Starts a MySQL container with the three databases. @returns a sentence when Docker or the base image is missing */
export async function startMysql(): Promise<TestMysql | string> {
  const docker = new Docker();
  try {
    await docker.getImage(base).inspect();
  } catch {
    return `no Docker engine with the image ${base}; npm run setup builds the image`;
  }
  const src = ["Dockerfile", "my.cnf", "entrypoint.sh", "healthcheck.sh"];
  const built = await docker.buildImage({ context: join(project, "images/mysql"), src }, { t: name });
  await new Promise((done, failed) =>
    docker.modem.followProgress(built, (error, output) => (error ? failed(error) : done(output))),
  );
  await removeOld(docker);
  const container = await docker.createContainer({ name, Image: name });
  const [user, password] = ["tester", "test-only-password"];
  const databases = ["apimgtdb", "userdb", "regdb"];
  const archive = pack();
  const sql = [
    ...databases.map((database) => `CREATE DATABASE ${database} CHARACTER SET latin1;`),
    `CREATE USER '${user}'@'%' IDENTIFIED BY '${password}';`,
    `GRANT ALL ON *.* TO '${user}'@'%';`,
  ];
  archive.entry({ name: "init.sql" }, `${sql.join("\n")}\n`);
  archive.finalize();
  await container.putArchive(await buffer(archive), { path: "/run/apim" });
  await container.start();
  const { NetworkSettings } = await container.inspect();
  const host = NetworkSettings.Networks.bridge?.IPAddress ?? "";
  for (const database of databases) {
    const script = database === "apimgtdb" ? "apimgt/mysql.sql" : "mysql.sql";
    const connection = await connectWhenUp({ host, user, password, database, multipleStatements: true });
    await connection.query("SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'");
    await connection.query(readFileSync(join(project, "standin/distribution/dbscripts", script), "utf8"));
    await connection.end();
  }
  const remove = async (): Promise<void> => {
    await removeOld(docker);
    await docker.getImage(name).remove();
  };
  return { host, user, password, remove };
}

async function connectWhenUp(options: Parameters<typeof createConnection>[0] & object) {
  const end = Date.now() + 60_000;
  for (;;) {
    try {
      return await createConnection(options);
    } catch (error) {
      if (Date.now() > end) {
        throw error;
      }
      await new Promise((wait) => setTimeout(wait, 250));
    }
  }
}

async function removeOld(docker: Docker): Promise<void> {
  await docker
    .getContainer(name)
    .remove({ force: true, v: true })
    .catch((error: { statusCode?: number }) => {
      if (error.statusCode !== 404) {
        throw error;
      }
    });
}
