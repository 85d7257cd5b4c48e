import type { Pool } from "mysql2/promise";
import { takeCode } from "../data/codes";
import { type AccessToken, type Client, findClient, refreshToken, revokeToken, tokenOwner } from "../data/tokens";
import { type Answer, credentialsOf, formOf, type Handler, json, type Request } from "../http";
import { type Credentials, same } from "../users";
import type { GivenTokens } from "./givenTokens";

export interface TokenEndpointOptions {
  /** apimgtdb. */
  readonly pool: () => Pool;
  readonly tokens: GivenTokens;
  /** Whether the credentials of a user are right. */
  readonly isUser: (credentials: Credentials) => Promise<boolean>;
  /** The scope of tokens that belong to an application, not to a user. */
  readonly applicationScope: string;
  /** Whether the server has the bundle with which it reads a user's claims. */
  readonly hasClaims: boolean;
}

/** `/oauth2/token`, `/oauth2/revoke` and `/oauth2/userinfo`, to which the gateway forwards requests. */
export function tokenEndpoints(options: TokenEndpointOptions): Handler {
  const endpoints: Readonly<Record<string, { method: string; answer: (request: Request) => Promise<Answer> }>> = {
    "/oauth2/token": { method: "POST", answer: (request) => giveToken(options, request) },
    "/oauth2/revoke": { method: "POST", answer: (request) => revoke(options, request) },
    "/oauth2/userinfo": { method: "GET", answer: (request) => userInfo(options, request) },
  };
  return (request) => {
    const endpoint = endpoints[request.path];
    if (endpoint === undefined) {
      return undefined;
    }
    return request.method === endpoint.method
      ? endpoint.answer(request)
      : {
          status: 405,
          headers: { allow: endpoint.method },
          body: `${request.path}: expected ${endpoint.method}, found ${request.method}\n`,
        };
  };
}

async function giveToken(options: TokenEndpointOptions, request: Request): Promise<Answer> {
  const client = await clientOf(options.pool(), request);
  if (client === undefined) {
    return fault(401, "invalid_client", "the client's key or secret is wrong");
  }
  const form = formOf(request);
  switch (form.get("grant_type")) {
    case "client_credentials":
      return tokenAnswer(
        await options.tokens.give({
          client,
          user: client.user,
          userType: "APPLICATION",
          scope: options.applicationScope,
        }),
        false,
      );
    case "password": {
      const user = form.get("username") ?? "";
      if (!(await options.isUser({ user, password: form.get("password") ?? "" }))) {
        return fault(400, "invalid_grant", "the user's name or password is wrong");
      }
      const scope = form.get("scope") ?? "default";
      return tokenAnswer(await options.tokens.give({ client, user, userType: "APPLICATION_USER", scope }), true);
    }
    case "refresh_token":
      return refresh(options, client, form.get("refresh_token") ?? "");
    case "authorization_code": {
      const asked = { client: client.key, callback: form.get("redirect_uri") ?? "" };
      const grant = await takeCode(options.pool(), form.get("code") ?? "", asked);
      if (grant === undefined) {
        return fault(400, "invalid_grant", "the code is not valid");
      }
      const { user, scope } = grant;
      return tokenAnswer(await options.tokens.give({ client, user, userType: "APPLICATION_USER", scope }), true);
    }
    default:
      return fault(
        400,
        "unsupported_grant_type",
        "the stand-in supports client_credentials, password, refresh_token and authorization_code",
      );
  }
}

/** The header names the token that has ended, so that the gateway removes it from its cache. */
async function refresh({ pool, tokens }: TokenEndpointOptions, client: Client, given: string): Promise<Answer> {
  const refreshed = await refreshToken(pool(), client, given);
  if (refreshed === undefined) {
    return fault(400, "invalid_grant", "the refresh token is not valid");
  }
  tokens.forget(refreshed.ended);
  const answer = tokenAnswer(refreshed.issued, true);
  return { ...answer, headers: { ...answer.headers, DeactivatedAccessToken: refreshed.ended } };
}

/** Answers claims about the token's user. As in the product, the token needs the scope openid. */
async function userInfo({ pool, hasClaims }: TokenEndpointOptions, { headers, query }: Request): Promise<Answer> {
  if (!hasClaims) {
    return { status: 500, body: "NoClassDefFoundError: org/wso2/carbon/claim/mgt/ClaimManagerHandler\n" };
  }
  if (query.get("schema") !== "openid") {
    return fault(400, "invalid_request", "schema: expected openid");
  }
  const token = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? "")?.[1] ?? "";
  const owner = await tokenOwner(pool(), token);
  if (owner === undefined) {
    return fault(401, "invalid_token", "the access token is not valid");
  }
  return owner.scope.split(" ").includes("openid")
    ? json({ sub: owner.user })
    : fault(403, "insufficient_scope", "the access token does not have the scope openid");
}

/** Answers 200 for an unknown token too, as OAuth requires. */
async function revoke(options: TokenEndpointOptions, request: Request): Promise<Answer> {
  const client = await clientOf(options.pool(), request);
  if (client === undefined) {
    return fault(401, "invalid_client", "the client's key or secret is wrong");
  }
  const revoked = await revokeToken(options.pool(), client, formOf(request).get("token") ?? "");
  if (revoked) {
    options.tokens.forget(revoked.token);
  }
  return {
    status: 200,
    ...(revoked && {
      headers: {
        RevokedAccessToken: revoked.token,
        RevokedRefreshToken: revoked.refreshToken,
        AuthorizedUser: revoked.user,
      },
    }),
  };
}

async function clientOf(pool: Pool, request: Request): Promise<Client | undefined> {
  const sent = credentialsOf(request);
  const client = sent && (await findClient(pool, sent.user));
  return sent && client && same(sent.password, client.secret) ? client : undefined;
}

function tokenAnswer({ token, refreshToken, scope, expiresIn }: AccessToken, withRefresh: boolean): Answer {
  return json({
    scope,
    token_type: "Bearer",
    expires_in: expiresIn,
    ...(withRefresh && { refresh_token: refreshToken }),
    access_token: token,
  });
}

function fault(status: number, error: string, description: string): Answer {
  return json({ error, error_description: description }, status);
}
