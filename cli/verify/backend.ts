import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What the API of the cycle leads to. */
export interface Backend {
  readonly url: string;
  /** Whether an answer is this backend's own. */
  readonly isAnswer: (status: number, body: string) => boolean;
  readonly close: () => Promise<void>;
}

/**
 * Serves an endpoint that the gateway's container reaches: on the host's address in the deployment's network.
 * @throws when that address is not this machine's, with the remedy
 */
export async function serveBackend(address: string): Promise<Backend> {
  const word = `verified ${randomUUID()}`;
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/plain");
    response.end(word);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        new Error(
          `can't serve the API's endpoint on ${address}, the network's gateway: ${error.code ?? error.message}; give one that the gateways reach: --endpoint URL`,
        ),
      );
    });
    server.listen(0, address, resolve);
  });
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}`,
    isAnswer: (status, body) => status === 200 && body === word,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Somebody else's endpoint: any good answer is its own. @throws when it is no HTTP URL */
export function givenBackend(url: string): Backend {
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: "" };
  if (protocol !== "http:" && protocol !== "https:")
    throw new Error(`--endpoint: expected an http or https URL, found "${url}"`);
  return { url, isAnswer: (status) => status >= 200 && status < 300 && status !== 202, close: async () => undefined };
}
