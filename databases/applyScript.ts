import { createHash } from "node:crypto";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { connect, type Login, type Refusal } from "./connect";
import { createRecord, readRecord, recordTable, type ScriptRecord, updateRecord } from "./record";
import { type Statement, splitStatements } from "./splitStatements";

export interface ScriptRequest extends Login {
  readonly database: string;
  /** The distribution's dbscript. */
  readonly script: string;
  /** Of the distribution, e.g. `1.9.0`. */
  readonly version: string;
  /** Of the script; another one means another script. */
  readonly checksum: string;
}

export interface ScriptResult {
  /** How many statements the script has. */
  readonly statements: number;
  /** True if the tables were there before us; then nothing was executed. */
  readonly adopted: boolean;
  /** How many statements this very run executed. */
  readonly executed: number;
}

/** A schema holds one script: two runs at a time would break each other. */
const lockWaitSeconds = 60;
const connectMilliseconds = 30_000;
/** What is done already: table, column, index, row, primary key, foreign key (two codes); a column or key dropped. */
const alreadyThere = [1050, 1060, 1061, 1062, 1068, 1022, 1826, 1091];
const logEvery = 25;

/**
 * Runs a distribution's script in a schema, once: an empty schema only; a run that was cut off goes on where it
 * stopped; a schema that has the product's tables already is recorded as adopted and left alone. Drops nothing.
 *
 * Runs inside a dynamic resource: plain functions only.
 *
 * @param log progress, a line at a time
 * @throws when the script has changed since, when a statement fails (number, line, MySQL's error; the progress is
 * kept), when the schema holds other tables, or when the server cannot be reached
 * @see dbscripts/mysql.sql, dbscripts/apimgt/mysql.sql
 */
export async function applyScript(request: ScriptRequest, log?: (line: string) => void): Promise<ScriptResult> {
  const statements = splitStatements(request.script);
  checkStatements(request, statements);
  const connection = await connect(request, connectMilliseconds, (refusal) => noConnection(request, refusal));
  try {
    await lockSchema(connection, request);
    return await applyLocked(connection, request, statements, log);
  } finally {
    // The lock goes with the connection.
    connection.destroy();
  }
}

function noConnection({ host, port, user, database }: ScriptRequest, { said, seconds }: Refusal): string {
  const place = `MySQL ${host}:${port}`;
  return seconds === undefined
    ? `${place}: cannot use the schema ${database} as ${user}: ${said}`
    : `${place}: no connection within ${seconds} s (${said}). See that the server runs and listens there, then run the command again.`;
}

function checkStatements({ database, version }: ScriptRequest, statements: readonly Statement[]): void {
  const place = `script of ${database}, version ${version}`;
  if (statements.length === 0) throw new Error(`${place}: expected SQL statements, found none; see the distribution`);
  const outside = statements.find(({ text }) => /^(use|((create|drop|alter)\s+(database|schema)))\b/i.test(text));
  if (outside !== undefined) {
    throw new Error(
      `${place}, line ${outside.line}: \`${firstLine(outside)}\` leaves or changes the schema; expected statements ` +
        `for the tables of ${database} only; take it out of the script`,
    );
  }
}

async function lockSchema(connection: Connection, { host, port, database }: ScriptRequest): Promise<void> {
  // Names of locks are short and shared by the whole server.
  const name = `apim-dbscript-${createHash("sha1").update(database).digest("hex")}`;
  const [rows] = await connection.query<RowDataPacket[]>("SELECT GET_LOCK(?, ?) AS got", [name, lockWaitSeconds]);
  if (Number(rows[0]?.got) !== 1) {
    throw new Error(
      `MySQL ${host}:${port}: another run has worked on ${database} for over ${lockWaitSeconds} s. ` +
        "Let it end (SHOW PROCESSLIST shows it), then run the command again.",
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
      log?.(`${database}: the product's tables were there already; left as they are`);
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
      `schema ${database}: half made from a script of ${record.statements} statements, now the same text reads as ` +
        `${statements.length}; give an empty schema. Nothing was changed.`,
    );
  }
  log?.(`${database}: going on at statement ${record.done + 1} of ${statements.length}`);
  const mayBeDone = record.state === "running";
  await updateRecord(connection, { state: "running" });
  await resetRowNumbers(connection, statements[record.done]);
  return execute(connection, request, statements, { from: record.done, mayBeDone }, log);
}

