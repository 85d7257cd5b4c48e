import { request } from "node:https";
import { firstReachable } from "./reachable";
import type { ServiceAnswer, ServiceServer } from "./soap";

/** A server's management port, and the account with which its services are called. */
export interface ServiceAccess {
  /** Where this machine reaches the port. */
  readonly address: string;
  /** Further addresses that may have the port: a server behind load balancers on a swarm. @default none */
  readonly furtherAddresses?: readonly string[];
  readonly port: number;
  /** The server's host name, which its certificate must carry. */
  readonly host: string;
  /** PEM: the certificate to trust. */
  readonly ca: string;
  readonly user: string;
  readonly password: string;
}

/** Milliseconds. A server that has just started loads a service at its first call. */
const limit = 60_000;

/**
 * A server that is called at its management port.
 *
 * Runs inside a dynamic resource, so it uses plain functions only.
 */
export function managementServices(access: ServiceAccess): ServiceServer {
  const { address, port, host, user, password } = access;
  return {
    name: `${host} at ${address}:${port}`,
    user,
    password,
    post: (path, headers, body) => post(access, path, headers, body),
  };
}

async function post(
  { address, furtherAddresses = [], port, host, ca }: ServiceAccess,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<ServiceAnswer> {
  const options = {
    host: await firstReachable([address, ...furtherAddresses], port),
    port,
    servername: host,
    ca,
    path,
    method: "POST",
    agent: false,
    signal: AbortSignal.timeout(limit),
    headers: { host: `${host}:${port}`, "content-length": Buffer.byteLength(body), ...headers },
  };
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(error.name === "AbortError" ? new Error(`no answer within ${limit / 1000} s`) : error);
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", fail);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }),
      );
    });
    sent.on("error", fail);
    sent.end(body);
  });
}
