import { randomBytes } from "node:crypto";
import { connect as connectTls, createServer, type TLSSocket } from "node:tls";
import { type Caller, call, timedOut } from "./client";
import type { Configuration } from "./configuration";
import { errorMessage } from "./errors";
import { type Answer, bind, credentialsOf, type Request } from "./http";
import type { Identity } from "./keyStores";
import { readLines } from "./lines";

/** The path on the management port that opens sessions for the Thrift port. */
const thriftLoginPath = "/thriftAuthenticator";

/** One request to the Key Manager, as a line of JSON in place of Thrift's own encoding. */
export interface KeyValidationRequest {
  readonly operation: "ping" | "validateKey";
  readonly context?: string;
  readonly version?: string;
  readonly token?: string;
}

/** The sessions that this Key Manager opened. */
export interface ThriftSessions {
  readonly open: () => string;
  readonly has: (session: string) => boolean;
}

export function thriftSessions(): ThriftSessions {
  const known = new Set<string>();
  return {
    open: () => {
      const session = randomBytes(16).toString("hex");
      known.add(session);
      return session;
    },
    has: (session) => known.has(session),
  };
}

/** Answers logins at `thriftLoginPath`. */
export function thriftLogin(
  request: Request,
  sessions: ThriftSessions,
  accepts: (credentials: { user: string; password: string } | undefined) => Promise<boolean>,
): Promise<Answer | undefined> | undefined {
  if (request.path !== thriftLoginPath) {
    return undefined;
  }
  return accepts(credentialsOf(request)).then((good) =>
    good ? { status: 200, body: sessions.open() } : { status: 401, body: "user or password refused\n" },
  );
}

/**
 * Listens on the Thrift port. The offset does not shift it, so two Key Managers on one host collide.
 * @throws when the port can't be bound
 */
export async function serveThrift(
  options: { port: number; address?: string | undefined; identity: Identity; sessions: ThriftSessions },
  handle: (request: KeyValidationRequest) => Promise<unknown>,
): Promise<() => void> {
  const sockets = new Set<TLSSocket>();
  const server = createServer({ ...options.identity }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    readLines(socket, (line) => {
      const { session, ...request } = JSON.parse(line) as KeyValidationRequest & { session: string };
      const result = options.sessions.has(session)
        ? handle(request).then(
            (value) => ({ value }),
            (error: unknown) => ({ error: errorMessage(error) }),
          )
        : Promise.resolve({ error: "session refused" });
      void result.then((reply) => socket.write(`${JSON.stringify(reply)}\n`));
    });
  });
  await bind(server, { purpose: "Thrift key validation (not shifted by the offset)", ...options });
  return () => {
    server.close();
    for (const socket of sockets) {
      socket.destroy();
    }
  };
}

/** The Thrift address of the Key Manager in this server's files. */
export function thriftTarget({ apiManager, carbon, localAddress }: Configuration): { host: string; port: number } {
  const { thriftServerHost, thriftClientPort } = apiManager.keyValidation;
  // Without ThriftServerHost, the product uses the server's own host name.
  return { host: thriftServerHost ?? carbon.hostName ?? localAddress, port: thriftClientPort };
}

/**
 * Opens a session at the Key Manager's management port.
 * @throws when the Key Manager does not answer or refuses the credentials
 */
export async function openThriftSession(
  caller: Caller,
  { apiManager }: Configuration,
  timeout: number,
): Promise<string> {
  const { url, user, password } = apiManager.keyValidation;
  const { status, body } = await call(caller, {
    url: new URL(thriftLoginPath, url).href,
    method: "POST",
    credentials: { user, password },
    timeout,
  });
  if (status !== 200) {
    throw new Error(
      status === 401
        ? `user ${user} or its password refused by ${new URL(url).host}`
        : `${new URL(url).host} opened no Thrift session (${status}): it is not a Key Manager`,
    );
  }
  return body.toString();
}

/** Sends one request on a new connection. @throws when the connection or the request fails */
export function askOverThrift(
  caller: Caller,
  target: { host: string; port: number },
  session: string,
  request: KeyValidationRequest,
  timeout: number,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      ...target,
      ...(/^[\d.]+$/.test(target.host) ? {} : { servername: target.host }),
      lookup: caller.lookup,
      secureContext: caller.trust,
    });
    const timer = setTimeout(() => socket.destroy(timedOut(timeout)), timeout);
    socket.once("secureConnect", () => socket.write(`${JSON.stringify({ session, ...request })}\n`));
    socket.once("error", reject);
    socket.once("close", () => {
      clearTimeout(timer);
      reject(new Error("the connection was closed without an answer"));
    });
    readLines(socket, (line) => {
      const reply = JSON.parse(line) as { value?: unknown; error?: string };
      if (reply.error === undefined) {
        resolve(reply.value);
      } else {
        reject(new Error(reply.error));
      }
      socket.end();
    });
  });
}
