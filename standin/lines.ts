import type { Socket } from "node:net";

/** Characters. Messages of the stand-in are shorter than this. */
const limit = 1024 * 1024;

/** Calls back with each line that arrives. When the callback throws, or a line is too long, the connection is closed. */
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
      // The peer speaks another protocol, so an error message would not reach it.
      socket.destroy();
    }
  });
}
