import { createHash } from "node:crypto";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { type ConnectionFailure, connect, type Login } from "./connect";
import { createRecord, readRecord, recordTable, type ScriptRecord, updateRecord } from "./record";
import { type Statement, splitStatements } from "./splitStatements";

export interface ScriptRequest extends Login {
  readonly database: string;
  /** The text of the distribution's dbscript. */
  readonly script: string;
  /** The distribution's version, e.g. `1.9.0`. */
  readonly version: string;
  /** A hash of the script, by which a changed script is detected. */
  readonly checksum: string;
}

export interface ScriptResult {
  /** How many statements the script has. */
  readonly statements: number;
  /** True if the tables existed before the first run; then nothing was executed. */
  readonly adopted: boolean;
  /** How many statements this run executed. */
  readonly executed: number;
}

/** Two runs in one schema at the same time would break each other: the second waits this long for the first. */
const lockWaitSeconds = 60;
const connectMilliseconds = 30_000;
/**
 * MySQL's error codes for statements that were executed before: the table, column, index, row, primary key or foreign
 * key (two codes) exists, or the column or key to drop does not.
 */
const alreadyDone = [1050, 1060, 1061, 1062, 1068, 1022, 1826, 1091];
const logEvery = 25;

/**
 * Runs a distribution's script in an empty schema, once. An interrupted run is resumed where it stopped; a schema that has
 * the product's tables already is recorded as adopted and left alone. Drops nothing.
 *
 * Runs inside a dynamic resource, so it uses plain functions only.
 *
 * @param log called with each line of progress
 * @throws when the script changed since its first run, when a statement fails (with its number, its line and MySQL's
 * error; the progress is kept), when the schema has other tables, or when the server can't be reached
 * @see dbscripts/mysql.sql, dbscripts/apimgt/mysql.sql
 */
export async function applyScript(request: ScriptRequest, log?: (line: string) => void): Promise<ScriptResult> {
  const statements = splitStatements(request.script);
  checkStatements(request, statements);
  const connection = await connect(request, connectMilliseconds, (failure) => explain(request, failure));
  try {
    await lockSchema(connection, request);
    return await applyLocked(connection, request, statements, log);
  } finally {
    // This also releases the lock.
    connection.destroy();
  }
}

function explain({ host, port, user, database }: ScriptRequest, { message, seconds }: ConnectionFailure): string {
  const place = `MySQL ${host}:${port}`;
  return seconds === undefined
    ? `${place}: cannot use the schema ${database} as ${user}: ${message}`
    : `${place}: no connection within ${seconds} s (${message}). Check that the server runs and listens there, then run the command again.`;
}

function checkStatements({ database, version }: ScriptRequest, statements: readonly Statement[]): void {
  const place = `script of ${database}, version ${version}`;
  if (statements.length === 0) throw new Error(`${place}: expected SQL statements, found none; check the distribution`);
  const foreign = statements.find(({ text }) => /^(use|((create|drop|alter)\s+(database|schema)))\b/i.test(text));
  if (foreign !== undefined) {
    throw new Error(
      `${place}, line ${foreign.line}: \`${firstLine(foreign)}\` leaves or changes the schema; expected statements ` +
        `for the tables of ${database} only; remove it from the script`,
    );
  }
}

async function lockSchema(connection: Connection, { host, port, database }: ScriptRequest): Promise<void> {
  // Names of locks are limited to 64 characters and shared by the whole server.
  const name = `apim-dbscript-${createHash("sha1").update(database).digest("hex")}`;
  const [rows] = await connection.query<RowDataPacket[]>("SELECT GET_LOCK(?, ?) AS got", [name, lockWaitSeconds]);
  if (Number(rows[0]?.got) !== 1) {
    throw new Error(
      `MySQL ${host}:${port}: another run has been working on ${database} for more than ${lockWaitSeconds} s. ` +
        "Wait until it ends (SHOW PROCESSLIST lists it), then run the command again.",
    );
  }
}

async function applyLocked(
  connection: Connection,
  request: ScriptRequest,
  statements: readonly Statement[],
  log?: (line: string) => void,
): Promise<ScriptResult> {
  const { database, version, checksum } = request;
  const record = await readRecord(connection);
  const fresh = { version, checksum, statements: statements.length, done: 0 };
  if (record === undefined) {
    const found = await tablesOf(connection);
    if (found.length > 0) {
      checkAdoptable(request, statements, found);
      await createRecord(connection, { ...fresh, state: "adopted" });
      log?.(`${database}: the product's tables exist already and are left as they are`);
      return { statements: statements.length, adopted: true, executed: 0 };
    }
    await createRecord(connection, { ...fresh, state: "running" });
    return execute(connection, request, statements, { from: 0, mayBeDone: false }, log);
  }
  if (record.checksum !== checksum) throw new Error(changedScript(request, record));
  if (record.version !== version) await updateRecord(connection, { version });
  if (record.state === "finished" || record.state === "adopted") {
    return { statements: statements.length, adopted: record.state === "adopted", executed: 0 };
  }
  if (record.statements !== statements.length) {
    throw new Error(
      `schema ${database}: partly created from a script of ${record.statements} statements, but the same script now has ` +
        `${statements.length}; use an empty schema. Nothing was changed.`,
    );
  }
  log?.(`${database}: resuming at statement ${record.done + 1} of ${statements.length}`);
  const mayBeDone = record.state === "running";
  await updateRecord(connection, { state: "running" });
  await resetAutoIncrement(connection, statements[record.done]);
  return execute(connection, request, statements, { from: record.done, mayBeDone }, log);
}

