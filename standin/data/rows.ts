import type { Pool, PoolConnection, ResultSetHeader, RowDataPacket } from "mysql2/promise";

/** A pool, or one of its connections inside a transaction. */
export type Queries = Pick<Pool, "execute">;

/** The super tenant, to which everything here belongs. */
export const tenant = -1234;

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

/** Inserts, updates or deletes; gives the new row's number and how many rows changed. */
export async function change(db: Queries, sql: string, values: Value[] = []): Promise<{ id: number; count: number }> {
  const [{ insertId, affectedRows }] = await db.execute<ResultSetHeader>(sql, values);
  return { id: insertId, count: affectedRows };
}

const tries = 5;

/** All or nothing; again when MySQL ends it because two wait for each other, as its manual says. */
export async function transaction<T>(pool: Pool, work: (connection: PoolConnection) => Promise<T>): Promise<T> {
  for (let left = tries - 1; ; left--) {
    try {
      return await transactionOnce(pool, work);
    } catch (error) {
      if (left === 0 || (error as { code?: string }).code !== "ER_LOCK_DEADLOCK") {
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
