/** The three databases of the WSO2 guide. */
export type DatabaseName = "apimgtdb" | "userdb" | "regdb";

/**
 * Names of the secrets that configuration files hold. Rendered text contains `{{secret:NAME}}` until the files are
 * uploaded (configs/secrets.ts), so that it can be shown.
 */
export type SecretName = "admin-password" | "analytics-password" | "svn-password" | `database-${string}`;
