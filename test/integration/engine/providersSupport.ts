import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import type { CheckFailure, Context, Existing, Properties, Provider } from "../../../engine/provider";

const run = promisify(execFile);
export const prefix = "apim-ptest-";
const built = `${prefix}image:1`;

/** An image with a shell: one with busybox, else the project's own base; undefined if neither can be had. */
export async function testImage(docker: Docker): Promise<string | undefined> {
  const base = "wso2-apim/base-debian:bookworm";
  return (await has(docker, built)) ? built : (await has(docker, base)) ? base : busyboxImage(docker);
}

const has = (docker: Docker, name: string): Promise<boolean> =>
  docker
    .getImage(name)
    .inspect()
    .then(
      () => true,
      () => false,
    );

/** An image with nothing but busybox from Debian's package; undefined if that can't be downloaded. */
export async function busyboxImage(docker: Docker): Promise<string | undefined> {
  if (await has(docker, built)) return built;
  const directory = await mkdtemp(path.join(os.tmpdir(), prefix));
  try {
    await run("apt-get", ["download", "busybox-static"], { cwd: directory });
    const [deb = ""] = await readdir(directory);
    await run("dpkg-deb", ["-x", deb, "out"], { cwd: directory });
    const busybox = await readFile(path.join(directory, "out/bin/busybox"));
    const archive = pack();
    archive.entry({ name: "bin/busybox", mode: 0o755 }, busybox);
    for (const applet of ["sh", "sleep", "cat", "ls", "true", "test", "echo", "touch", "chmod", "chown"]) {
      archive.entry({ name: `bin/${applet}`, type: "symlink", linkname: "/bin/busybox" });
    }
    archive.finalize();
    const [repo, tag] = built.split(":");
    const done = await docker.importImage((await buffer(archive)) as unknown as string, {
      fromSrc: "-",
      repo,
      tag,
      changes: "ENV PATH=/bin",
    });
    await buffer(done as NodeJS.ReadableStream);
    return built;
  } catch {
    return undefined;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The image that {@link testImage} made, if it did; the project's own base stays. */
export async function removeTestImage(docker: Docker): Promise<void> {
  const found = await docker
    .getImage(built)
    .inspect()
    .catch(() => undefined);
  if (found) {
    await docker.getImage(built).remove({ force: true });
  }
}

/** Removes what tests of an earlier, broken run may have left, and what this one made: by its prefix only. */
export async function removeLeftovers(docker: Docker): Promise<void> {
  for (const one of await docker.listContainers({ all: true, filters: { name: [`^/${prefix}`] } })) {
    await docker.getContainer(one.Id).remove({ force: true, v: true });
  }
  for (const one of (await docker.listNetworks()).filter(({ Name }) => Name.startsWith(prefix))) {
    await docker.getNetwork(one.Id).remove();
  }
  for (const one of (await docker.listVolumes()).Volumes.filter(({ Name }) => Name.startsWith(prefix))) {
    await docker.getVolume(one.Name).remove();
  }
  for (const tag of (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? [])) {
    if (tag.startsWith(prefix) && tag !== built) {
      await docker.getImage(tag).remove({ force: true });
    }
  }
}

export interface Logged {
  readonly context: Context;
  readonly lines: string[];
}

export function logged(signal = new AbortController().signal): Logged {
  const lines: string[] = [];
  return { context: { log: (line) => void lines.push(line), signal }, lines };
}

/** What the engine does with a provider, one resource at a time. */
export class Driver {
  constructor(
    readonly provider: Provider,
    readonly type: string,
    readonly name: string,
  ) {}

  private get resource() {
    return { urn: `urn:pulumi:test::ptest::${this.type}::${this.name}`, type: this.type };
  }

  async checked(inputs: Properties): Promise<Properties> {
    const { inputs: checked, failures } = await this.provider.check(this.resource, undefined, inputs);
    if (failures.length > 0) {
      throw new Error(failures.map(({ reason }: CheckFailure) => reason).join("\n"));
    }
    return checked;
  }

  async create(inputs: Properties, context = logged().context): Promise<Existing> {
    const checked = await this.checked(inputs);
    await this.provider.refuseForeign?.(this.resource, checked, context);
    const made = await this.provider.create(this.resource, checked, context);
    return { ...this.resource, id: made.id, inputs: checked, outputs: made.outputs };
  }

  async read(existing: Existing): Promise<Existing | undefined> {
    const found = await this.provider.read(existing, logged().context);
    return found && { ...existing, ...found };
  }

  async import(id: string): Promise<Existing | undefined> {
    return this.read({ ...this.resource, id, inputs: {}, outputs: {} });
  }

  async diff(existing: Existing, inputs: Properties) {
    return this.provider.diff(existing, await this.checked(inputs));
  }

  async update(existing: Existing, inputs: Properties): Promise<Existing> {
    const checked = await this.checked(inputs);
    const { outputs } = await this.provider.update(existing, checked, logged().context);
    return { ...existing, inputs: checked, outputs };
  }

  async recover(inputs: Properties) {
    return this.provider.recover?.(this.resource, await this.checked(inputs), logged().context);
  }

  async delete(existing: Existing, context = logged().context): Promise<void> {
    await this.provider.delete(existing, context);
  }
}
