import type Docker from "dockerode";

/**
 * A part of a container's log: stdout and stderr in one, in their order.
 *
 * The log of a container without a terminal comes in frames, each with a header of eight bytes; the last four are the
 * length. docker-modem's demuxStream is no help: it calls itself for every frame of a chunk, and overflows the stack
 * with a log of some thousand lines.
 *
 * @param tty whether the container has a terminal
 */
export async function logText(
  container: Docker.Container,
  part: Pick<Docker.ContainerLogsOptions, "since" | "until" | "tail">,
  tty = false,
): Promise<string> {
  const raw = await container.logs({ ...part, follow: false, stdout: true, stderr: true });
  return tty ? raw.toString("utf8") : textOfFrames(raw);
}

/** The text of stdout and stderr in frames. */
export function textOfFrames(raw: Buffer): string {
  const contents: Buffer[] = [];
  for (let at = 0; at + 8 <= raw.length; ) {
    const end = at + 8 + raw.readUInt32BE(at + 4);
    contents.push(raw.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(contents).toString("utf8");
}
