import type { Context } from "./context";
import { type Answer, credentialsOf, type Handler, json, type Request } from "./http";
import { isAdministrator } from "./users";

/** An operation of a management service; the body is JSON in place of SOAP. */
export type Operation = (input: Readonly<Record<string, unknown>>) => Promise<unknown>;

/** Operations by name, of one service. */
export interface Service {
  /** The product's name, e.g. `APIKeyValidationService`. */
  readonly name: string;
  readonly operations: Readonly<Record<string, Operation>>;
}

/**
 * `/services/<name>`: GET says that it is there, `POST /services/<name>/<operation>` calls it. Only for this server's
 * administrator, and only the services of this server's profile.
 */
export function servicesHandler({ node, configuration }: Context, services: readonly Service[]): Handler {
  return async (request) => {
    const [, name, operation] = /^\/services\/([A-Za-z]+)(?:\/([A-Za-z]+))?\/?$/.exec(request.path) ?? [];
    if (name === undefined) {
      return undefined;
    }
    if (!isAdministrator(configuration, credentialsOf(request))) {
      return {
        status: 401,
        headers: { "www-authenticate": 'Basic realm="stand-in"' },
        body: "user or password refused\n",
      };
    }
    const service = services.find((one) => one.name === name);
    if (service === undefined) {
      return { status: 404, body: `${name} is no service of ${node} (${configuration.profile})\n` };
    }
    return operation === undefined ? json({ service: name, node }) : callOperation(service, operation, request);
  };
}

async function callOperation(service: Service, name: string, request: Request): Promise<Answer | undefined> {
  const operation = service.operations[name];
  if (operation === undefined || request.method !== "POST") {
    return undefined;
  }
  let input: Record<string, unknown>;
  try {
    input = JSON.parse(request.body.toString("utf8") || "{}") as Record<string, unknown>;
  } catch {
    return json({ error: `${service.name}/${name}: expected JSON` }, 400);
  }
  try {
    return json({ value: await operation(input) });
  } catch (error) {
    return json({ error: error instanceof Error ? error.message : String(error) }, 500);
  }
}
