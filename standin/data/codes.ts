import { randomBytes } from "node:crypto";
import type { Pool } from "mysql2/promise";
import { change, row, transaction } from "./rows";

/** What an authorization code stands for. */
export interface CodeGrant {
  /** Key of the client. */
  readonly client: string;
  readonly callback: string;
  readonly scope: string;
  readonly user: string;
}

/** Milliseconds for which a code is valid: the product's default. */
const validity = 300_000;

/** Stores a new code. */
export async function addCode(pool: Pool, { client, callback, scope, user }: CodeGrant): Promise<string> {
  const code = randomBytes(16).toString("hex");
  await change(
    pool,
    `INSERT INTO IDN_OAUTH2_AUTHORIZATION_CODE
       (AUTHORIZATION_CODE, CONSUMER_KEY, CALLBACK_URL, SCOPE, AUTHZ_USER, TIME_CREATED, VALIDITY_PERIOD)
     VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(), ?)`,
    [code, client, callback, scope, user, validity],
  );
  return code;
}

/** Uses a code up. @returns what it stands for; undefined when it is unknown, used or old, or of another client or callback */
export function takeCode(
  pool: Pool,
  code: string,
  { client, callback }: Pick<CodeGrant, "client" | "callback">,
): Promise<CodeGrant | undefined> {
  return transaction(pool, async (db) => {
    const which = "AUTHORIZATION_CODE = ? AND CONSUMER_KEY = ? AND CALLBACK_URL = ?";
    const found = await row<{ SCOPE: string; AUTHZ_USER: string; LEFT_MS: number }>(
      db,
      `SELECT SCOPE, AUTHZ_USER, VALIDITY_PERIOD - TIMESTAMPDIFF(SECOND, TIME_CREATED, UTC_TIMESTAMP()) * 1000 AS LEFT_MS
         FROM IDN_OAUTH2_AUTHORIZATION_CODE WHERE ${which} FOR UPDATE`,
      [code, client, callback],
    );
    if (found === undefined || found.LEFT_MS <= 0) {
      return undefined;
    }
    await change(db, `DELETE FROM IDN_OAUTH2_AUTHORIZATION_CODE WHERE ${which}`, [code, client, callback]);
    return { client, callback, scope: found.SCOPE, user: found.AUTHZ_USER };
  });
}
