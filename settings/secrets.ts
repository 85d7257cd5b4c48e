import * as pulumi from "@pulumi/pulumi";
import type { SecretName } from "../product/databases";
import type { SecretSetting } from "./field";
import { projectName } from "./schema";

/** The value of a secret if the stack sets it (`npm run config -- set --secret <name>`), else undefined. */
export function secretSetting(name: SecretSetting): pulumi.Output<string> | undefined {
  return new pulumi.Config(projectName).getSecret(name);
}

/** The same for what is used before anything is made; empty if the stack does not set it. */
export function secretText(name: SecretSetting): string {
  return pulumi.runtime.getConfig(`${projectName}:${name}`) ?? "";
}

/** What configuration files may need besides the databases' and the administrator's passwords. */
export function otherSecrets(): Partial<Record<SecretName, pulumi.Output<string>>> {
  const analytics = secretSetting("analyticsPassword");
  const svn = secretSetting("svnPassword");
  return { ...(analytics && { "analytics-password": analytics }), ...(svn && { "svn-password": svn }) };
}
