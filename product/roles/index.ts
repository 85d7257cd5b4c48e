/** The four components of the WSO2 guide. */
export type Role = "keyManager" | "gateway" | "publisher" | "store";

/** The roles in the order of the guide's port offset table. Nodes that share userdb start in this order too. */
export const roles: readonly Role[] = ["keyManager", "gateway", "publisher", "store"];
