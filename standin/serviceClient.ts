import { type Caller, call } from "./client";
import type { Configuration } from "./configuration";
import { apiManagerFile, type Environment, type Service } from "./configuration/apiManager";
import type { Client } from "./data/tokens";
import { describe } from "./errors";

/** A server whose management services this server calls. */
export interface Target {
  readonly service: Service;
  /** The element that configures it, for errors, e.g. `AuthManager/ServerURL in repository/conf/api-manager.xml`. */
  readonly decidedBy: string;
}

/** The server that checks passwords of users. */
export function loginTarget({ apiManager }: Configuration): Target {
  return { service: apiManager.authManager, decidedBy: `AuthManager/ServerURL in ${apiManagerFile}` };
}

/** The Key Manager. */
export function keyManagerTarget({ apiManager: { keyValidation } }: Configuration): Target {
  return { service: keyValidation, decidedBy: `${keyValidation.element}/ServerURL in ${apiManagerFile}` };
}

/** The gateway of an environment. */
export function gatewayTarget(environment: Environment): Target {
  return { service: environment, decidedBy: `Environment[${environment.name}]/ServerURL in ${apiManagerFile}` };
}

/** The URL of a service below a ServerURL. */
export function serviceUrl({ url }: Service, path: string): string {
  return new URL(path, url.endsWith("/") ? url : `${url}/`).href;
}

/**
 * Posts a form to an API of the gateway.
 * @param purpose for errors, e.g. `revoking`
 * @returns the body of the answer
 * @throws naming RevokeAPIURL, which decides where the API is, when the status is not 200
 */
export async function postToGateway(
  caller: Caller,
  purpose: string,
  { url, body, client }: { url: string; body: string; client: Pick<Client, "key" | "secret"> },
): Promise<string> {
  const fail = (reason: string): never => {
    throw new Error(`${purpose} at ${url} (RevokeAPIURL in ${apiManagerFile}): ${reason}`);
  };
  const answer = await call(caller, {
    url,
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body,
    credentials: { user: client.key, password: client.secret },
  }).catch((error: unknown) => fail(describe(error)));
  const text = answer.body.toString("utf8");
  return answer.status === 200 ? text : fail(`answered ${answer.status}: ${text.slice(0, 800)}`);
}

/**
 * Calls an operation of a management service, with the administrator's credentials from this server's files.
 * @throws naming the element that configures the target, and the fault
 */
export async function callService(
  caller: Caller,
  { service, decidedBy }: Target,
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
    return fail(`answered ${status} with a body that is not JSON`);
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
