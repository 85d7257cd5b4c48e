import { randomBytes, randomUUID } from "node:crypto";
import type { Pool } from "mysql2/promise";
import type { KeyType } from "./keyTypes";
import { change, type Queries, row, rows, transaction } from "./rows";

/** An OAuth client: the keys of one application. */
export interface Client {
  readonly key: string;
  readonly secret: string;
  /** The user who created the client. */
  readonly user: string;
  /** Where a browser returns with a code; empty: the client gets no codes. */
  readonly callbackUrl: string;
}

export interface AccessToken {
  readonly token: string;
  readonly refreshToken: string;
  readonly user: string;
  readonly scope: string;
  /** Seconds left. */
  readonly expiresIn: number;
}

/** The owner and scope of a token. */
export interface Grant {
  readonly client: Client;
  readonly user: string;
  readonly userType: UserType;
  readonly scope: string;
}

export type UserType = "APPLICATION" | "APPLICATION_USER";

/** Milliseconds for which a token is valid: the product's default. */
const validity = 3_600_000;

interface TokenRow {
  readonly ACCESS_TOKEN: string;
  readonly REFRESH_TOKEN: string;
  readonly AUTHZ_USER: string;
  readonly TOKEN_SCOPE: string;
  readonly LEFT_MS: number;
}

const tokenColumns = `ACCESS_TOKEN, REFRESH_TOKEN, AUTHZ_USER, TOKEN_SCOPE,
  VALIDITY_PERIOD - TIMESTAMPDIFF(SECOND, TIME_CREATED, UTC_TIMESTAMP()) * 1000 AS LEFT_MS`;

/** Creates a client with new keys. */
export async function addClient(
  db: Queries,
  app: { user: string; tenant: number; name: string; callbackUrl: string },
): Promise<Client> {
  const client: Client = { key: newSecret(), secret: newSecret(), user: app.user, callbackUrl: app.callbackUrl };
  await change(
    db,
    `INSERT INTO IDN_OAUTH_CONSUMER_APPS
       (CONSUMER_KEY, CONSUMER_SECRET, USERNAME, TENANT_ID, APP_NAME, OAUTH_VERSION, CALLBACK_URL, GRANT_TYPES)
     VALUES (?, ?, ?, ?, ?, 'OAuth-2.0', ?, 'client_credentials password refresh_token authorization_code')`,
    [client.key, client.secret, app.user, app.tenant, app.name, app.callbackUrl],
  );
  return client;
}

/** The client with this key. */
export async function findClient(db: Queries, key: string): Promise<Client | undefined> {
  const found = await row<{ CONSUMER_SECRET: string; USERNAME: string; CALLBACK_URL: string | null }>(
    db,
    "SELECT CONSUMER_SECRET, USERNAME, CALLBACK_URL FROM IDN_OAUTH_CONSUMER_APPS WHERE CONSUMER_KEY = ?",
    [key],
  );
  return (
    found && {
      key,
      secret: found.CONSUMER_SECRET,
      user: found.USERNAME,
      callbackUrl: found.CALLBACK_URL ?? "",
    }
  );
}

/** Deletes a client and its tokens. */
export async function removeClient(db: Queries, key: string): Promise<void> {
  await change(db, "DELETE FROM IDN_OAUTH_CONSUMER_APPS WHERE CONSUMER_KEY = ?", [key]);
}

