import type { Connection, RowDataPacket } from "mysql2/promise";

/**
 * `running`: a run was cut off, or is under way; `failed`: a statement was refused, so it has no effect;
 * `finished`; `adopted`: the tables were there before us.
 */
export type ScriptState = "running" | "failed" | "finished" | "adopted";

/** What the schema itself remembers of its script: the one row of APIM_DBSCRIPT. */
export interface ScriptRecord {
  readonly version: string;
  /** SHA-256 or the like, as the caller gives it. */
  readonly checksum: string;
  readonly statements: number;
  /** How many statements are known to have been executed. */
  readonly done: number;
  readonly state: ScriptState;
}

export const recordTable = "APIM_DBSCRIPT";

/** @returns the record; undefined if there is none */
export async function readRecord(connection: Connection): Promise<ScriptRecord | undefined> {
  const [tables] = await connection.query<RowDataPacket[]>(
    "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
    [recordTable],
  );
  if (tables.length === 0) return undefined;
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT VERSION, CHECKSUM, STATEMENTS, DONE, STATE FROM ${recordTable} WHERE ID = 1`,
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    version: String(row.VERSION),
    checksum: String(row.CHECKSUM),
    statements: Number(row.STATEMENTS),
    done: Number(row.DONE),
    state: row.STATE as ScriptState,
  };
}

/** Makes the table if it is missing, and the record. */
export async function createRecord(connection: Connection, record: ScriptRecord): Promise<void> {
  await connection.query(
    `CREATE TABLE IF NOT EXISTS ${recordTable} (
      ID TINYINT NOT NULL PRIMARY KEY,
      VERSION VARCHAR(64) NOT NULL,
      CHECKSUM VARCHAR(128) NOT NULL,
      STATEMENTS INT NOT NULL,
      DONE INT NOT NULL,
      STATE VARCHAR(16) NOT NULL,
      CHANGED TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
    ) ENGINE = InnoDB COMMENT = 'Which database script of the product made this schema'`,
  );
  await connection.query(
    `INSERT INTO ${recordTable} (ID, VERSION, CHECKSUM, STATEMENTS, DONE, STATE) VALUES (1, ?, ?, ?, ?, ?)`,
    [record.version, record.checksum, record.statements, record.done, record.state],
  );
}

/** Changes parts of the record. */
export async function updateRecord(
  connection: Connection,
  change: Partial<Pick<ScriptRecord, "version" | "done" | "state">>,
): Promise<void> {
  const fields = Object.entries(change);
  const assignments = fields.map(([field]) => `${field.toUpperCase()} = ?`).join(", ");
  await connection.query(
    `UPDATE ${recordTable} SET ${assignments} WHERE ID = 1`,
    fields.map(([, value]) => value),
  );
}
