import type { Pool } from "mysql2/promise";
import { userManagementFile } from "../configuration/userManagement";
import type { Context } from "../context";
import { codeOf } from "../errors";
import { domainOf } from "../users";
import { change, row, superTenant, transaction } from "./rows";
import { seedAdministrator } from "./users";

/** A row of UM_TENANT. */
export interface Tenant {
  readonly id: number;
  readonly domain: string;
  readonly email: string;
  readonly active: boolean;
  readonly created: Date;
}

/** A tenant that is to be made. */
export interface NewTenant {
  readonly domain: string;
  readonly email: string;
  /** The administrator's name, without the domain. */
  readonly admin: string;
  readonly adminPassword: string;
}

/** The user store has no such tenant, or the tenant is not active. */
export class UnknownTenant extends Error {}

type Node = Pick<Context, "configuration" | "databases">;

/** The ID of a user's tenant. @throws UnknownTenant */
export async function tenantOf(node: Node, user: string): Promise<number> {
  const domain = domainOf(node.configuration.carbon, user);
  return domain === undefined ? superTenant : (await activeTenant(node, domain)).id;
}

/** @throws UnknownTenant */
export async function activeTenant(node: Node, domain: string): Promise<Tenant> {
  const tenant = await findTenant(node, domain);
  if (!tenant.active) {
    throw new UnknownTenant(`tenant ${domain} is not active`);
  }
  return tenant;
}

/** @throws UnknownTenant when the user store has no such tenant */
export async function findTenant(node: Node, domain: string): Promise<Tenant> {
  const found = await row<Omit<Tenant, "active"> & { active: number }>(
    userStore(node),
    `SELECT UM_ID AS id, UM_DOMAIN_NAME AS domain, UM_EMAIL AS email, UM_ACTIVE AS active, UM_CREATED_DATE AS created
       FROM UM_TENANT WHERE UM_DOMAIN_NAME = ?`,
    [domain],
  );
  if (found === undefined) {
    throw new UnknownTenant(`the user store has no tenant ${domain}`);
  }
  return { ...found, active: found.active !== 0 };
}

/** Adds an active tenant and its administrator. @returns its ID. @throws when the domain is taken */
export async function addTenant(node: Node, { domain, email, admin, adminPassword }: NewTenant): Promise<number> {
  const { adminRole, everyoneRole } = node.configuration.userManagement;
  try {
    return await transaction(userStore(node), async (db) => {
      const { id } = await change(
        db,
        "INSERT INTO UM_TENANT (UM_DOMAIN_NAME, UM_EMAIL, UM_ACTIVE, UM_CREATED_DATE) VALUES (?, ?, TRUE, NOW())",
        [domain, email],
      );
      await seedAdministrator(db, { adminUser: admin, adminPassword, adminRole, everyoneRole }, id);
      return id;
    });
  } catch (error) {
    if (codeOf(error) === "ER_DUP_ENTRY") {
      throw new Error(`a tenant with the domain ${domain} already exists`);
    }
    throw error;
  }
}

/** @throws when there is no such tenant */
export async function deactivateTenant(node: Node, domain: string): Promise<void> {
  const { id } = await findTenant(node, domain);
  await change(userStore(node), "UPDATE UM_TENANT SET UM_ACTIVE = FALSE WHERE UM_ID = ?", [id]);
}

/** @throws when the user store is embedded, so that no other server's tenants are in it */
function userStore({ configuration, databases }: Node): Pool {
  const { dataSource } = configuration.userManagement;
  if (!databases.sources.some(({ jndiName }) => jndiName === dataSource)) {
    throw new Error(`the user store is this server's own and has no tenants (dataSource in ${userManagementFile})`);
  }
  return databases.pool(dataSource);
}