/** The active token of this client and user, or a new token when there is none. */
export function issueToken(pool: Pool, grant: Grant): Promise<AccessToken> {
  const values = [grant.client.key, grant.user, grant.userType, grant.scope];
  const which = "CONSUMER_KEY = ? AND AUTHZ_USER = ? AND USER_TYPE = ? AND TOKEN_SCOPE = ? AND TOKEN_STATE = 'ACTIVE'";
  return transaction(pool, async (db) => {
    // The lock is held until the commit, so that simultaneous requests get the same token.
    await row(db, "SELECT CONSUMER_KEY FROM IDN_OAUTH_CONSUMER_APPS WHERE CONSUMER_KEY = ? FOR UPDATE", [
      grant.client.key,
    ]);
    const active = await row<TokenRow>(
      db,
      `SELECT ${tokenColumns} FROM IDN_OAUTH2_ACCESS_TOKEN WHERE ${which}`,
      values,
    );
    if (active !== undefined && active.LEFT_MS > 0) {
      return tokenOf(active);
    }
    await change(db, `UPDATE IDN_OAUTH2_ACCESS_TOKEN SET TOKEN_STATE = 'EXPIRED', TOKEN_STATE_ID = ? WHERE ${which}`, [
      randomUUID(),
      ...values,
    ]);
    return insertToken(db, grant);
  });
}

async function insertToken(db: Queries, { client, user, userType, scope }: Grant): Promise<AccessToken> {
  const token = newSecret();
  const refreshToken = newSecret();
  await change(
    db,
    `INSERT INTO IDN_OAUTH2_ACCESS_TOKEN
       (ACCESS_TOKEN, REFRESH_TOKEN, CONSUMER_KEY, AUTHZ_USER, USER_TYPE, TOKEN_SCOPE, TIME_CREATED, VALIDITY_PERIOD)
     VALUES (?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(), ?)`,
    [token, refreshToken, client.key, user, userType, scope, validity],
  );
  return { token, refreshToken, user, scope, expiresIn: validity / 1000 };
}

/**
 * Issues a new access token and a new refresh token for a refresh token of this client. Both old ones end.
 * @returns undefined: the client has no such refresh token
 */
export function refreshToken(
  pool: Pool,
  client: Client,
  given: string,
): Promise<{ readonly ended: string; readonly issued: AccessToken } | undefined> {
  return transaction(pool, async (db) => {
    const found = await row<TokenRow & { USER_TYPE: UserType }>(
      db,
      `SELECT USER_TYPE, ${tokenColumns} FROM IDN_OAUTH2_ACCESS_TOKEN
        WHERE CONSUMER_KEY = ? AND REFRESH_TOKEN = ? AND TOKEN_STATE IN ('ACTIVE', 'EXPIRED') FOR UPDATE`,
      [client.key, given],
    );
    if (found === undefined) {
      return undefined;
    }
    const ended = found.ACCESS_TOKEN;
    await change(
      db,
      "UPDATE IDN_OAUTH2_ACCESS_TOKEN SET TOKEN_STATE = 'INACTIVE', TOKEN_STATE_ID = ? WHERE ACCESS_TOKEN = ?",
      [randomUUID(), ended],
    );
    const { AUTHZ_USER: user, USER_TYPE: userType, TOKEN_SCOPE: scope } = found;
    return { ended, issued: await insertToken(db, { client, user, userType, scope }) };
  });
}

/** The user and the scope of an access token. @returns undefined: the token is not valid */
export async function tokenOwner(db: Queries, token: string): Promise<Pick<AccessToken, "user" | "scope"> | undefined> {
  const found = await row<TokenRow>(
    db,
    `SELECT ${tokenColumns} FROM IDN_OAUTH2_ACCESS_TOKEN WHERE ACCESS_TOKEN = ? AND TOKEN_STATE = 'ACTIVE'`,
    [token],
  );
  return found !== undefined && found.LEFT_MS > 0 ? tokenOf(found) : undefined;
}

