import type { Context } from "./context";
import { errorMessage } from "./errors";
import { type Answer, credentialsOf, type Handler, json, type Request } from "./http";
import { answerSoap, type SoapService } from "./soap";
import { isAdministrator } from "./users";

/** An operation that the servers call among themselves; the body is JSON in place of SOAP. */
export type Operation = (input: Readonly<Record<string, unknown>>) => Promise<unknown>;

/** A management service. */
export interface Service {
  /** As the product calls it, e.g. `APIKeyValidationService`. */
  readonly name: string;
  readonly operations: Readonly<Record<string, Operation>>;
  /** What it answers over SOAP, as in the product. @default nothing */
  readonly soap?: SoapService;
}

/**
 * `GET /services/<name>` shows that the service exists, `POST /services/<name>/<operation>` calls an operation. Both
 * need the credentials of this server's administrator. Both are below WebContextRoot, as in the product.
 *
 * @param answer whether they answer yet: a server that starts opens its port before
 */
export function servicesHandler(
  { node, configuration }: Context,
  services: readonly Service[],
  answer: () => boolean,
): Handler {
  return async (request) => {
    const path = below(configuration.carbon.contextRoot, request.path);
    const [, name, operation] = /^\/services\/([A-Za-z]+)(?:\/([A-Za-z]+))?\/?$/.exec(path) ?? [];
    if (name === undefined || !answer()) {
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
      return { status: 404, body: `${node} (${configuration.profile}) has no service ${name}\n` };
    }
    if (service.soap && operation === undefined && request.method === "POST") {
      return answerSoap(service.soap, request);
    }
    return operation === undefined ? json({ service: name, node }) : callOperation(service, operation, request);
  };
}

/** The path without the context root; empty when it does not begin with it. */
function below(root: string, path: string): string {
  return path.startsWith(`${root}/`) ? path.slice(root.length) : "";
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
    return json({ error: `${service.name}/${name}: expected a JSON body` }, 400);
  }
  try {
    return json({ value: await operation(input) });
  } catch (error) {
    return json({ error: errorMessage(error) }, 500);
  }
}
