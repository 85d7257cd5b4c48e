import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import { generate } from "selfsigned";
import { pack } from "tar-stream";
import { projectImage } from "../../../images/contexts";
import { settingsSchema } from "../../../settings";
import { docker, projectDirectory } from "../testStack";

const name = "apim-itest-haproxy";
const directory = "/usr/local/etc/haproxy";

/** A certificate that is its own authority. */
export interface OwnCertificate {
  readonly cert: string;
  readonly private: string;
}

/** So many ports that nobody listens on, each another one. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  return servers.map((server) => {
    const address = server.address();
    server.close();
    assert.ok(address !== null && typeof address === "object");
    return address.port;
  });
}

export function ownCertificate(names: readonly string[]): Promise<OwnCertificate> {
  return generate([{ name: "commonName", value: names[0] ?? "" }], {
    keySize: 2048,
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: names.map((value) => ({ type: 2, value })) },
    ],
  });
}

export interface RunningHaproxy {
  /** What it said so far, of requests and of servers that went down or came up. */
  readonly told: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** The load balancer's own image with a configuration of ours, on this machine's own addresses and ports. */
export async function runHaproxy(
  configuration: string,
  own: OwnCertificate,
  trusted: readonly OwnCertificate[],
): Promise<RunningHaproxy> {
  const container = await createContainer({}, own, trusted);
  await upload(container, { "haproxy.cfg": configuration });
  await container.start();
  return {
    told: async () => (await container.logs({ stdout: true, stderr: true })).toString("utf8"),
    stop: () => container.remove({ force: true }),
  };
}

export interface HaproxyChecker {
  /** What HAProxy says of a configuration. */
  readonly check: (configuration: string) => Promise<{ readonly valid: boolean; readonly said: string }>;
  readonly stop: () => Promise<void>;
}

/** The HAProxy of the load balancer's own image, for looking at configurations without running them. */
export async function haproxyChecker(): Promise<HaproxyChecker> {
  const own = await ownCertificate(["test"]);
  const container = await createContainer({ Entrypoint: ["sleep"], Cmd: ["600"] }, own, [own]);
  await container.start();
  return {
    check: async (configuration) => {
      await upload(container, { "haproxy.cfg": configuration });
      const Cmd = ["haproxy", "-c", "-f", `${directory}/haproxy.cfg`];
      const exec = await container.exec({ Cmd, AttachStdout: true, AttachStderr: true });
      const said = (await buffer(await exec.start({}))).toString("utf8");
      return { valid: (await exec.inspect()).ExitCode === 0, said };
    },
    stop: () => container.remove({ force: true }),
  };
}

/** Not started; one that an earlier, broken run left is replaced. */
async function createContainer(
  options: Docker.ContainerCreateOptions,
  own: OwnCertificate,
  trusted: readonly OwnCertificate[],
): Promise<Docker.Container> {
  await docker
    .getContainer(name)
    .remove({ force: true })
    .catch((error: { statusCode?: number }) => {
      if (error.statusCode !== 404) throw error;
    });
  const Memory = settingsSchema.parse({}).balancerMemory * 1024 ** 2;
  const container = await docker.createContainer({
    ...{ name, Image: await balancerImage(), ...options },
    HostConfig: { NetworkMode: "host", Memory, MemorySwap: Memory },
  });
  await upload(container, {
    "balancer.pem": `${own.cert}\n${own.private}\n`,
    "ca.pem": trusted.map(({ cert }) => cert).join("\n"),
  });
  return container;
}

/** The image that every stack's balancer runs; like theirs, it stays. */
async function balancerImage(): Promise<string> {
  const { name: tag, context = "" } = projectImage("loadbalancer");
  const isThere = await docker
    .getImage(tag)
    .inspect()
    .then(
      () => true,
      () => false,
    );
  if (isThere) return tag;
  const src = readdirSync(join(projectDirectory, context));
  const progress = await docker.buildImage({ context: join(projectDirectory, context), src }, { t: tag });
  const events = await new Promise<{ error?: string }[]>((resolve, reject) => {
    docker.modem.followProgress(progress, (error, output) => (error ? reject(error) : resolve(output)));
  });
  const failed = events.find(({ error }) => error !== undefined);
  if (failed) throw new Error(`${context}: ${failed.error}`);
  return tag;
}

async function upload(container: Docker.Container, files: Readonly<Record<string, string>>): Promise<void> {
  const archive = pack();
  for (const [file, text] of Object.entries(files)) archive.entry({ name: file }, text);
  archive.finalize();
  await container.putArchive(await buffer(archive), { path: directory });
}