/** Revokes an active token of this client. @returns undefined: the client has no such token */
export async function revokeToken(db: Queries, client: Client, token: string): Promise<AccessToken | undefined> {
  const found = await row<TokenRow>(
    db,
    `SELECT ${tokenColumns} FROM IDN_OAUTH2_ACCESS_TOKEN
      WHERE CONSUMER_KEY = ? AND TOKEN_STATE = 'ACTIVE' AND (ACCESS_TOKEN = ? OR REFRESH_TOKEN = ?)`,
    [client.key, token, token],
  );
  if (found !== undefined) {
    await change(
      db,
      "UPDATE IDN_OAUTH2_ACCESS_TOKEN SET TOKEN_STATE = 'REVOKED', TOKEN_STATE_ID = ? WHERE ACCESS_TOKEN = ?",
      [randomUUID(), found.ACCESS_TOKEN],
    );
  }
  return found && tokenOf(found);
}

/** The active tokens of a client. */
export async function activeTokens(db: Queries, clientKey: string): Promise<string[]> {
  const found = await rows<{ ACCESS_TOKEN: string }>(
    db,
    "SELECT ACCESS_TOKEN FROM IDN_OAUTH2_ACCESS_TOKEN WHERE CONSUMER_KEY = ? AND TOKEN_STATE = 'ACTIVE'",
    [clientKey],
  );
  return found.map(({ ACCESS_TOKEN }) => ACCESS_TOKEN);
}

/** Whether a token may call an API, and whose token it is. */
export interface Validation {
  readonly authorized: boolean;
  /** The product's codes. 900901: the token is not valid, 900908: no subscription. */
  readonly code?: 900901 | 900908;
  readonly user?: string;
  readonly subscriber?: string;
  readonly application?: string;
  /** The type of the application's key with which the token was issued. */
  readonly keyType?: KeyType;
  /** JSON Web Token about the caller, for backends. */
  readonly jwt?: string;
}

/** Checks the token, then that its application is subscribed to the API with this context and version. */
export async function validateToken(
  db: Queries,
  { token, context, version }: { token: string; context: string; version: string },
): Promise<Validation> {
  const found = await row<{ CONSUMER_KEY: string; AUTHZ_USER: string; LEFT_MS: number }>(
    db,
    `SELECT CONSUMER_KEY, ${tokenColumns} FROM IDN_OAUTH2_ACCESS_TOKEN WHERE ACCESS_TOKEN = ? AND TOKEN_STATE = 'ACTIVE'`,
    [token],
  );
  if (found === undefined || found.LEFT_MS <= 0) {
    return { authorized: false, code: 900901 };
  }
  const subscription = await row<{ NAME: string; USER_ID: string; KEY_TYPE: KeyType }>(
    db,
    `SELECT app.NAME, subscriber.USER_ID, mapping.KEY_TYPE
       FROM AM_APPLICATION_KEY_MAPPING mapping
       JOIN AM_APPLICATION app ON app.APPLICATION_ID = mapping.APPLICATION_ID
       JOIN AM_SUBSCRIBER subscriber ON subscriber.SUBSCRIBER_ID = app.SUBSCRIBER_ID
       JOIN AM_SUBSCRIPTION subscription ON subscription.APPLICATION_ID = app.APPLICATION_ID
       JOIN AM_API api ON api.API_ID = subscription.API_ID
      WHERE mapping.CONSUMER_KEY = ? AND api.CONTEXT = ? AND api.API_VERSION = ? AND subscription.SUB_STATUS = 'UNBLOCKED'`,
    [found.CONSUMER_KEY, context, version],
  );
  return subscription === undefined
    ? { authorized: false, code: 900908 }
    : {
        authorized: true,
        user: found.AUTHZ_USER,
        subscriber: subscription.USER_ID,
        application: subscription.NAME,
        keyType: subscription.KEY_TYPE,
      };
}

function tokenOf(found: TokenRow): AccessToken {
  return {
    token: found.ACCESS_TOKEN,
    refreshToken: found.REFRESH_TOKEN,
    user: found.AUTHZ_USER,
    scope: found.TOKEN_SCOPE,
    expiresIn: Math.max(0, Math.floor(found.LEFT_MS / 1000)),
  };
}

function newSecret(): string {
  return randomBytes(20).toString("base64url");
}
