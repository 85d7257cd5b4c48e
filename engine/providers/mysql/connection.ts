import { setTimeout as sleep } from "node:timers/promises";
import { createConnection, createPool, type Pool, type PoolOptions, type RowDataPacket } from "mysql2/promise";
import type { Context, Properties } from "../../provider";

/** A failed statement; the message never contains the statement, which may contain a password. */
export class MysqlError extends Error {
  constructor(
    message: string,
    /** MySQL's error number; undefined if no server answered. */
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

/** Errors while a server is starting. Docker's proxy for a published port accepts a connection and then closes it. */
const NOT_READY = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "PROTOCOL_CONNECTION_LOST"]);
/** Access denied; also by an authentication plugin without passwords, or because the password has expired. */
const REFUSED = new Set([1045, 1698, 1862]);
/** How long a step waits for a server that may be starting. */
const START_TIMEOUT_MS = 30_000;
/** How long a read waits; a server that no longer runs must not delay it. */
const READ_TIMEOUT_MS = 3_000;

/** The connections of one provider: opened on first use, at most `maxOpenConns` (default 2). */
export class MysqlServer {
  private pool: Promise<Pool> | undefined;

  constructor(private readonly config: Properties) {}

  /** @param waits the context of a step that may wait for the server to start; without it, a short timeout applies */
  async query<Row>(doing: string, sql: string, values: readonly string[] = [], waits?: Context): Promise<Row[]> {
    // Concurrent queries share one attempt to connect.
    this.pool ??= this.open(waits).catch((error) => {
      this.pool = undefined;
      throw error;
    });
    const pool = await this.pool;
    try {
      const [rows] = await pool.query<RowDataPacket[]>(sql, [...values]);
      return Array.isArray(rows) ? (rows as Row[]) : [];
    } catch (error) {
      const { code, errno, message } = error as Failure;
      // The server's message for 1064 quotes the statement, which may contain a password.
      const reason = errno === 1064 ? "the server reports a syntax error" : message;
      throw new MysqlError(`${doing}: ${reason} (${code ?? errno})`, errno);
    }
  }

  /**
   * Whether this account can log in with this password; undefined if the server can't be asked.
   *
   * @param encrypted whether the account requires TLS
   */
  accepts(user: string, password: string, encrypted: boolean): Promise<boolean | undefined> {
    const ssl = encrypted ? { rejectUnauthorized: false } : undefined;
    return createConnection({ ...(ssl && { ssl }), ...this.options(), user, password }).then(
      (connection) => connection.end().then(() => true),
      (error: Failure) => (REFUSED.has(error.errno ?? 0) ? false : undefined),
    );
  }

  async close(): Promise<void> {
    await (await this.pool)?.end();
    this.pool = undefined;
  }

  private options(): PoolOptions {
    const { endpoint, username, password, tls = "false" } = this.config;
    if (typeof endpoint !== "string" || endpoint === "")
      throw new MysqlError(
        "mysql provider: endpoint: expected host:port, found nothing; set it in the provider's arguments",
      );
    const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(endpoint) ?? [undefined, endpoint, "3306"];
    const ssl = { true: {}, "skip-verify": { rejectUnauthorized: false } }[String(tls)];
    if (!ssl && tls !== "false")
      throw new MysqlError(`mysql provider: tls: expected false, true or skip-verify, found ${tls}`);
    return {
      ...(endpoint.startsWith("/") ? { socketPath: endpoint } : { host, port: Number(port) }),
      user: String(username ?? ""),
      password: String(password ?? ""),
      connectTimeout: 10_000,
      ...(ssl && { ssl }),
    };
  }

  private async open(waits?: Context): Promise<Pool> {
    const options = this.options();
    const { endpoint, maxOpenConns } = this.config;
    const timeout = waits ? START_TIMEOUT_MS : READ_TIMEOUT_MS;
    const until = Date.now() + timeout;
    for (let pause = 250; ; pause = Math.min(pause * 2, 4000)) {
      try {
        await (await createConnection(options)).end();
        const pool = createPool({ ...options, connectionLimit: Number(maxOpenConns ?? 2) });
        // Literals are escaped with backslashes, which the sql_mode NO_BACKSLASH_ESCAPES would disable.
        pool.on("connection", (connection) => connection.query("SET SESSION sql_mode = ''"));
        return pool;
      } catch (error) {
        const failure = error as Failure;
        if (!NOT_READY.has(failure.code ?? "")) throw refused(endpoint, options.user, failure);
        if (Date.now() + pause > until)
          throw new MysqlError(
            `MySQL at ${endpoint}: no answer within ${timeout / 1000} s (${failure.code}); ` +
              "check that the server runs, and that the provider's endpoint is the server's address and port",
          );
        waits?.log(`waiting for MySQL at ${endpoint} (${failure.code})`);
        await sleep(pause, undefined, { signal: waits?.signal });
      }
    }
  }
}

function refused(endpoint: unknown, user: string | undefined, { errno, code, message }: Failure): MysqlError {
  const unreachable = ["ENOTFOUND", "ETIMEDOUT", "EHOSTUNREACH"].includes(code ?? "");
  const login = `; check the provider's username (${user}) and password`;
  const remedy = errno === 1045 ? login : unreachable ? "; check the provider's endpoint" : "";
  return new MysqlError(`MySQL at ${endpoint}: ${message} (${code ?? errno})${remedy}`, errno);
}
