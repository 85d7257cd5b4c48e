import { createHash } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** What an endpoint received as the body of a request. */
export interface ReceivedBody {
  /** Bytes. */
  readonly length: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** What the endpoint that verify serves can do besides its usual answer. Its paths are below the API's path. */
export interface ServedEndpoint {
  /** Posts there are answered with a {@link ReceivedBody} in JSON. */
  readonly bodyPath: string;
  /** Requests there are answered with the usual text after so many seconds. */
  readonly slowPath: (seconds: number) => string;
  /** The headers of the last request to a path, with lower-case names; undefined: there was none. */
  readonly headersOf: (path: string) => IncomingHttpHeaders | undefined;
}

interface EndpointRequest {
  readonly request: IncomingMessage;
  /** The path below the endpoint's URL. */
  readonly path: string;
  /** The endpoint's usual answer. */
  readonly text: string;
}

const bodyPath = "body";

/** The endpoint and how it answers requests. */
export function servedEndpoint(): {
  readonly served: ServedEndpoint;
  readonly answer: (request: EndpointRequest, response: ServerResponse) => Promise<void>;
} {
  const headers = new Map<string, IncomingHttpHeaders>();
  return {
    served: {
      bodyPath,
      slowPath: (seconds) => `slow/${seconds}`,
      headersOf: (path) => headers.get(path),
    },
    answer: async ({ request, path, text }, response) => {
      const name = path.replace(/^\/+/, "");
      headers.set(name, request.headers);
      try {
        const received = await receivedBody(request);
        await sleep(1000 * Number(/^slow\/(\d+)/.exec(name)?.[1] ?? 0));
        const isBody = name.startsWith(bodyPath) && request.method === "POST";
        response.setHeader("content-type", isBody ? "application/json" : "text/plain");
        response.end(isBody ? JSON.stringify(received) : text);
      } catch {
        // The gateway has closed the connection; its caller gets the error.
        response.destroy();
      }
    },
  };
}

/** Length and checksum of a body. */
export function describeBody(body: Buffer): ReceivedBody {
  return { length: body.length, sha256: createHash("sha256").update(body).digest("hex") };
}

async function receivedBody(request: IncomingMessage): Promise<ReceivedBody> {
  const hash = createHash("sha256");
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    hash.update(chunk);
  }
  return { length, sha256: hash.digest("hex") };
}
