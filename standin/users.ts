import { createHash, timingSafeEqual } from "node:crypto";
import type { Configuration } from "./configuration";

/** The user and password that a caller sent. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Whether the credentials are those of the administrator in this server's user-mgt.xml. */
export function isAdministrator({ userManagement }: Configuration, credentials: Credentials | undefined): boolean {
  return (
    credentials !== undefined &&
    same(credentials.user, userManagement.adminUser) &&
    same(credentials.password, userManagement.adminPassword)
  );
}

/** Compares two secrets in constant time. */
export function same(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
