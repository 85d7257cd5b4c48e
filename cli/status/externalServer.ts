import { connect } from "node:net";

const limitMilliseconds = 3000;

/**
 * Asks a MySQL server for its greeting, which needs no password. Never throws.
 *
 * @returns the server's version, or why there was no greeting
 */
export async function greeting(host: string, port: number): Promise<{ version: string } | { trouble: string }> {
  const socket = connect({ host, port });
  try {
    return await new Promise((resolve) => {
      const end = (trouble: string) => resolve({ trouble });
      socket.setTimeout(limitMilliseconds, () => end(`no MySQL greeting within ${limitMilliseconds / 1000} s`));
      socket.once("error", ({ message }) => end(message));
      socket.once("close", () => end("the server closed the connection without a MySQL greeting"));
      socket.once("data", (data) => {
        // Three bytes of length, a sequence number, the protocol version 10, and the version as a zero-terminated
        // string. An error packet has 255 in place of the protocol version, then an error number and a text.
        if (data[4] === 10) resolve({ version: data.toString("latin1", 5, data.indexOf(0, 5)) });
        else end(data[4] === 255 ? data.toString("latin1", 7).trim() : "the server is not a MySQL server");
      });
    });
  } finally {
    socket.destroy();
  }
}
