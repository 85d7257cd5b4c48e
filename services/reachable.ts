import { connect } from "node:net";

/** Milliseconds in which a machine must accept a connection. */
const limit = 3000;

/**
 * The first address at which a port accepts a connection: of a swarm's machines, only those that run have the port open.
 *
 * Runs inside a dynamic resource, so it uses plain functions only.
 *
 * @param addresses at least one
 * @returns the first address if none accepts one, or if there is only one
 */
export async function firstReachable(addresses: readonly string[], port: number): Promise<string> {
  const [first = ""] = addresses;
  if (addresses.length === 1) return first;
  for (const address of addresses) if (await accepts(address, port)) return address;
  return first;
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: limit });
    const end = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => end(true));
    socket.once("timeout", () => end(false));
    socket.once("error", () => end(false));
  });
}
