import { type Caller, call } from "./client";
import type { Service } from "./configuration/apiManager";
import { describe } from "./errors";

/** A neighbour's service, and the element that names it, for errors. */
export interface Neighbour {
  readonly service: Service;
  /** e.g. `AuthManager/ServerURL in repository/conf/api-manager.xml`. */
  readonly decidedBy: string;
}

/** Where a service of this name is, below a ServerURL. */
function serviceUrl({ url }: Service, path: string): string {
  return new URL(path, url.endsWith("/") ? url : `${url}/`).href;
}

/**
 * Calls an operation of a neighbour's service with the administrator's credentials in this server's files.
 * @throws naming the element that decides the neighbour, and what went wrong there.
 */
export async function callService(
  caller: Caller,
  { service, decidedBy }: Neighbour,
  operation: string,
  input: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const fail = (reason: string): never => {
    throw new Error(`${operation} at ${service.url} (${decidedBy}): ${reason}`);
  };
  const { status, body } = await call(caller, {
    url: serviceUrl(service, operation),
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(input),
    credentials: service,
  }).catch((error: unknown) => fail(describe(error)));
  if (status === 401) {
    return fail(`user ${service.user} or its password refused`);
  }
  if (status === 404) {
    return fail("this server does not have that service (404)");
  }
  const reply = parse(body.toString("utf8"));
  if (reply === undefined) {
    return fail(`answered ${status}, and nothing that can be read`);
  }
  return reply.error === undefined && status === 200 ? reply.value : fail(reply.error ?? `answered ${status}`);
}

function parse(text: string): { value?: unknown; error?: string } | undefined {
  try {
    return JSON.parse(text) as { value?: unknown; error?: string };
  } catch {
    return undefined;
  }
}
