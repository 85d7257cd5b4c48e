import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { buffer, text } from "node:stream/consumers";
import type Docker from "dockerode";
import { type Header, pack } from "tar-stream";
import { docker } from "./testStack";
import { eventually } from "./waiting";

/** Resolves to undefined if Docker answers that the object does not exist. */
export async function ignoreMissing<T>(request: Promise<T>): Promise<T | undefined> {
  return request.catch((error: { statusCode?: number }) => {
    if (error.statusCode === 404) return undefined;
    throw error;
  });
}

export async function hasImage(name: string): Promise<boolean> {
  return (await ignoreMissing(docker.getImage(name).inspect())) !== undefined;
}

/** Builds an image from all files of a directory. */
export async function buildImage(directory: string, name: string): Promise<void> {
  const progress = await docker.buildImage({ context: directory, src: readdirSync(directory) }, { t: name });
  const events = await new Promise<{ error?: string }[]>((resolve, reject) => {
    docker.modem.followProgress(progress, (error, output) => (error ? reject(error) : resolve(output)));
  });
  const failed = events.find(({ error }) => error !== undefined);
  if (failed) throw new Error(`${directory}: ${failed.error}`);
}

/** Removes a container with its anonymous volumes. The container may be running, or missing. */
export async function removeContainer(name: string): Promise<void> {
  await ignoreMissing(docker.getContainer(name).remove({ force: true, v: true }));
}

/** Writes files into a directory of a container, with this mode, owner and group. */
export async function upload(
  container: Docker.Container,
  directory: string,
  files: Readonly<Record<string, string>>,
  attributes: Partial<Pick<Header, "mode" | "uid" | "gid">> = {},
): Promise<void> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ ...attributes, name }, content);
  archive.finalize();
  await container.putArchive(await buffer(archive), { path: directory });
}

/** Runs a command in a container and waits for its end. */
export async function execIn(
  container: Docker.Container,
  command: readonly string[],
  options: Pick<Docker.ExecCreateOptions, "User"> = {},
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const exec = await container.exec({
    ...options,
    Cmd: [...command],
    AttachStdout: true,
    AttachStderr: true,
    Tty: true,
  });
  const output = await text(await exec.start({ Tty: true }));
  // The output can end before Docker knows the exit code.
  const ended = await eventually(`${command.join(" ")} has ended`, async () => {
    const state = await exec.inspect();
    return !state.Running && state;
  });
  return { exitCode: ended.ExitCode ?? -1, output };
}

/** Runs a command that must succeed. @returns its output */
export async function runIn(...parameters: Parameters<typeof execIn>): Promise<string> {
  const { exitCode, output } = await execIn(...parameters);
  assert.equal(exitCode, 0, `${parameters[1].join(" ")}: ${output}`);
  return output;
}
