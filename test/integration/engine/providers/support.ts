import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { pack } from "tar-stream";
import { Driver, providerFor } from "../../../engine/providers/support";
import { hasImage, ignoreMissing } from "../../containers";
import { useExclusively } from "../../place";
import { skip } from "../../skip";
import { docker } from "../../testStack";

export { Driver, logged } from "../../../engine/providers/support";

const run = promisify(execFile);
export const prefix = "apim-ptest-";
const built = `${prefix}image:1`;

/** An image with a shell: busybox, or the project's Debian base. @returns undefined if neither is available */
async function testImage(): Promise<string | undefined> {
  const base = "wso2-apim/base-debian:bookworm";
  return (await hasImage(built)) ? built : (await hasImage(base)) ? base : busyboxImage();
}

/** An image with busybox from Debian's package and nothing else. @returns undefined if the package can't be downloaded */
export async function busyboxImage(): Promise<string | undefined> {
  if (await hasImage(built)) return built;
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

/** Removes the busybox image. The project's Debian base stays. */
export async function removeBusyboxImage(): Promise<void> {
  await ignoreMissing(docker.getImage(built).remove({ force: true }));
}

/** Removes all containers, networks, volumes and images with the tests' prefix, also those of an earlier run. */
export async function removeLeftovers(): Promise<void> {
  for (const one of await docker.listContainers({ all: true, filters: { name: [`^/${prefix}`] } })) {
    // The test that created it may be removing it.
    const removed = ignoreMissing(docker.getContainer(one.Id).wait({ condition: "removed" }));
    await docker
      .getContainer(one.Id)
      .remove({ force: true, v: true })
      .catch(({ statusCode }: { statusCode?: number }) => assert.ok(statusCode === 404 || statusCode === 409));
    await removed;
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

export const provider = providerFor("docker", {});
export const images = new Driver(provider, "docker:index/remoteImage:RemoteImage", "image");
export const networks = new Driver(provider, "docker:index/network:Network", "network");
export const volumes = new Driver(provider, "docker:index/volume:Volume", "volume");
export const containers = new Driver(provider, "docker:index/container:Container", "container");
export const subnet = "172.29.213.0/24";

/**
 * Provides an image with a shell to the tests of a describe, and removes what the tests create.
 * @returns a function that returns the image's name
 */
export function useTestImage(): () => string {
  let image = "";
  useExclusively("engine-providers");
  before(async function () {
    if (!(await docker.ping().catch(() => undefined))) skip(this, "no Docker engine answers");
    await removeLeftovers();
    image =
      (await testImage()) ??
      skip(this, "no image with a shell, and busybox-static cannot be downloaded (apt-get update?)");
  });
  afterEach(removeLeftovers);
  after(removeBusyboxImage);
  return () => image;
}

/** Removes empty values: after a read, the official providers have empty values in place of null. */
export const withoutEmpty = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => [key, withoutEmpty(member)] as const);
  const empty = [null, undefined, false, 0, ""] as unknown[];
  return Object.fromEntries(
    members.filter(
      ([, each]) => !empty.includes(each) && !(typeof each === "object" && Object.keys(each ?? {}).length === 0),
    ),
  );
};
