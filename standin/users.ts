import { createHash, timingSafeEqual } from "node:crypto";
import type { Configuration } from "./configuration";

/** User and password as sent by a caller. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Whether these are the administrator's of this server's user-mgt.xml. */
export function isAdministrator({ userManagement }: Configuration, credentials: Credentials | undefined): boolean {
  return (
    credentials !== undefined &&
    same(credentials.user, userManagement.adminUser) &&
    same(credentials.password, userManagement.adminPassword)
  );
}

/** Compares in a time that tells nothing. */
export function same(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
