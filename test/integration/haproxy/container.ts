import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import type Docker from "dockerode";
import { generate } from "selfsigned";
import { logText } from "../../../engine/providers/docker/logText";
import { projectImage } from "../../../images/contexts";
import { settingsSchema } from "../../../settings";
import { deploymentOf } from "../../configs/stock";
import { buildImage, execIn, hasImage, removeContainer, upload } from "../containers";
import { named } from "../place";
import { docker, projectDirectory } from "../testStack";

const name = named("apim-itest-haproxy");
const directory = "/usr/local/etc/haproxy";
const { revisionPort } = deploymentOf().topology.balancer;

/** A certificate that is its own authority. */
export interface SelfSignedCertificate {
  readonly cert: string;
  readonly private: string;
}

/** Different ports of this machine on which nobody listens. */
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

/** Issues a certificate for these host names. */
export function selfSigned(hostNames: readonly string[]): Promise<SelfSignedCertificate> {
  return generate([{ name: "commonName", value: hostNames[0] ?? "" }], {
    keySize: 2048,
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: hostNames.map((value) => ({ type: 2, value })) },
    ],
  });
}

export interface RunningHaproxy {
  /** Brings another configuration, which is loaded within 2 s. @param revision its name */
  readonly bring: (configuration: string, revision: string) => Promise<void>;
  /** Runs the check of the container that brings the files, for the files that were brought last. */
  readonly checkServed: () => ReturnType<typeof execIn>;
  /** The log so far: requests, and servers that went down or came up. */
  readonly log: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** Runs the load balancer's image with a configuration, in the network of this machine. */
export async function runHaproxy(
  configuration: string,
  own: SelfSignedCertificate,
  trusted: readonly SelfSignedCertificate[],
): Promise<RunningHaproxy> {
  const container = await createContainer({}, own, trusted);
  const bring = async (text: string, revision: string) => {
    await upload(container, directory, { "haproxy.cfg": text, revision });
    await upload(container, directory, { complete: `${revision} id` });
  };
  await bring(configuration, "first");
  await container.start();
  return {
    bring,
    checkServed: () => execIn(container, ["healthcheck", "served", "127.0.0.1", String(revisionPort)]),
    log: () => logText(container, {}),
    stop: () => container.remove({ force: true }),
  };
}

export interface HaproxyChecker {
  /** Checks a configuration with `haproxy -c`. The other files are those of a test. */
  readonly check: (configuration: string) => Promise<{ readonly valid: boolean; readonly output: string }>;
  readonly stop: () => Promise<void>;
}

/** Starts a container of the load balancer's image that checks configurations without running them. */
export async function haproxyChecker(): Promise<HaproxyChecker> {
  const own = await selfSigned(["test"]);
  const container = await createContainer({ Entrypoint: ["sleep"], Cmd: ["600"] }, own, [own]);
  await container.start();
  return {
    check: async (configuration) => {
      await upload(container, directory, { "haproxy.cfg": configuration });
      const { exitCode, output } = await execIn(container, ["haproxy", "-c", "-f", `${directory}/haproxy.cfg`]);
      return { valid: exitCode === 0, output };
    },
    stop: () => container.remove({ force: true }),
  };
}

/** Creates the container without starting it. The container of an earlier run that broke off is replaced. */
async function createContainer(
  options: Docker.ContainerCreateOptions,
  own: SelfSignedCertificate,
  trusted: readonly SelfSignedCertificate[],
): Promise<Docker.Container> {
  await removeContainer(name);
  const Memory = settingsSchema.parse({}).balancerMemory * 1024 ** 2;
  const container = await docker.createContainer({
    name,
    Image: await balancerImage(),
    ...options,
    HostConfig: { NetworkMode: "host", Memory, MemorySwap: Memory },
  });
  await upload(container, directory, {
    "balancer.pem": `${own.cert}\n${own.private}\n`,
    "ca.pem": trusted.map(({ cert }) => cert).join("\n"),
    complete: "test",
  });
  return container;
}

/** The name of the image that the balancer of every stack runs. The tests build it if it is missing, and keep it. */
async function balancerImage(): Promise<string> {
  const { name: tag, context = "" } = projectImage("loadbalancer");
  if (!(await hasImage(tag))) await buildImage(join(projectDirectory, context), tag);
  return tag;
}
