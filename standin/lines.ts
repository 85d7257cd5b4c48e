import type { Socket } from "node:net";

/** A longer line is no message of ours. */
const limit = 1024 * 1024;

/** Calls back with each line that arrives; a line that the callback refuses, or one too long, ends the connection. */
export function readLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    try {
      if (rest.length > limit) {
        throw new Error("line too long");
      }
      for (const line of parts) {
        onLine(line);
      }
    } catch {
      // Someone else's protocol: nothing to answer.
      socket.destroy();
    }
  });
}
