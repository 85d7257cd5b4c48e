import { execFile } from "node:child_process";
import { promisify } from "node:util";
import mysql from "mysql2/promise";
import type { RecordedResource } from "../../engine";
import { uploadTar } from "../../engine/providers/docker/uploads";

const execute = promisify(execFile);

/** The inputs of a docker.Container that the deployment uses. */
interface ContainerInputs {
  readonly name: string;
  readonly hostname: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly envs?: readonly string[];
  readonly networksAdvanced: readonly { readonly name: string; readonly ipv4Address: string }[];
  readonly hosts?: readonly { readonly host: string; readonly ip: string }[];
  readonly mounts?: readonly { readonly source: string; readonly target: string }[];
  readonly ports: readonly { readonly internal: number; readonly external: number; readonly ip: string }[];
  readonly uploads?: Parameters<typeof uploadTar>[1];
  readonly memory: number;
  readonly healthcheck: { readonly tests: readonly string[]; readonly interval: string; readonly retries: number };
}

/**
 * Runs the deployment's containers with the docker command alone, with the same files, health checks and start order,
 * and removes them.
 *
 * @returns ms from the first command until the last container is healthy
 */
export async function runBare(resources: readonly RecordedResource[]): Promise<number> {
  const containers = new Map(
    ofType(resources, "docker:index/container:Container").map(({ name, inputs }) => [
      name,
      inputs as unknown as ContainerInputs,
    ]),
  );
  const [network] = ofType(resources, "docker:index/network:Network");
  const volumes = ofType(resources, "docker:index/volume:Volume").map(({ inputs }) => String(inputs.name));
  if (!network) throw new Error("the stack recorded no network");
  const { name: networkName, ipamConfigs } = network.inputs as { name: string; ipamConfigs: { subnet: string }[] };
  const start = async (name: string) => {
    const container = containers.get(name);
    if (!container) throw new Error(`the stack recorded no ${name}`);
    await docker(createArguments(container));
    const files = await uploadTar("/", container.uploads);
    if (files) await docker(["cp", "-", `${container.name}:/`], files);
    await docker(["start", container.name]);
    await healthy(container.name);
  };
  const started = performance.now();
  try {
    await docker(["network", "create", "--subnet", ipamConfigs[0]?.subnet ?? "", networkName]);
    for (const volume of volumes) await docker(["volume", "create", volume]);
    const row = (async () => {
      await start("apim-mysql-container");
      await fillDatabases(resources);
      await start("apim-keymanager-1-container");
      await start("apim-publisher-1-container");
      await start("apim-store-1-container");
    })();
    const balancer = (async () => {
      await start("apim-loadbalancer-container");
      await start("apim-loadbalancer-files-container");
    })();
    await Promise.all([row, balancer, start("apim-gateway-1-container")]);
    return performance.now() - started;
  } finally {
    await docker(["rm", "--force", ...[...containers.values()].map(({ name }) => name)]);
    await docker(["volume", "rm", ...volumes]);
    await docker(["network", "rm", networkName]);
  }
}

function ofType(resources: readonly RecordedResource[], type: string): RecordedResource[] {
  return resources.filter((resource) => resource.type === type);
}

/** @param input what the command reads from standard input */
async function docker(args: readonly string[], input?: Buffer): Promise<string> {
  const running = execute("docker", args, { maxBuffer: 4 * 1024 * 1024 });
  running.child.stdin?.end(input);
  return (await running).stdout.trim();
}

function createArguments(container: ContainerInputs): string[] {
  const [network] = container.networksAdvanced;
  const flag = (name: string, values: readonly string[]) => values.flatMap((value) => [`--${name}`, value]);
  return [
    "create",
    `--name=${container.name}`,
    `--hostname=${container.hostname}`,
    "--restart=unless-stopped",
    `--network=${network?.name}`,
    `--ip=${network?.ipv4Address}`,
    `--memory=${container.memory}m`,
    `--memory-swap=${container.memory}m`,
    `--health-cmd=${container.healthcheck.tests.slice(1).join(" ")}`,
    `--health-interval=${container.healthcheck.interval}`,
    `--health-retries=${container.healthcheck.retries}`,
    ...flag("env", container.envs ?? []),
    ...flag(
      "add-host",
      (container.hosts ?? []).map(({ host, ip }) => `${host}:${ip}`),
    ),
    ...flag(
      "mount",
      (container.mounts ?? []).map(({ source, target }) => `type=volume,source=${source},target=${target}`),
    ),
    ...flag(
      "publish",
      container.ports.map(({ ip, external, internal }) => `${ip}:${external}:${internal}`),
    ),
    container.image,
    ...(container.command ?? []),
  ];
}

async function healthy(name: string): Promise<void> {
  const limit = Date.now() + 120_000;
  while ((await docker(["inspect", "--format", "{{.State.Health.Status}}", name])) !== "healthy") {
    if (Date.now() > limit) throw new Error(`${name} did not become healthy within 120 s`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Creates databases, accounts, grants and tables over one connection, as with the mysql client. */
async function fillDatabases(resources: readonly RecordedResource[]): Promise<void> {
  const scripts = resources.filter(({ name }) => name.endsWith("-tables")).map(({ inputs }) => inputs);
  const [first] = scripts;
  if (!first) throw new Error("the stack recorded no dbscripts");
  const { host, port, user, password } = first as { host: string; port: number; user: string; password: string };
  const connection = await mysql.createConnection({ host, port, user, password, multipleStatements: true });
  try {
    for (const { inputs } of ofType(resources, "mysql:index/database:Database")) {
      await connection.query(`CREATE DATABASE ${connection.escapeId(String(inputs.name))} CHARACTER SET latin1`);
    }
    for (const { inputs } of ofType(resources, "mysql:index/user:User")) {
      const account = `${connection.escape(inputs.user)}@${connection.escape(inputs.host)}`;
      await connection.query(`CREATE USER ${account} IDENTIFIED BY ${connection.escape(inputs.plaintextPassword)}`);
    }
    for (const { inputs } of ofType(resources, "mysql:index/grant:Grant")) {
      const account = `${connection.escape(inputs.user)}@${connection.escape(inputs.host)}`;
      await connection.query(`GRANT ALL ON ${connection.escapeId(String(inputs.database))}.* TO ${account}`);
    }
    for (const { database, script } of scripts) {
      await connection.query(`USE ${connection.escapeId(String(database))}`);
      await connection.query(String(script));
    }
  } finally {
    await connection.end();
  }
}
