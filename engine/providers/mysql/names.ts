/** Names of databases and accounts in SQL, state and messages, and errors about them. */

import { escapeId, escape as quote } from "mysql2";
import { MysqlError } from "./connection";

/** Quotes the name of a database or table; dots are part of the name. */
export const identifier = (name: string): string => escapeId(name, true);

/** `host` is optional because the official engine does not record the default for imported users. */
export interface Account {
  readonly user: string;
  readonly host?: string;
}

/** `user@host`, as in the state and in messages. */
export const accountId = ({ user, host = "localhost" }: Account): string => `${user}@${host}`;
export const accountSql = ({ user, host = "localhost" }: Account): string => `${quote(user)}@${quote(host)}`;

/** The error for an object that exists already but is not recorded in this stack. */
export function foreign(what: string, name: string, remove: string): MysqlError {
  return new MysqlError(
    `create ${what} ${name}: it already exists and is not recorded in this stack; ` +
      `remove it if nothing else uses it (${remove}), or choose another name`,
  );
}

/** Returns an empty result for errors that mean that the object does not exist. */
export const goneIf =
  (...errnos: readonly number[]) =>
  (error: unknown): never[] => {
    if (error instanceof MysqlError && errnos.includes(error.errno ?? 0)) return [];
    throw error;
  };
