import { createHash, timingSafeEqual } from "node:crypto";
import type { Configuration } from "./configuration";

/** The user and password that a caller sent. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** A user, and the ID of the tenant that the user belongs to. */
export interface Owner {
  /** With the tenant's domain. */
  readonly user: string;
  readonly tenant: number;
}

/** Whether the credentials are those of the administrator in this server's user-mgt.xml. */
export function isAdministrator(
  { carbon, userManagement }: Configuration,
  credentials: Credentials | undefined,
): boolean {
  return (
    credentials !== undefined &&
    domainOf(carbon, credentials.user) === undefined &&
    same(credentials.user, userManagement.adminUser) &&
    same(credentials.password, userManagement.adminPassword)
  );
}

/** The domain of a user's tenant, which stands behind the last @; undefined for users of the super tenant. */
export function domainOf({ emailUserNames }: Pick<Configuration["carbon"], "emailUserNames">, user: string) {
  const at = user.lastIndexOf("@");
  // With e-mail addresses as user names, the first @ belongs to the address.
  const isDomain = at >= 0 && (!emailUserNames || user.indexOf("@") < at);
  return isDomain ? user.slice(at + 1) : undefined;
}

/** A user name in paths of the registry and in names of files, which the product writes without @. */
export function registryName(user: string): string {
  return user.replaceAll("@", "-AT-");
}

/** The beginning of the paths of a tenant's APIs. */
export function tenantPath(domain: string): string {
  return `/t/${domain}`;
}

/** The tenant's domain in a path that begins with `tenantPath`. */
export function tenantOfPath(path: string): string | undefined {
  return /^\/t\/([^/]+)\//.exec(path)?.[1];
}

/** Compares two secrets in constant time. */
export function same(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
