/** How databases, accounts and their errors are named, in SQL, in state and in messages. */

import { escapeId, escape as quote } from "mysql2";
import { MysqlError } from "./connection";

/** A database, a table: one identifier, dots and all. */
export const identifier = (name: string): string => escapeId(name, true);

/** The official engine's imports record no `host` where it is the default. */
export interface Account {
  readonly user: string;
  readonly host?: string;
}

/** Of users and grants: `user@host`, as state and messages have it, and as SQL has it. */
export const accountId = ({ user, host = "localhost" }: Account): string => `${user}@${host}`;
export const accountSql = ({ user, host = "localhost" }: Account): string => `${quote(user)}@${quote(host)}`;

/** An object that is there already is never taken over. */
export function foreign(what: string, name: string, remove: string): MysqlError {
  return new MysqlError(
    `create ${what} ${name}: it is there already and not recorded in this stack; ` +
      `if nothing else uses it remove it (${remove}), or choose another name`,
  );
}

/** For deletes: an object that is gone already is as good as deleted. */
export const goneIf =
  (...errnos: readonly number[]) =>
  (error: unknown): never[] => {
    if (error instanceof MysqlError && errnos.includes(error.errno ?? 0)) return [];
    throw error;
  };
