import * as http from "node:http";
import * as https from "node:https";

/** Where to connect, and the name to call it by: host header and TLS server name. */
export interface Probe {
  readonly address: string;
  readonly port: number;
  readonly host: string;
  readonly path: string;
  /** Host header, if it shall differ. @default host */
  readonly hostHeader?: string;
  /** PEM of the authority to trust; absent for plain HTTP. */
  readonly ca?: string;
  /** @default 10000 ms */
  readonly timeout?: number;
}

export interface ProbeAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** One GET with the certificate checked against `host`. @throws Error naming address, host name and cause */
export function probe(request: Probe): Promise<ProbeAnswer> {
  const { address, port, host, path, ca, hostHeader = host, timeout = 10_000 } = request;
  const headers = { host: hostHeader };
  const options = { host: address, port, path, method: "GET", headers, timeout, agent: false };
  return new Promise((resolve, reject) => {
    const fail = (cause: string) =>
      reject(new Error(`${ca ? "https" : "http"}://${host} at ${address}:${port}${path}: ${cause}`));
    const receive = (response: http.IncomingMessage) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      response.on("error", (error) => fail(error.message));
    };
    const sent = ca ? https.request({ ...options, ca, servername: host }, receive) : http.request(options, receive);
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${timeout} ms`)));
    sent.on("error", (error) => fail(error.message));
    sent.end();
  });
}
