import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Server as NetServer } from "node:net";
import type { Identity } from "./keyStores";
import type { Log } from "./log";

export interface Request {
  readonly method: string;
  /** The decoded path, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
}

/** Answers a request; undefined: the handler does not serve this path. */
export type Handler = (request: Request) => Promise<Answer | undefined> | Answer | undefined;

/** Bytes of a body for web applications and services, whose requests are far smaller. */
const defaultBodyLimit = 4 * 1024 * 1024;

/** Bytes above the limit that are read and dropped, so that the connection can serve another request after the answer. */
const droppedLimit = 64 * 1024 * 1024;

/** An answer with a JSON body. */
export function json(value: unknown, status = 200, headers: Answer["headers"] = {}): Answer {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) };
}

/** The fields of a form-encoded body. */
export function formOf(request: Request): URLSearchParams {
  return new URLSearchParams(request.body.toString("utf8"));
}

/** The user and password of a Basic authorization header. */
export function credentialsOf(request: Request): { user: string; password: string } | undefined {
  const encoded = /^Basic\s+(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const [, user, password] = /^([^:]*):([\s\S]*)$/.exec(Buffer.from(encoded ?? "", "base64").toString("utf8")) ?? [];
  return user === undefined || password === undefined ? undefined : { user, password };
}

/**
 * Starts an HTTP or HTTPS server. The first handler that answers wins; without one the answer is 404.
 * @param options.node name of the node, sent with every answer
 * @param options.address address to bind; undefined: all addresses
 * @param options.bodyLimit bytes of a request's body; a larger one is answered with status 413. Default: 4 MiB
 * @throws naming the port and its purpose when the port can't be bound
 */
export async function listen(
  options: {
    node: string;
    purpose: string;
    port: number;
    address?: string | undefined;
    identity?: Identity;
    log: Log;
    bodyLimit?: number;
  },
  handlers: readonly Handler[],
): Promise<Server> {
  const listener: RequestListener = (message, response) => {
    answer(message, handlers, options).then(
      (result) => send(response, options.node, result),
      (error: unknown) => {
        const path = message.url?.split("?")[0];
        options.log.error(`${message.method} ${path}: ${error instanceof Error ? error.stack : error}`);
        send(response, options.node, { status: 500, body: "the stand-in failed on this request; see its log\n" });
      },
    );
  };
  const server = options.identity ? createSecureServer({ ...options.identity }, listener) : createServer(listener);
  // Longer than a load balancer keeps idle connections, so that it never sends a request on a connection that is closing.
  server.keepAliveTimeout = 75_000;
  await bind(server, options);
  return server;
}

/** Lets open requests finish for at most `limit` milliseconds, then closes their connections. */
export function closeServer(server: Server, limit: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), limit);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** Binds a server of any protocol. @throws naming the port, its purpose and the cause */
export function bind(
  server: NetServer,
  { purpose, port, address }: { purpose: string; port: number; address?: string | undefined },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const reason = error.code === "EADDRNOTAVAIL" ? "the address does not belong to this machine" : error.message;
      reject(new Error(`could not bind port ${port} on ${address ?? "all addresses"} for ${purpose}: ${reason}`));
    };
    server.once("error", failed);
    server.listen({ port, ...(address !== undefined && { host: address }) }, () => {
      server.removeListener("error", failed);
      resolve();
    });
  });
}

async function answer(
  message: IncomingMessage,
  handlers: readonly Handler[],
  { log, bodyLimit = defaultBodyLimit }: { log: Log; bodyLimit?: number },
): Promise<Answer> {
  const body = await readBody(message, bodyLimit);
  if (!Buffer.isBuffer(body)) {
    const headers = body === "unread" && { headers: { connection: "close" } };
    return { status: 413, ...headers, body: `request body too large: at most ${bodyLimit} bytes\n` };
  }
  const url = new URL(message.url ?? "/", "http://stand-in");
  const request: Request = {
    method: message.method ?? "GET",
    path: safeDecode(url.pathname),
    query: url.searchParams,
    headers: message.headers,
    body,
  };
  for (const handler of handlers) {
    const found = await handler(request);
    if (found !== undefined) {
      if (found.status >= 500) {
        log.warn(`${request.method} ${request.path} answered ${found.status}`);
      }
      return found;
    }
  }
  return { status: 404, body: `stand-in: this server does not serve ${request.path}\n` };
}

/**
 * Reads the body. Above the limit, the rest is read and dropped.
 * @returns `dropped`: the body is above the limit; `unread`: so far above it that a part of it is still unread
 */
function readBody(message: IncomingMessage, limit: number): Promise<Buffer | "dropped" | "unread"> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      if (size > limit + droppedLimit) {
        message.pause();
        resolve("unread");
      }
    });
    message.on("end", () => resolve(size <= limit ? Buffer.concat(chunks) : "dropped"));
    message.on("error", reject);
  });
}

function send(response: ServerResponse, node: string, { status, headers, body = "" }: Answer): void {
  response.writeHead(status, {
    "x-standin": "stand-in for WSO2 API Manager",
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    ...headers,
    // After `headers`: a forwarded answer has the name of the server that it came from.
    "x-standin-node": node,
  });
  response.end(body);
}

function safeDecode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
