import assert from "node:assert/strict";
import type Docker from "dockerode";
import * as tar from "tar-stream";
import { type DeployedStack, readStack } from "../../cli/deployedStack";
import { type VerifyOptions, type VerifyReport, verifyDeployment } from "../../cli/verify";
import { type Backend, serveBackend } from "../../cli/verify/backend";
import { probe } from "../../cli/verify/httpProbe";
import type { Check } from "../../cli/verify/linkChecks";
import { verifyLinks } from "../../cli/verify/links";
import { pause, until as waitUntil } from "../../cli/verify/waiting";
import { existsIn, type Link, type Topology } from "../../topology";
import { docker, TestStack } from "./testStack";

/** APIM_HOME in the stand-in's image. */
const apimHome = "/opt/wso2am";

function until(attempt: () => Promise<boolean | undefined>, limit: number): Promise<boolean | undefined> {
  return waitUntil(attempt, { limit, every: 100, signal: new AbortController().signal });
}

/** The links of the stand-in, which is as 1.9.0: without those that came with a later version. */
export function linksOf190({ links }: Topology): readonly Link[] {
  return links.filter((link) => existsIn(link, "1.9.0"));
}

/** A change of one file of one container. */
export interface Break {
  /** The container's name without the stack's prefix. */
  readonly node: string;
  /** Below APIM_HOME, or absolute. */
  readonly file: string;
  readonly change: readonly [RegExp, string];
}

/** A running stack that is verified in this process, and whose nodes' files can be broken and restored. */
export class BrokenStack {
  private constructor(
    readonly stack: TestStack,
    readonly outputs: DeployedStack,
    /** The backend of the APIs that verify creates. */
    readonly backend: Backend,
  ) {}

  static async up(name: string, settings: Record<string, unknown> = {}): Promise<BrokenStack> {
    const stack = new TestStack(name);
    stack.set(settings);
    try {
      const up = await stack.run("up");
      assert.equal(up.status, 0, up.output);
      const outputs = await outputsOf(stack);
      return new BrokenStack(stack, outputs, await serveBackend(outputs.topology.network.gateway));
    } catch (error) {
      // The caller has no stack to dispose of.
      await stack.dispose();
      throw error;
    }
  }

  /** The same stack with its current outputs, after a change of its settings. */
  async again(): Promise<BrokenStack> {
    return new BrokenStack(this.stack, await outputsOf(this.stack), this.backend);
  }

  async down(): Promise<void> {
    await this.backend.close();
    await this.stack.dispose();
  }

  verify(options: Partial<VerifyOptions> = {}, outputs: DeployedStack = this.outputs): Promise<VerifyReport> {
    // In seconds. The stand-in does not need to wait, and each failing step waits for this long.
    const all = { links: false, keep: false, endpoint: this.backend.urls.PRODUCTION, wait: 4, ...options };
    return verifyDeployment(outputs, all, new AbortController().signal);
  }

  /** Replaces one value and restarts the container. @returns a function that restores the file and restarts again */
  async break({ node, file, change: [from, to] }: Break): Promise<() => Promise<void>> {
    const container = docker.getContainer(`${this.stack.prefix}-${node}`);
    const path = file.startsWith("/") ? file : `${apimHome}/${file}`;
    const original = await readFile(container, path);
    const text = original.text.replace(from, to);
    assert.notEqual(text, original.text, `${from} is not in ${path} of ${node}`);
    assert.equal(
      original.text.match(new RegExp(from, `${from.flags}g`))?.length,
      1,
      `${from} is in ${path} more than once`,
    );
    await writeFile(container, path, { ...original, text });
    await this.restart(node);
    return async () => {
      await writeFile(container, path, original);
      await this.restart(node);
      await this.settled();
    };
  }

