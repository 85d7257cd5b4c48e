import type { Connection, RowDataPacket } from "mysql2/promise";

/**
 * `running`: a run is in progress or was interrupted; `failed`: a statement failed, without effect; `finished`;
 * `adopted`: the tables existed before the first run.
 */
export type ScriptState = "running" | "failed" | "finished" | "adopted";

/** Which script ran in the schema, and how far: the only row of APIM_DBSCRIPT. */
export interface ScriptRecord {
  readonly version: string;
  /** As the caller computed it, e.g. SHA-256. */
  readonly checksum: string;
  readonly statements: number;
  /** How many statements were certainly executed. */
  readonly done: number;
  readonly state: ScriptState;
}

export const recordTable = "APIM_DBSCRIPT";

/** The record; undefined when no script ran in this schema. */
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

/** Creates the table, if it is missing, and the record. */
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

/** Changes fields of the record. */
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
