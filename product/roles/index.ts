import { gateway } from "./gateway";
import { keyManager } from "./keyManager";
import { publisher } from "./publisher";
import type { RoleRecord } from "./record";
import { store } from "./store";

export type { Call, ClusterRecord, PortalLink, RoleRecord, VolumeRecord } from "./record";

/** In the order of the WSO2 guide's table "Port Offset". Nodes that share userdb start in this order too. */
const all = { keyManager, gateway, publisher, store } as const;

/** A component of the WSO2 guide. */
export type Role = keyof typeof all;

/** The settings that hold the domain of a cluster. */
export type ClusterSetting = Extract<(typeof all)[Role], { readonly cluster: unknown }>["cluster"]["setting"];

/** Everything in which the roles differ. */
export const roleRecords: Readonly<Record<Role, RoleRecord<Role, ClusterSetting>>> = all;

export const roles = Object.keys(all) as readonly Role[];

/** The one role that `has` a property. @throws when no role has it, or several have it */
export function roleThat(has: (record: RoleRecord<Role, ClusterSetting>) => unknown): Role {
  const found = roles.filter((role) => has(roleRecords[role]));
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`product/roles: expected one such role, found ${found}`);
  return only;
}
