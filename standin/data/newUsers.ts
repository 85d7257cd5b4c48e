import { randomBytes } from "node:crypto";
import type { Pool } from "mysql2/promise";
import type { Credentials } from "../users";
import { change, row, superTenant as tenant, transaction } from "./rows";
import { digest } from "./users";

/** Adds a user without a role. @throws when there is a user of this name */
export async function addUser(pool: Pool, { user, password }: Credentials): Promise<void> {
  const salt = randomBytes(16).toString("base64");
  await transaction(pool, async (db) => {
    const sql = "SELECT UM_ID FROM UM_USER WHERE UM_USER_NAME = ? AND UM_TENANT_ID = ?";
    if ((await row(db, sql, [user, tenant])) !== undefined) {
      throw new Error(`user ${user} already exists`);
    }
    await change(
      db,
      "INSERT INTO UM_USER (UM_USER_NAME, UM_USER_PASSWORD, UM_SALT_VALUE, UM_CHANGED_TIME, UM_TENANT_ID) VALUES (?, ?, ?, NOW(), ?)",
      [user, digest(password, salt), salt, tenant],
    );
  });
}

/** Gives a user a role, which is created when the user store does not have it. @throws when there is no such user */
export async function assignRole(pool: Pool, user: string, role: string): Promise<void> {
  await transaction(pool, async (db) => {
    await change(db, "INSERT IGNORE INTO UM_ROLE (UM_ROLE_NAME, UM_TENANT_ID) VALUES (?, ?)", [role, tenant]);
    const { count } = await change(
      db,
      `INSERT INTO UM_USER_ROLE (UM_ROLE_ID, UM_USER_ID, UM_TENANT_ID)
       SELECT role.UM_ID, user.UM_ID, ? FROM UM_ROLE role, UM_USER user
        WHERE role.UM_ROLE_NAME = ? AND role.UM_TENANT_ID = ? AND user.UM_USER_NAME = ? AND user.UM_TENANT_ID = ?`,
      [tenant, role, tenant, user, tenant],
    );
    if (count === 0) {
      throw new Error(`there is no user ${user}`);
    }
  });
}

/** Removes a user with the user's roles. @throws when there is no such user */
export async function removeUser(pool: Pool, user: string): Promise<void> {
  await transaction(pool, async (db) => {
    const which = "UM_USER_NAME = ? AND UM_TENANT_ID = ?";
    await change(
      db,
      `DELETE FROM UM_USER_ROLE WHERE UM_TENANT_ID = ? AND UM_USER_ID IN (SELECT UM_ID FROM UM_USER WHERE ${which})`,
      [tenant, user, tenant],
    );
    if ((await change(db, `DELETE FROM UM_USER WHERE ${which}`, [user, tenant])).count === 0) {
      throw new Error(`there is no user ${user}`);
    }
  });
}
