/** The types of an application's keys. */
export const keyTypes = ["PRODUCTION", "SANDBOX"] as const;
export type KeyType = (typeof keyTypes)[number];
