import type { Context } from "../context";
import { credentialsOf, type Handler } from "../http";
import { thriftLogin } from "../thrift";
import { isAdministrator } from "../users";
import type { RoleParts } from "./index";

/** Keys and tokens. */
export function keyManagerParts(context: Context): Pick<RoleParts, "management" | "services" | "validateKey"> {
  const login: Handler = (request) =>
    thriftLogin(request, context.sessions, async (credentials) => isAdministrator(context.configuration, credentials));
  return {
    management: [login, tokenEndpoints],
    services: [
      { name: "APIKeyValidationService", roles: ["keyManager"], operations: {} },
      { name: "APIKeyMgtSubscriberService", roles: ["keyManager"], operations: {} },
    ],
    validateKey: async ({ operation }) => {
      if (operation === "ping") {
        return "pong";
      }
      throw new Error(`the stand-in does not know ${operation}`);
    },
  };
}

const tokenEndpoints: Handler = (request) => {
  const methods: Readonly<Record<string, string>> = {
    "/oauth2/token": "POST",
    "/oauth2/revoke": "POST",
    "/oauth2/authorize": "GET",
  };
  const method = methods[request.path];
  if (method === undefined) {
    return undefined;
  }
  if (request.method !== method) {
    return { status: 405, headers: { allow: method }, body: `${request.path} takes ${method}\n` };
  }
  return credentialsOf(request) === undefined ? { status: 401, body: "client not known\n" } : { status: 501 };
};
