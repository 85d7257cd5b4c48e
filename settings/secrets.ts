import * as pulumi from "@pulumi/pulumi";
import { projectName } from "./schema";
import type { SecretSetting } from "./schema/secrets";

const resourceSecrets = [
  "adminPassword",
  "databaseAdminPassword",
  "analyticsPassword",
  "svnPassword",
  "imageRegistryPassword",
] as const satisfies readonly SecretSetting[];

/** Secrets that resources take, by the name of their setting. */
export type ResourceSecret = (typeof resourceSecrets)[number];

/** The secrets that the running program's stack sets (`npm run config -- set --secret NAME`). */
export function stackSecrets(): Partial<Record<ResourceSecret, pulumi.Output<string>>> {
  const config = new pulumi.Config(projectName);
  return Object.fromEntries(
    resourceSecrets.flatMap((name) => {
      const value = config.getSecret(name);
      return value ? [[name, value]] : [];
    }),
  );
}
