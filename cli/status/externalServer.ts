import { connect } from "node:net";

const limitMilliseconds = 3000;

/** Whether a MySQL server greets, and with which version; asks for no password. Never throws. */
export async function greeting(host: string, port: number): Promise<{ version: string } | { trouble: string }> {
  const socket = connect({ host, port });
  try {
    return await new Promise((resolve) => {
      const end = (trouble: string) => resolve({ trouble });
      socket.setTimeout(limitMilliseconds, () => end(`no word of MySQL within ${limitMilliseconds / 1000} s`));
      socket.once("error", ({ message }) => end(message));
      socket.once("close", () => end("hangs up without a word of MySQL"));
      socket.once("data", (data) => {
        // Three bytes of length, a sequence number, the protocol version 10, and the version up to a zero; an error
        // has 255 in the version's place, its number and its text.
        if (data[4] === 10) resolve({ version: data.toString("latin1", 5, data.indexOf(0, 5)) });
        else end(data[4] === 255 ? data.toString("latin1", 7).trim() : "what answers is no MySQL");
      });
    });
  } finally {
    socket.destroy();
  }
}
