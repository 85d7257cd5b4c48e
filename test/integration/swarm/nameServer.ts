import { createSocket } from "node:dgram";
import { once } from "node:events";

const [responseBit, noSuchName] = [0x8000, 3];

/**
 * A name server that knows no name. Docker forwards to it the names that it does not know: without an answer, a container
 * would wait some seconds for each. @returns closes it
 */
export async function startNameServer(address: string): Promise<() => void> {
  const socket = createSocket("udp4");
  socket.on("message", (query, { address: from, port }) => {
    if (query.length < 12) return;
    query.writeUInt16BE((query.readUInt16BE(2) & 0x7900) | responseBit | noSuchName, 2);
    socket.send(query, port, from, () => undefined);
  });
  socket.bind(53, address);
  await once(socket, "listening");
  return () => socket.close();
}
