import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A proxy between a MySQL client and the server that cuts the connection at one query. */
export interface CuttingProxy {
  readonly port: number;
  /** The number of queries so far. */
  queries(): number;
  close(): Promise<void>;
}

export interface Cut {
  /** The number of the query, from 1. With 0, the connection is never cut. */
  readonly query: number;
  /** `before`: the server does not receive the query. `after`: it executes the query, but the client gets no answer. */
  readonly when: "before" | "after";
}

const queryCommand = 3;

/** Forwards all data until the cut, which happens once. Later connections are not cut. */
export async function openCuttingProxy(server: { host: string; port: number }, cut: Cut): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let seen = 0;

  const listener = createServer((client) => {
    const upstream = connect(server);
    let pending = Buffer.alloc(0);
    let cutOnAnswer = false;
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", end).on("close", end);
      socket.setNoDelay();
    }
    client.on("data", (data) => {
      pending = Buffer.concat([pending, data]);
      while (pending.length >= 4) {
        const size = 4 + pending.readUIntLE(0, 3);
        if (pending.length < size) return;
        const packet = pending.subarray(0, size);
        pending = pending.subarray(size);
        // A command starts a new sequence of packets; packets of the login have higher numbers.
        const isQuery = packet[3] === 0 && packet[4] === queryCommand;
        if (isQuery) seen += 1;
        if (isQuery && seen === cut.query) {
          if (cut.when === "before") return end();
          cutOnAnswer = true;
        }
        upstream.write(packet);
      }
    });
    upstream.on("data", (data) => {
      if (cutOnAnswer) end();
      else client.write(data);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    queries: () => seen,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
