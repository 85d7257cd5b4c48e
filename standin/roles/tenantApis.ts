import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../context";
import { registries } from "../data/registry";
import { activeTenant } from "../data/tenants";
import { type DeployedApis, deployedApis } from "../deployedApis";
import { describe } from "../errors";
import { tiersPath } from "./tenantManagement";

/** The APIs of a tenant, by its domain. @throws when the gateway can't load the tenant, naming the reason */
export type TenantApis = (domain: string) => Promise<DeployedApis>;

/**
 * Loads tenants as they are used, as in the product: the tenant from the user store, its tiers from its registry, and its
 * APIs from a directory of its own.
 */
export function tenantApis(context: Context): TenantApis {
  const { configuration, log } = context;
  const shared = registries(context);
  const loaded = new Map<number, DeployedApis>();
  return async (domain) => {
    try {
      const { id } = await activeTenant(context, domain);
      const known = loaded.get(id);
      if (known !== undefined) {
        return known;
      }
      if ((await shared(id).get(tiersPath)) === undefined) {
        throw new Error(`its registry has no ${tiersPath}`);
      }
      const directory = `repository/tenants/${id}/synapse-configs/default/api`;
      mkdirSync(join(configuration.carbonHome, directory), { recursive: true });
      const apis = deployedApis(configuration.carbonHome, log, directory);
      loaded.set(id, apis);
      return apis;
    } catch (error) {
      throw new Error(`Cannot create tenant ConfigurationContext for tenant ${domain}: ${describe(error)}`);
    }
  };
}
