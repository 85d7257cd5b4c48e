import { promisify } from "node:util";
import type Docker from "dockerode";

/** One event of a build, pull or push. */
export interface Progress {
  readonly stream?: string;
  readonly error?: string;
  readonly aux?: { readonly Digest?: string };
}

/**
 * Waits for the end of a progress stream.
 * @returns its events
 * @throws the error in the stream, which the engine reports after status 200
 */
export async function followProgress(
  docker: Docker,
  stream: NodeJS.ReadableStream,
  record = (_event: Progress): void => {},
): Promise<readonly Progress[]> {
  const end = promisify<readonly Progress[]>((done) => docker.modem.followProgress(stream, done, record));
  const events = await end();
  const failed = events.find(({ error }) => error !== undefined);
  if (failed) throw new Error(failed.error);
  return events;
}
