// By name: a default or star import would be copied into the closure of a dynamic resource, not required by it.
import { type Connection, createConnection } from "mysql2/promise";

export interface Endpoint {
  readonly host: string;
  /** 1..65535. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const retryLimitMilliseconds = 30_000;
const retryPauseMilliseconds = 500;
/** What a server answers, or does not, that is about to be ready or is full for a moment. */
const passing = ["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EPIPE", "PROTOCOL_CONNECTION_LOST", "ER_CON_COUNT_ERROR"];

/**
 * Connects to a schema, its session set to what the product's scripts expect.
 * A server that is not there yet is tried again for 30 s.
 * @throws naming the server, the user and the schema, never the password
 */
export async function connectToSchema(endpoint: Endpoint): Promise<Connection> {
  const { host, port, user, password, database } = endpoint;
  const deadline = Date.now() + retryLimitMilliseconds;
  for (;;) {
    try {
      const connection = await createConnection({ host, port, user, password, database, connectTimeout: 10_000 });
      // Strict modes refuse `TIMESTAMP DEFAULT 0`, which the scripts are full of.
      await connection.query("SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'");
      return connection;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      const text = message || code || "unknown error";
      if (!passing.includes(code ?? "")) {
        throw new Error(`MySQL ${host}:${port}: cannot use the schema ${database} as ${user}: ${text}`);
      }
      if (Date.now() >= deadline) {
        throw new Error(
          `MySQL ${host}:${port}: no connection within ${retryLimitMilliseconds / 1000} s (${text}). ` +
            "See that the server runs and listens there, then run the command again.",
        );
      }
      await new Promise((resolve) => setTimeout(resolve, retryPauseMilliseconds));
    }
  }
}
