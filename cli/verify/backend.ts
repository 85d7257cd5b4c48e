import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { KeyType } from "./environments";
import { type ServedEndpoint, servedEndpoint } from "./servedEndpoint";

/** The endpoints of the cycle's API. */
export interface Backend {
  /** One endpoint for each type of key. */
  readonly urls: Readonly<Record<KeyType, string>>;
  /** Whether an answer comes from that endpoint. */
  readonly isAnswer: (endpoint: KeyType, status: number, body: string) => boolean;
  /** Absent with --endpoint: what somebody else's endpoint received can't be checked. */
  readonly served?: ServedEndpoint;
  readonly close: () => Promise<void>;
}

const sandboxPath = "/sandbox";

/**
 * Serves endpoints on an address of this machine that the gateways' containers can reach. Each endpoint answers with its
 * own text.
 * @param address in the deployment's network or, on a swarm, in the network of the machines
 * @throws when this machine does not have that address, with the remedy
 */
export async function serveBackend(address: string): Promise<Backend> {
  const run = randomUUID();
  const texts: Readonly<Record<KeyType, string>> = {
    PRODUCTION: `verified ${run}`,
    SANDBOX: `verified sandbox ${run}`,
  };
  const { served, answer } = servedEndpoint();
  const server = createServer((request, response) => {
    const { url = "" } = request;
    const isSandbox = url.startsWith(sandboxPath);
    const text = texts[isSandbox ? "SANDBOX" : "PRODUCTION"];
    void answer({ request, path: isSandbox ? url.slice(sandboxPath.length) : url, text }, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        new Error(
          `can't serve the API's endpoint on ${address}, at which gateways reach this machine: ${error.code ?? error.message}; pass an endpoint that the gateways can reach: --endpoint URL`,
        ),
      );
    });
    server.listen(0, address, resolve);
  });
  const url = `http://${address}:${(server.address() as AddressInfo).port}`;
  return {
    urls: { PRODUCTION: url, SANDBOX: `${url}${sandboxPath}` },
    isAnswer: (endpoint, status, body) => status === 200 && body === texts[endpoint],
    served,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The address at which this machine is reached from another one. @throws when that one does not answer */
export async function addressToward(host: string, port: number): Promise<string> {
  const socket = connect({ host, port });
  await once(socket, "connect");
  const { localAddress = "127.0.0.1" } = socket;
  socket.destroy();
  return localAddress;
}

/** The user's own endpoint, for both types of keys; any good answer counts. @throws when `url` is not an HTTP URL */
export function givenBackend(url: string): Backend {
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: "" };
  if (protocol !== "http:" && protocol !== "https:")
    throw new Error(`--endpoint: expected an http or https URL, found "${url}"`);
  return {
    urls: { PRODUCTION: url, SANDBOX: url },
    isAnswer: (_, status) => status >= 200 && status < 300 && status !== 202,
    close: async () => undefined,
  };
}
