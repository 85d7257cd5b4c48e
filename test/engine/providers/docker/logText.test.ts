import assert from "node:assert/strict";
import type { Container } from "dockerode";
import { logText } from "../../../../engine/providers/docker/logText";

/** A part of a log as the Docker engine sends it for a container without a terminal. */
function frame(stream: number, text: string): Buffer {
  const content = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(content.length, 4);
  return Buffer.concat([header, content]);
}

const logging = (...parts: Buffer[]) => ({ logs: async () => Buffer.concat(parts) }) as unknown as Container;

describe("docker.Container: the text of a log", () => {
  it("joins the frames of stdout and stderr", async () => {
    const log = logging(frame(1, "first\n"), frame(2, "half of "), frame(2, "the last\r\n"), frame(1, "\n"));
    assert.equal(await logText(log, {}), "first\nhalf of the last\r\n\n");
    assert.equal(await logText(logging(), {}), "");
  });

  it("joins a character that two frames share", async () => {
    const [first, second] = [Buffer.from("é").subarray(0, 1), Buffer.from("é").subarray(1)].map((half) => {
      const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, half.length]);
      return Buffer.concat([header, half]);
    });
    assert.equal(await logText(logging(first ?? Buffer.alloc(0), second ?? Buffer.alloc(0)), {}), "é");
  });

  it("is the log as it is for a container with a terminal", async () => {
    assert.equal(await logText(logging(Buffer.from("plain\n")), {}, true), "plain\n");
  });

  it("takes many thousand frames", async () => {
    const log = logging(...Array.from({ length: 20_000 }, () => frame(1, "line\n")));
    assert.equal((await logText(log, {})).length, 100_000);
  });
});
