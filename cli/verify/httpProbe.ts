import * as http from "node:http";
import * as https from "node:https";
import { shortNames } from "../../certificates/names";

/** A request: the address to connect to, and the host name for the Host header and TLS. */
export interface Probe {
  readonly address: string;
  readonly port: number;
  readonly host: string;
  readonly path: string;
  /** @default GET */
  readonly method?: "GET" | "POST" | "OPTIONS";
  /** The Host header. @default host and port, as a browser sends them */
  readonly hostHeader?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Fields of a form-encoded body. */
  readonly form?: Readonly<Record<string, string>>;
  /** A body in place of a form. */
  readonly body?: Buffer;
  /** The authority to trust, as PEM; absent for plain HTTP. */
  readonly ca?: string;
  /** Milliseconds. @default 10000 */
  readonly timeout?: number;
}

export interface ProbeAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** There was no connection, no trusted certificate, or no answer in time. */
export class NoAnswer extends Error {
  constructor(
    message: string,
    /** Whether the time limit was reached. */
    readonly timedOut: boolean,
  ) {
    super(message);
  }
}

/** Sends one request, and checks the certificate against `host`. @throws NoAnswer with address, host name and cause */
export function probe(request: Probe): Promise<ProbeAnswer> {
  const { address, port, host, path, ca, method = "GET", timeout = 10_000 } = request;
  const body = request.form ? new URLSearchParams(request.form).toString() : request.body;
  const options = {
    host: address,
    port,
    path,
    method,
    agent: false,
    signal: AbortSignal.timeout(timeout),
    headers: {
      host: request.hostHeader ?? `${host}:${port}`,
      ...(body !== undefined && {
        "content-type": request.form ? "application/x-www-form-urlencoded" : "application/octet-stream",
        "content-length": `${Buffer.byteLength(body)}`,
      }),
      ...request.headers,
    },
  };
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      const timedOut = error.name === "AbortError" || error.name === "TimeoutError";
      const cause = timedOut ? `given up: no answer within ${timeout / 1000} s` : causeOf(error);
      const url = `${ca ? "https" : "http"}://${host}:${port}${path.split("?")[0]}`;
      reject(new NoAnswer(`${url} at ${address}: ${cause}`, timedOut));
    };
    const receive = (response: http.IncomingMessage) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.on("error", fail);
    };
    const sent = ca ? https.request({ ...options, ca, servername: host }, receive) : http.request(options, receive);
    sent.on("error", fail);
    sent.end(body);
  });
}

function causeOf(
  error: Error & { readonly code?: string; readonly cert?: { readonly subjectaltname?: string } },
): string {
  return error.code === "ERR_TLS_CERT_ALTNAME_INVALID"
    ? `its certificate is for other hosts: ${shortNames(error.cert?.subjectaltname ?? "")}`
    : error.message;
}