  /** Restarts a container and waits until its management port, or the load balancer's port, answers with any status. */
  async restart(name: string): Promise<void> {
    const container = docker.getContainer(`${this.stack.prefix}-${name}`);
    const node = this.outputs.topology.nodes.find((one) => one.name === name);
    // Members of a cluster need time to leave it: the others notice a killed member only after a timeout.
    await container.restart({ t: node?.cluster ? 3 : 0 });
    const { balancer, nodes, reachableAddress, reachableManagementAddress } = this.outputs.topology;
    const front = balancer.ports.find((port) => port.name === "https")?.published ?? 0;
    const request = {
      address: node ? reachableManagementAddress : reachableAddress,
      port: node?.publishedPort ?? front,
      host: (node ?? nodes[0])?.hostName ?? "",
      path: "/standin/health?links=none",
      ca: this.outputs.caCertificate,
      timeout: 2000,
    };
    await until(async () => (await probe(request).catch(() => undefined)) && true, 3000);
    // The load balancer's next check comes later, and the nodes reuse results of their checks for one second. The services
    // of every node answer half a second after its port.
    if (node) await pause(node.role === "gateway" ? 1200 : 700);
  }

  /**
   * Waits until all links between cluster members, and from nodes to the load balancer, are up, except the broken ones.
   * Members connect again after a second, and the load balancer checks a node that was down after a second.
   */
  async clustered(broken: readonly string[]): Promise<void> {
    // With a broken route to a node, its health can't be read either.
    if (broken.some((link) => link.startsWith("loadbalancer"))) return;
    const expected = this.outputs.topology.links.filter(
      ({ protocol, to, id }) => (protocol === "hazelcast" || to === "loadbalancer") && !broken.includes(id),
    );
    await until(async () => {
      const { checks } = await verifyLinks(this.outputs);
      return expected.every(({ id }) => checks.find(({ name }) => name === id)?.ok) || undefined;
    }, 10_000);
  }

  /** Waits until every link is up. */
  async settled(): Promise<void> {
    let bad: readonly Check[] = [];
    const good = await until(async () => {
      bad = (await verifyLinks(this.outputs)).checks.filter(({ ok }) => !ok);
      return bad.length === 0 || undefined;
    }, 30_000);
    assert.ok(good, `links are still down: ${JSON.stringify(bad, null, 2)}`);
  }

  /** Runs a shell command as root in a node's container. */
  async shell(node: string, command: string): Promise<void> {
    const container = docker.getContainer(`${this.stack.prefix}-${node}`);
    const exec = await container.exec({ Cmd: ["sh", "-c", command], User: "root", AttachStdout: true });
    const stream = await exec.start({});
    await new Promise((done) => stream.on("end", done).resume());
    assert.equal((await exec.inspect()).ExitCode, 0, command);
  }
}

/** The outputs of the stack's last `up`, as the commands read them. */
export async function outputsOf(stack: TestStack): Promise<DeployedStack> {
  const before = { ...process.env };
  Object.assign(process.env, stack.environment());
  try {
    return await readStack(stack.name);
  } finally {
    for (const name of Object.keys(stack.environment())) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

interface ContainerFile {
  readonly header: Pick<tar.Header, "name" | "mode" | "uid" | "gid">;
  readonly text: string;
}

async function readFile(container: Docker.Container, path: string): Promise<ContainerFile> {
  const extract = (await container.getArchive({ path })).pipe(tar.extract());
  for await (const entry of extract) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    return { header: entry.header, text: Buffer.concat(chunks).toString("utf8") };
  }
  throw new Error(`${path} is not in the container`);
}

async function writeFile(container: Docker.Container, path: string, { header, text }: ContainerFile): Promise<void> {
  const pack = tar.pack();
  const { name, mode, uid, gid } = header;
  pack.entry({ name, mode, uid, gid }, text);
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack) chunks.push(chunk as Buffer);
  await container.putArchive(Buffer.concat(chunks), { path: path.slice(0, path.lastIndexOf("/")) });
}