async function tablesOf(connection: Connection): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name <> ?",
    [recordTable],
  );
  return rows.map(({ name }) => String(name));
}

/** All of the script's tables, or the schema is not the product's: half of them would start a server that breaks later. */
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
      ? `schema ${database}: expected it empty or with the tables of version ${version}, found ${few(found)}; ` +
          "give an empty schema. Nothing was changed."
      : `schema ${database}: has some tables of version ${version}, but not ${few(missing)}; complete it with the ` +
          "product's own migration script, or give an empty schema. Nothing was changed.",
  );
}

function changedScript({ database, version, checksum }: ScriptRequest, record: ScriptRecord): string {
  const made = { running: "half made", failed: "half made", finished: "made", adopted: "adopted" }[record.state];
  const remedy =
    record.state === "running" || record.state === "failed"
      ? `set the distribution back to ${record.version} and run the command again, or give an empty schema`
      : `set the distribution back to ${record.version}, or migrate ${database} with the product's own script and then ` +
        `run: UPDATE ${recordTable} SET VERSION = '${version}', CHECKSUM = '${checksum}'`;
  return (
    `schema ${database} was ${made} by the script of version ${record.version} (${shorten(record.checksum)}); now it is ` +
    `that of version ${version} (${shorten(checksum)}). Nothing was changed: ${remedy}.`
  );
}

function shorten(checksum: string): string {
  return `checksum ${checksum.slice(0, 12)}`;
}

/**
 * Executes from a statement on. DDL commits by itself, so what was cut off between a statement and its mark may be done
 * already (`mayBeDone`): for that one statement an object that is there is no error.
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
      // A row and its mark are one transaction; a DDL statement just ends it, and the mark follows.
      await connection.query("START TRANSACTION");
      await connection.query(statement.text);
    } catch (error) {
      const { errno, message } = error as { errno?: number; message: string };
      if (!(mayBeDone && index === from && alreadyThere.includes(errno ?? 0))) {
        await markFailed(connection, error);
        throw new Error(
          `script of ${database}, version ${version}: statement ${index + 1} of ${statements.length}, line ` +
            `${statement.line}, failed: \`${firstLine(statement)}\`: ${message}. The ${index} before it are kept: mend ` +
            "the cause and run the command again, it goes on with this one.",
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
 * A row that was rolled back has used up its number all the same, and later statements name rows by number. So the table
 * that the next statement fills counts on from the rows that it really has.
 */
async function resetRowNumbers(connection: Connection, next: Statement | undefined): Promise<void> {
  const table = /^(?:insert|replace)\s+(?:ignore\s+)?(?:into\s+)?[`"]?(\w+)[`"]?/i.exec(next?.text ?? "")?.[1];
  if (table !== undefined && (await tablesOf(connection)).some((name) => name.toUpperCase() === table.toUpperCase())) {
    await connection.query(`ALTER TABLE \`${table}\` AUTO_INCREMENT = 1`);
  }
}

/** Notes that the server refused a statement; when the connection broke instead, nobody knows, and nothing is noted. */
async function markFailed(connection: Connection, error: unknown): Promise<void> {
  if ((error as { fatal?: boolean }).fatal || (error as { errno?: number }).errno === undefined) return;
  try {
    await connection.query("ROLLBACK");
    await updateRecord(connection, { state: "failed" });
  } catch {
    // The statement's own error is the one to tell; the next run finds `running`, which is the careful reading.
  }
}

function firstLine({ text }: Statement): string {
  const line = text.split("\n", 1)[0]?.trim() ?? "";
  return line.length > 100 ? `${line.slice(0, 100)}...` : line;
}
