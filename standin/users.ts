import { createHash, timingSafeEqual } from "node:crypto";
import type { Configuration } from "./configuration";

/** The user and password that a caller sent. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Whether the credentials are those of the administrator in this server's user-mgt.xml. */
export function isAdministrator(
  { carbon, userManagement }: Configuration,
  credentials: Credentials | undefined,
): boolean {
  return (
    credentials !== undefined &&
    !isOfTenant(carbon, credentials.user) &&
    same(credentials.user, userManagement.adminUser) &&
    same(credentials.password, userManagement.adminPassword)
  );
}

/** Whether a user name is that of a tenant's user, whom this server does not know. */
export function isOfTenant({ emailUserNames }: Configuration["carbon"], user: string): boolean {
  return user.includes("@") && !emailUserNames;
}

/** Compares two secrets in constant time. */
export function same(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
