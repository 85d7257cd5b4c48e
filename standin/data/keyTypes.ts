/** What an application's key is for. */
export const keyTypes = ["PRODUCTION", "SANDBOX"] as const;
export type KeyType = (typeof keyTypes)[number];
