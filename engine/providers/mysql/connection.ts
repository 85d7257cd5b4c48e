import { setTimeout as sleep } from "node:timers/promises";
import { createConnection, createPool, type Pool, type PoolOptions, type RowDataPacket } from "mysql2/promise";
import type { Context, Properties } from "../../provider";

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
const NOT_YET = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "PROTOCOL_CONNECTION_LOST"]);
/** Access denied, also by a plugin that knows no passwords, or until the password is another one. */
const REFUSED = new Set([1045, 1698, 1862]);
const PATIENCE_MS = 30_000;
/** For those who only look: a server that is gone must not keep them. */
const GLANCE_MS = 3_000;

/** The connections of one provider: opened when first needed, two at most unless `maxOpenConns` says otherwise. */
export class MysqlServer {
  private pool: Promise<Pool> | undefined;

  constructor(private readonly config: Properties) {}

  /** @param waits of a step that waits for a server which is still starting; else it must answer at once */
  async query<Row>(doing: string, sql: string, values: readonly string[] = [], waits?: Context): Promise<Row[]> {
    // All that ask while it opens wait for the same attempt.
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
      // 1064 quotes the statement, and that may have a password in it.
      const said = errno === 1064 ? "the server does not understand the statement" : message;
      throw new MysqlError(`${doing}: ${said} (${code ?? errno})`, errno);
    }
  }

  /**
   * Whether this account can log in with this password; undefined when the server can't be asked.
   *
   * @param encrypted the account asks for TLS
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
        "mysql provider: endpoint: expected host:port, found nothing; give it in the provider's arguments",
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
    const patience = waits ? PATIENCE_MS : GLANCE_MS;
    const until = Date.now() + patience;
    for (let pause = 250; ; pause = Math.min(pause * 2, 4000)) {
      try {
        await (await createConnection(options)).end();
        const pool = createPool({ ...options, connectionLimit: Number(maxOpenConns ?? 2) });
        // Literals are escaped with backslashes, which a server may be told to take literally.
        pool.on("connection", (connection) => connection.query("SET SESSION sql_mode = ''"));
        return pool;
      } catch (error) {
        const failure = error as Failure;
        if (!NOT_YET.has(failure.code ?? "")) throw refused(endpoint, options.user, failure);
        if (Date.now() + pause > until)
          throw new MysqlError(
            `MySQL at ${endpoint}: no answer for ${patience / 1000} s (${failure.code}); ` +
              "check that the server runs and that the provider's endpoint is its address and port",
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
