import type { Pool } from "mysql2/promise";
import { claimBundle } from "../../product/bundles";
import { hasBundle } from "../configuration/bundles";
import type { Context } from "../context";
import { activeTenant, tenantOf, UnknownTenant } from "../data/tenants";
import {
  activeTokens,
  addClient,
  findClient,
  issueToken,
  removeClient,
  type Validation,
  validateToken,
} from "../data/tokens";
import { isStoredUser } from "../data/users";
import type { Handler } from "../http";
import { callerToken } from "../jwt";
import { postToGateway } from "../serviceClient";
import type { Operation } from "../services";
import { type KeyValidationRequest, thriftLogin } from "../thrift";
import { type Credentials, domainOf, isAdministrator } from "../users";
import { givenTokens } from "./givenTokens";
import { logInPages } from "./logInPages";
import type { RoleParts } from "./parts";
import { tokenEndpoints } from "./tokenEndpoints";

/** Keys and tokens, stored in apimgtdb. */
export function keyManagerParts(context: Context): RoleParts {
  const { configuration, databases, sessions } = context;
  const pool = (): Pool => databases.pool(configuration.apiManager.dataSource);
  const validateKey = keyValidation(context, pool);
  const hasClaims = hasBundle(configuration.carbonHome, configuration.profile, claimBundle);
  const login: Handler = (request) =>
    thriftLogin(request, sessions, async (credentials) => isAdministrator(configuration, credentials));
  return {
    management: [
      login,
      tokenEndpoints({
        pool,
        tokens: givenTokens(context, (grant) => issueToken(pool(), grant)),
        isUser: (credentials) => isUser(context, credentials),
        applicationScope: configuration.apiManager.keyValidation.applicationScope,
        hasClaims,
      }),
      logInPages(context, {
        pool,
        isUser: (credentials) => isUser(context, credentials),
        compiles: context.compilesPages,
        hasClaims,
      }),
    ],
    services: [
      {
        name: "APIKeyValidationService",
        operations: { validateKey: (input) => validateKey({ ...input, operation: "validateKey" }) },
      },
      {
        name: "APIKeyMgtSubscriberService",
        operations: {
          createOAuthApplication: async ({ user, name, callbackUrl }) => {
            const owner = { user: `${user}`, tenant: await tenantOf(context, `${user}`) };
            return addClient(pool(), { ...owner, name: `${name}`, callbackUrl: `${callbackUrl}` });
          },
          removeOAuthApplication: removeApplication(context, pool),
        },
      },
    ],
    validateKey,
  };
}

/** Whether a user may log in: the administrator of user-mgt.xml, or a user in the user store. */
export async function isUser(context: Context, credentials: Credentials): Promise<boolean> {
  const { configuration, databases } = context;
  if (isAdministrator(configuration, credentials)) {
    return true;
  }
  const { dataSource, adminUser } = configuration.userManagement;
  const domain = domainOf(configuration.carbon, credentials.user);
  if (domain !== undefined) {
    const user = credentials.user.slice(0, -domain.length - 1);
    try {
      const { id } = await activeTenant(context, domain);
      return await isStoredUser(databases.pool(dataSource), { ...credentials, user }, id);
    } catch (error) {
      if (error instanceof UnknownTenant) {
        return false;
      }
      throw error;
    }
  }
  const stored = databases.sources.some(({ jndiName }) => jndiName === dataSource);
  return stored && credentials.user !== adminUser && isStoredUser(databases.pool(dataSource), credentials);
}

function keyValidation({ configuration, identity }: Context, pool: () => Pool) {
  return async ({ operation, context, version, token }: KeyValidationRequest): Promise<Validation | "pong"> => {
    if (operation === "ping") {
      return "pong";
    }
    if (context === undefined || version === undefined || token === undefined) {
      throw new Error("validateKey: expected context, version and token");
    }
    const validation = await validateToken(pool(), { token, context, version });
    return validation.authorized && configuration.apiManager.jwt
      ? { ...validation, jwt: callerToken(identity, validation, context, version) }
      : validation;
  };
}

/** Revokes the tokens of a client at RevokeAPIURL, so that the gateway forgets them too, then deletes the client. */
function removeApplication({ configuration, caller }: Context, pool: () => Pool): Operation {
  return async ({ consumerKey }) => {
    const client = await findClient(pool(), `${consumerKey}`);
    if (client === undefined) {
      return false;
    }
    const url = configuration.apiManager.keyValidation.revokeUrl;
    if (url !== undefined) {
      for (const token of await activeTokens(pool(), client.key)) {
        await postToGateway(caller, "revoking", { url, body: `token=${encodeURIComponent(token)}`, client });
      }
    }
    await removeClient(pool(), client.key);
    return true;
  };
}
