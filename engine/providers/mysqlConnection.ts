import { setTimeout as sleep } from "node:timers/promises";
import { createConnection, createPool, type Pool, type PoolOptions, type RowDataPacket } from "mysql2/promise";
import type { Context, Properties } from "../provider";
import { number, text } from "./values";

/** A statement that the server refused; the message never holds the statement, which may hold a password. */
export class MysqlError extends Error {
  constructor(
    message: string,
    /** MySQL's error number, absent when no server answered. */
    readonly errno?: number,
  ) {
    super(message);
  }
}

interface Failure {
  readonly code?: string;
  readonly errno?: number;
  readonly message?: string;
}

/** What a server that is still starting does, a port published by Docker included: its proxy accepts and hangs up. */
const notYet = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "PROTOCOL_CONNECTION_LOST"]);

/** The connections of one provider: opened when first needed, two at most unless `maxOpenConns` says otherwise. */
export class MysqlServer {
  private pool: Pool | undefined;
  private opening: Promise<Pool> | undefined;

  /** @param retryMilliseconds how long a refused connection is tried again */
  constructor(
    private readonly config: Properties,
    private readonly retryMilliseconds = 30_000,
  ) {}

  async query<Row>(doing: string, sql: string, values: readonly string[] = [], context?: Context): Promise<Row[]> {
    try {
      const pool = await this.connected(context);
      const [rows] = await pool.query<RowDataPacket[]>(sql, [...values]);
      return Array.isArray(rows) ? (rows as Row[]) : [];
    } catch (error) {
      if (error instanceof MysqlError) {
        throw error;
      }
      const failure = error as Failure;
      // 1064 quotes the statement, and that may have a password in it.
      const said = failure.errno === 1064 ? "the server does not understand the statement" : failure.message;
      throw new MysqlError(`${doing}: ${said} (${failure.code ?? failure.errno})`, failure.errno);
    }
  }

  /** Whether this account can log in with this password; undefined when the server can't be asked. */
  async accepts(user: string, password: string): Promise<boolean | undefined> {
    try {
      const connection = await createConnection({ ...this.options(), user, password });
      await connection.end();
      return true;
    } catch (error) {
      return (error as Failure).errno === 1045 ? false : undefined;
    }
  }

  async close(): Promise<void> {
    await this.pool?.end();
    this.pool = undefined;
  }

  private options(): PoolOptions {
    const endpoint = text(this.config, "endpoint");
    if (!endpoint) {
      throw new MysqlError(
        "mysql provider: endpoint: expected host:port, found nothing; give it in the provider's arguments",
      );
    }
    const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(endpoint) ?? [undefined, endpoint, "3306"];
    const tls = text(this.config, "tls") ?? "false";
    const ssl = { true: {}, "skip-verify": { rejectUnauthorized: false } }[tls];
    if (!ssl && tls !== "false") {
      throw new MysqlError(`mysql provider: tls: expected false, true or skip-verify, found ${tls}`);
    }
    return {
      ...(endpoint.startsWith("/") ? { socketPath: endpoint } : { host, port: Number(port) }),
      user: text(this.config, "username"),
      password: text(this.config, "password"),
      connectTimeout: 10_000,
      ...(ssl ? { ssl } : {}),
    };
  }

  /** All that ask while it opens wait for the same attempt. */
  private connected(context?: Context): Promise<Pool> {
    if (this.pool) {
      return Promise.resolve(this.pool);
    }
    this.opening ??= this.open(context).finally(() => {
      this.opening = undefined;
    });
    return this.opening;
  }

  private async open(context?: Context): Promise<Pool> {
    const options = this.options();
    const endpoint = text(this.config, "endpoint");
    const until = Date.now() + this.retryMilliseconds;
    for (let pause = 250; ; pause = Math.min(pause * 2, 4000)) {
      try {
        await (await createConnection(options)).end();
        this.pool = createPool({ ...options, connectionLimit: number(this.config, "maxOpenConns") ?? 2 });
        // Literals are escaped with backslashes, which a server may be told to take literally.
        this.pool.on("connection", (connection) => connection.query("SET SESSION sql_mode = ''"));
        return this.pool;
      } catch (error) {
        const failure = error as Failure;
        if (!notYet.has(failure.code ?? "")) {
          throw refused(endpoint, options.user, failure);
        }
        if (Date.now() + pause > until) {
          throw new MysqlError(
            `MySQL at ${endpoint}: no answer for ${this.retryMilliseconds / 1000} s (${failure.code}); ` +
              "check that the server runs and that the provider's endpoint is its address and port",
          );
        }
        context?.log(`waiting for MySQL at ${endpoint} (${failure.code})`);
        await sleep(pause, undefined, context ? { signal: context.signal } : {});
      }
    }
  }
}

function refused(endpoint: string | undefined, user: string | undefined, failure: Failure): MysqlError {
  const remedy =
    failure.errno === 1045
      ? `; check the provider's username (${user}) and password`
      : failure.code === "ENOTFOUND" || failure.code === "ETIMEDOUT" || failure.code === "EHOSTUNREACH"
        ? "; check the provider's endpoint"
        : "";
  return new MysqlError(
    `MySQL at ${endpoint}: ${failure.message} (${failure.code ?? failure.errno})${remedy}`,
    failure.errno,
  );
}
