import type { Pool, PoolConnection, ResultSetHeader, RowDataPacket } from "mysql2/promise";
import { codeOf } from "../errors";

/** A pool, or one of its connections inside a transaction. */
export type Queries = Pick<Pool, "execute">;

/** ID of the super tenant, to which users without a domain belong. */
export const superTenant = -1234;

type Value = string | number | Buffer | null;

/** All rows of a query. */
export async function rows<Row extends object>(db: Queries, sql: string, values: Value[] = []): Promise<Row[]> {
  const [found] = await db.execute<(Row & RowDataPacket)[]>(sql, values);
  return found;
}

/** The first row, if any. */
export async function row<Row extends object>(
  db: Queries,
  sql: string,
  values: Value[] = [],
): Promise<Row | undefined> {
  return (await rows<Row>(db, sql, values))[0];
}

/** Inserts, updates or deletes rows. @returns the ID of the new row and the number of changed rows */
export async function change(db: Queries, sql: string, values: Value[] = []): Promise<{ id: number; count: number }> {
  const [{ insertId, affectedRows }] = await db.execute<ResultSetHeader>(sql, values);
  return { id: insertId, count: affectedRows };
}

const attempts = 5;

/** Runs `work` in a transaction, and again after a deadlock, as MySQL's manual recommends. */
export async function transaction<T>(pool: Pool, work: (connection: PoolConnection) => Promise<T>): Promise<T> {
  for (let left = attempts - 1; ; left--) {
    try {
      return await transactionOnce(pool, work);
    } catch (error) {
      if (left === 0 || codeOf(error) !== "ER_LOCK_DEADLOCK") {
        throw error;
      }
    }
  }
}

async function transactionOnce<T>(pool: Pool, work: (connection: PoolConnection) => Promise<T>): Promise<T> {
  const connection = await pool.getConnection();
  try {
    await connection.beginTransaction();
    const result = await work(connection);
    await connection.commit();
    return result;
  } catch (error) {
    await connection.rollback().catch(() => undefined);
    throw error;
  } finally {
    connection.release();
  }
}
