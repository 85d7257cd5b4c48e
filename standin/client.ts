import type { LookupAddress, LookupOptions } from "node:dns";
import { type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { SecureContext } from "node:tls";

/** Resolves host names, with the signature of `dns.lookup`. */
export type Lookup = (
  host: string,
  options: LookupOptions,
  callback: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
) => void;

/** How this server calls others: the certificates that it trusts, and how it resolves host names. */
export interface Caller {
  readonly trust: SecureContext;
  readonly lookup: Lookup;
}

export interface Call {
  readonly url: string;
  /** @default GET */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly credentials?: { readonly user: string; readonly password: string };
  /** Milliseconds for the whole call. @default 10000 */
  readonly timeout?: number;
}

export interface CallAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/**
 * Sends one HTTP or HTTPS request on a new connection; the certificate and its host name are checked.
 * @throws when the URL is invalid, the server does not answer in time, or the certificate is refused
 */
export function call(caller: Caller, { url, method = "GET", headers, body, credentials, timeout = 10_000 }: Call) {
  return new Promise<CallAnswer>((resolve, reject) => {
    const { protocol, hostname, port, pathname, search } = new URL(url);
    const options: RequestOptions & { secureContext?: SecureContext } = {
      host: hostname,
      port,
      path: pathname + search,
      method,
      agent: false,
      lookup: caller.lookup,
      signal: AbortSignal.timeout(timeout),
      headers: {
        ...headers,
        ...(body !== undefined && { "content-length": `${Buffer.byteLength(body)}` }),
        ...(credentials && { authorization: basic(credentials) }),
      },
      ...(protocol === "https:" && { secureContext: caller.trust }),
    };
    const request = (protocol === "https:" ? requestHttps : requestHttp)(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    request.on("error", (error) => {
      reject(error.name === "AbortError" || error.name === "TimeoutError" ? timedOut(timeout) : error);
    });
    request.end(body);
  });
}

/** A timeout error, with the code of the operating system's own. */
export function timedOut(milliseconds: number): Error {
  return Object.assign(new Error(`no answer in ${milliseconds} ms`), { code: "ETIMEDOUT" });
}

function basic({ user, password }: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** The IPv4 address of a host name. @throws when it does not resolve */
export function resolveHost(lookup: Lookup, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    lookup(host, { family: 4 }, (error, address) => {
      if (error) {
        reject(error);
      } else {
        resolve(typeof address === "string" ? address : (address[0]?.address ?? ""));
      }
    });
  });
}
