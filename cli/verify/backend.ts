import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { KeyType } from "./environments";

/** What the API of the cycle leads to. */
export interface Backend {
  /** The API's endpoints, by the key that leads to them. */
  readonly urls: Readonly<Record<KeyType, string>>;
  /** Whether an answer is that endpoint's own. */
  readonly isAnswer: (endpoint: KeyType, status: number, body: string) => boolean;
  readonly close: () => Promise<void>;
}

const sandboxPath = "/sandbox";

/**
 * Serves endpoints that the gateways' containers reach: on the host's address in the deployment's network. Each answers
 * with words of its own.
 * @throws when that address is not this machine's, with the remedy
 */
export async function serveBackend(address: string): Promise<Backend> {
  const run = randomUUID();
  const words: Readonly<Record<KeyType, string>> = {
    PRODUCTION: `verified ${run}`,
    SANDBOX: `verified sandbox ${run}`,
  };
  const server = createServer(({ url = "" }, response) => {
    response.setHeader("content-type", "text/plain");
    response.end(words[url.startsWith(sandboxPath) ? "SANDBOX" : "PRODUCTION"]);
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
  const url = `http://${address}:${(server.address() as AddressInfo).port}`;
  return {
    urls: { PRODUCTION: url, SANDBOX: `${url}${sandboxPath}` },
    isAnswer: (endpoint, status, body) => status === 200 && body === words[endpoint],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Somebody else's endpoint, for both keys: any good answer is its own. @throws when it is no HTTP URL */
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
