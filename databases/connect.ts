// By name: a default or star import would be copied into the closure of a dynamic resource, not required by it.
import { type Connection, createConnection } from "mysql2/promise";
import { sqlMode } from "../product/mysql";

export interface Login {
  readonly host: string;
  /** 1..65535. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database?: string;
}

/** Why there is no connection. */
export interface Refusal {
  /** Of the system, or of MySQL. */
  readonly code: string;
  /** Never the password. */
  readonly said: string;
  /** How long it was tried; undefined: not again, because waiting does not help. */
  readonly seconds?: number;
}

const pauseMilliseconds = 500;
/** What a server answers, or does not, that is about to be ready or is full for a moment. */
const passing = [
  ...["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EPIPE", "EAI_AGAIN"],
  ...["PROTOCOL_CONNECTION_LOST", "ER_CON_COUNT_ERROR"],
];

/**
 * Connects, with the session mode that the product's scripts expect; a server that is not there yet is tried again.
 *
 * Runs inside a dynamic resource too: plain functions only.
 *
 * @param limitMilliseconds how long it is tried
 * @param explain words the error
 */
export async function connect(
  { host, port, user, password, database }: Login,
  limitMilliseconds: number,
  explain: (refusal: Refusal) => string,
): Promise<Connection> {
  const deadline = Date.now() + limitMilliseconds;
  for (;;) {
    const connectTimeout = Math.min(Math.max(deadline - Date.now(), 500), 10_000);
    try {
      const connection = await createConnection({ host, port, user, password, database, connectTimeout });
      await connection.query(`SET SESSION sql_mode = '${sqlMode}'`);
      return connection;
    } catch (error) {
      const { code = "", message } = error as { code?: string; message: string };
      const said = message || code || "unknown error";
      if (!passing.includes(code)) throw new Error(explain({ code, said }));
      if (Date.now() + pauseMilliseconds > deadline)
        throw new Error(explain({ code, said, seconds: limitMilliseconds / 1000 }));
      await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));
    }
  }
}