async function tablesOf(connection: Connection): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name <> ?",
    [recordTable],
  );
  return rows.map(({ name }) => String(name));
}

/** Requires all tables of the script: with only some of them, the product would start and fail later. */
function checkAdoptable({ database, version }: ScriptRequest, statements: readonly Statement[], found: string[]): void {
  const present = found.map((name) => name.toUpperCase());
  const expected = statements.flatMap(({ text }) => {
    const name = /^create\s+table\s+(?:if\s+not\s+exists\s+)?[`"]?(\w+)[`"]?/i.exec(text)?.[1];
    return name === undefined ? [] : [name];
  });
  const missing = expected.filter((name) => !present.includes(name.toUpperCase()));
  if (missing.length === 0) return;
  const few = (names: readonly string[]) =>
    `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
  throw new Error(
    missing.length === expected.length
      ? `schema ${database}: expected it to be empty or to have the tables of version ${version}, found ${few(found)}; ` +
          "use an empty schema. Nothing was changed."
      : `schema ${database}: has some tables of version ${version}, but not ${few(missing)}; complete it with the ` +
          "product's own migration script, or use an empty schema. Nothing was changed.",
  );
}

function changedScript({ database, version, checksum }: ScriptRequest, record: ScriptRecord): string {
  const happened = {
    running: "partly created by",
    failed: "partly created by",
    finished: "created by",
    adopted: "adopted with",
  }[record.state];
  const remedy =
    record.state === "running" || record.state === "failed"
      ? `set the distribution back to ${record.version} and run the command again, or use an empty schema`
      : `set the distribution back to ${record.version}, or migrate ${database} with the product's own script and then ` +
        `run: UPDATE ${recordTable} SET VERSION = '${version}', CHECKSUM = '${checksum}'`;
  return (
    `schema ${database} was ${happened} the script of version ${record.version} (${shorten(record.checksum)}); the script is ` +
    `now that of version ${version} (${shorten(checksum)}). Nothing was changed: ${remedy}.`
  );
}

function shorten(checksum: string): string {
  return `checksum ${checksum.slice(0, 12)}`;
}

/**
 * Executes the statements from number `from` on. DDL commits by itself, so an interrupted run may have executed a statement
 * without recording it (`mayBeDone`): for the first statement, an object that exists already is not an error.
 */
async function execute(
  connection: Connection,
  { database, version }: ScriptRequest,
  statements: readonly Statement[],
  { from, mayBeDone }: { from: number; mayBeDone: boolean },
  log?: (line: string) => void,
): Promise<ScriptResult> {
  for (let index = from; index < statements.length; index += 1) {
    const statement = statements[index];
    if (statement === undefined) break;
    try {
      // An INSERT and its record are one transaction; a DDL statement ends it, and the record follows.
      await connection.query("START TRANSACTION");
      await connection.query(statement.text);
    } catch (error) {
      const { errno, message } = error as { errno?: number; message: string };
      if (!(mayBeDone && index === from && alreadyDone.includes(errno ?? 0))) {
        await markFailed(connection, error);
        throw new Error(
          `script of ${database}, version ${version}: statement ${index + 1} of ${statements.length}, line ` +
            `${statement.line}, failed: \`${firstLine(statement)}\`: ${message}. The ${index} before it are kept: fix ` +
            "the cause and run the command again, which continues with this statement.",
        );
      }
    }
    await updateRecord(connection, { done: index + 1 });
    await connection.query("COMMIT");
    if ((index + 1) % logEvery === 0) log?.(`${database}: ${index + 1} of ${statements.length} statements`);
  }
  await updateRecord(connection, { state: "finished" });
  return { statements: statements.length, adopted: false, executed: statements.length - from };
}

/**
 * A rolled back INSERT has still used up an AUTO_INCREMENT number, but later statements refer to rows by number. So the
 * counter of the table that the next statement fills is reset to the rows that it has.
 */
async function resetAutoIncrement(connection: Connection, next: Statement | undefined): Promise<void> {
  const table = /^(?:insert|replace)\s+(?:ignore\s+)?(?:into\s+)?[`"]?(\w+)[`"]?/i.exec(next?.text ?? "")?.[1];
  if (table !== undefined && (await tablesOf(connection)).some((name) => name.toUpperCase() === table.toUpperCase())) {
    await connection.query(`ALTER TABLE \`${table}\` AUTO_INCREMENT = 1`);
  }
}

/** Records that a statement failed; not when the connection broke, since the statement may have been executed then. */
async function markFailed(connection: Connection, error: unknown): Promise<void> {
  if ((error as { fatal?: boolean }).fatal || (error as { errno?: number }).errno === undefined) return;
  try {
    await connection.query("ROLLBACK");
    await updateRecord(connection, { state: "failed" });
  } catch {
    // The statement's own error is reported instead; the record stays `running`, with which the next run is careful.
  }
}

function firstLine({ text }: Statement): string {
  const line = text.split("\n", 1)[0]?.trim() ?? "";
  return line.length > 100 ? `${line.slice(0, 100)}...` : line;
}
