import type { Connection } from "mysql2/promise";
import { sqlMode } from "../product/mysql";

export interface Login {
  readonly host: string;
  /** 1..65535. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database?: string;
}

/** Why a connection failed. */
export interface ConnectionFailure {
  /** The operating system's or MySQL's error code. */
  readonly code: string;
  /** Never contains the password. */
  readonly message: string;
  /** For how long it was retried; undefined when retrying can't help. */
  readonly seconds?: number;
}

const retryMilliseconds = 500;
/** Error codes of a server that is still starting, or that has no free connection for a moment. */
const retryable = [
  "ECONNREFUSED",
  "ECONNRESET",
  "ETIMEDOUT",
  "EPIPE",
  "EAI_AGAIN",
  "PROTOCOL_CONNECTION_LOST",
  "ER_CON_COUNT_ERROR",
  "ER_TOO_MANY_USER_CONNECTIONS",
  "ER_USER_LIMIT_REACHED",
];

/**
 * Connects with the `sql_mode` that the product's scripts need, and retries while the server is not ready.
 *
 * Also runs inside a dynamic resource, so it uses plain functions only. The driver is loaded here, since a preview does
 * not connect, by `require`, since Pulumi cannot serialize what an `import()` is compiled to.
 *
 * @param limitMilliseconds when to stop retrying
 * @param explain the message of the error that is thrown
 */
export async function connect(
  { host, port, user, password, database }: Login,
  limitMilliseconds: number,
  explain: (failure: ConnectionFailure) => string,
): Promise<Connection> {
  const { createConnection } = require("mysql2/promise") as typeof import("mysql2/promise");
  const deadline = Date.now() + limitMilliseconds;
  for (;;) {
    const connectTimeout = Math.min(Math.max(deadline - Date.now(), 500), 10_000);
    try {
      const connection = await createConnection({ host, port, user, password, database, connectTimeout });
      await connection.query(`SET SESSION sql_mode = '${sqlMode}'`);
      return connection;
    } catch (error) {
      const { code: given = "", message: text } = error as { code?: string; message: string };
      const message = text || given || "unknown error";
      const needsTls = given === "ER_ACCESS_DENIED_ERROR" && (await connectsOverTls({ host, port, user, password }));
      const code = needsTls ? "ER_TLS_ONLY_ACCOUNT" : given;
      if (!retryable.includes(code)) throw new Error(explain({ code, message }));
      if (Date.now() + retryMilliseconds > deadline)
        throw new Error(explain({ code, message, seconds: limitMilliseconds / 1000 }));
      await new Promise((resolve) => setTimeout(resolve, retryMilliseconds));
    }
  }
}

/**
 * Whether the server accepts the account over TLS. Without TLS, it denies access to an account with REQUIRE SSL as it does
 * for a wrong password.
 */
async function connectsOverTls(login: Login): Promise<boolean> {
  const { createConnection } = require("mysql2/promise") as typeof import("mysql2/promise");
  try {
    const connection = await createConnection({ ...login, connectTimeout: 5000, ssl: { rejectUnauthorized: false } });
    connection.destroy();
    return true;
  } catch {
    return false;
  }
}
