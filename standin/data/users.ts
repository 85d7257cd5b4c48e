import { createHash, randomBytes } from "node:crypto";
import type { Pool } from "mysql2/promise";
import type { UserManagement } from "../configuration/userManagement";
import { type Credentials, same } from "../users";
import { change, type Queries, row, superTenant, transaction } from "./rows";

interface StoredPassword {
  readonly UM_USER_PASSWORD: string;
  readonly UM_SALT_VALUE: string;
}

const findUser = "SELECT UM_USER_PASSWORD, UM_SALT_VALUE FROM UM_USER WHERE UM_USER_NAME = ? AND UM_TENANT_ID = ?";

/** SHA-256 of password and salt, as with PasswordDigest and StoreSaltedPassword in user-mgt.xml. */
export function digest(password: string, salt: string): string {
  return createHash("sha256")
    .update(password + salt)
    .digest("base64");
}

/** Whether the user store has this user of a tenant with this password. */
export async function isStoredUser(
  pool: Pool,
  { user, password }: Credentials,
  tenant = superTenant,
): Promise<boolean> {
  const found = await row<StoredPassword>(pool, findUser, [user, tenant]);
  return found !== undefined && same(digest(password, found.UM_SALT_VALUE), found.UM_USER_PASSWORD);
}

/**
 * Adds the administrator and the two roles to a user store that does not have them.
 * @returns whether the administrator in the store has the password of user-mgt.xml
 */
export async function seedUsers(pool: Pool, users: UserManagement): Promise<boolean> {
  await transaction(pool, (db) => seedAdministrator(db, users, superTenant));
  return isStoredUser(pool, { user: users.adminUser, password: users.adminPassword });
}

/** Adds the administrator and the two roles of a tenant, each unless it is there. */
export async function seedAdministrator(
  db: Queries,
  { adminUser, adminPassword, adminRole, everyoneRole }: Omit<UserManagement, "dataSource">,
  tenant: number,
): Promise<void> {
  for (const role of [adminRole, everyoneRole]) {
    await change(db, "INSERT IGNORE INTO UM_ROLE (UM_ROLE_NAME, UM_TENANT_ID) VALUES (?, ?)", [role, tenant]);
  }
  if ((await row(db, findUser, [adminUser, tenant])) === undefined) {
    const salt = randomBytes(16).toString("base64");
    const added = await change(
      db,
      "INSERT INTO UM_USER (UM_USER_NAME, UM_USER_PASSWORD, UM_SALT_VALUE, UM_CHANGED_TIME, UM_TENANT_ID) VALUES (?, ?, ?, NOW(), ?)",
      [adminUser, digest(adminPassword, salt), salt, tenant],
    );
    await change(
      db,
      "INSERT INTO UM_USER_ROLE (UM_ROLE_ID, UM_USER_ID, UM_TENANT_ID) SELECT UM_ID, ?, UM_TENANT_ID FROM UM_ROLE WHERE UM_ROLE_NAME = ? AND UM_TENANT_ID = ?",
      [added.id, adminRole, tenant],
    );
  }
}
