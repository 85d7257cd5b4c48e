import { type Role, roleRecords, roles } from "../../product/roles";

/** A role of the product, or `default`: a server without a profile, which does the work of all roles. */
export type StandInRole = Role | "default";

/** What servers of a role do, read from the records in product/roles. */
export interface StandInRoleRecord {
  /** Values of `-Dprofile` that choose the role. */
  readonly profiles: readonly string[];
  /** The roles whose work the server does. */
  readonly does: readonly Role[];
  /** True: it opens the API ports, and its synapse files have a meaning. */
  readonly servesApis: boolean;
  /** True: it opens the Thrift port. */
  readonly servesThrift: boolean;
  /** Elements of api-manager.xml that it acts on, as product/roles names them; the others have no meaning on it. */
  readonly elements: ReadonlySet<string>;
}

function record(profiles: readonly string[], does: readonly Role[]): StandInRoleRecord {
  const records = does.map((role) => roleRecords[role]);
  const calls = records.flatMap((each) => each.calls).filter(({ file }) => file === "apiManager");
  return {
    profiles,
    does,
    servesApis: records.some(({ servesApis }) => servesApis),
    servesThrift: records.some(({ servesThrift }) => servesThrift),
    elements: new Set(calls.map(({ element }) => element)),
  };
}

function recordOf(role: Role): StandInRoleRecord {
  const { profile, servesApis } = roleRecords[role];
  return record([profile, ...(servesApis ? [servesApis.workerProfile] : [])], [role]);
}

/** One record for each role of the stand-in. */
export const standInRoles = {
  default: record(["default"], roles),
  ...(Object.fromEntries(roles.map((role) => [role, recordOf(role)])) as Record<Role, StandInRoleRecord>),
} as const satisfies Readonly<Record<StandInRole, StandInRoleRecord>>;

/**
 * The role that a profile chooses.
 * @throws naming the profiles that exist
 */
export function roleOfProfile(profile: string): StandInRole {
  const all = Object.entries(standInRoles) as [StandInRole, StandInRoleRecord][];
  const found = all.find(([, { profiles }]) => profiles.includes(profile));
  if (found === undefined) {
    const known = all.flatMap(([, { profiles }]) => profiles).join(", ");
    throw new Error(`-Dprofile=${profile}: expected one of ${known}`);
  }
  return found[0];
}
