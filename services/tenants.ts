import { callService, firstNamed, type ServiceServer } from "./soap";

/** A tenant that is to be made; the password is secret. */
export interface NewTenant {
  readonly domain: string;
  /** The administrator's name, without the domain. */
  readonly admin: string;
  readonly password: string;
  readonly email: string;
}

const tenants = { service: "TenantMgtAdminService", namespace: "http://services.mgt.tenant.carbon.wso2.org" };

/** Makes a tenant, which is active at once. @throws as {@link callService} */
export async function addTenant(server: ServiceServer, { domain, admin, password, email }: NewTenant): Promise<void> {
  await callService(server, {
    ...tenants,
    operation: "addTenant",
    parameters: {},
    bean: {
      name: "tenantInfoBean",
      namespace: "http://beans.common.stratos.carbon.wso2.org/xsd",
      fields: {
        active: "true",
        admin,
        adminPassword: password,
        email,
        firstname: "verify",
        lastname: "verify",
        tenantDomain: domain,
      },
    },
  });
}

/** Whether a tenant is active. @throws as {@link callService}, and when the answer does not say it */
export async function isTenantActive(server: ServiceServer, tenantDomain: string): Promise<boolean> {
  const found = await callService(server, { ...tenants, operation: "getTenant", parameters: { tenantDomain } });
  const active = found && firstNamed(found, "active");
  if (!active) throw new Error(`getTenant: expected the field active of tenant ${tenantDomain}, found none`);
  return active.text === "true";
}

/** Deactivates a tenant: its users can't log in any more, and its APIs are not served. @throws as {@link callService} */
export async function deactivateTenant(server: ServiceServer, tenantDomain: string): Promise<void> {
  await callService(server, { ...tenants, operation: "deactivateTenant", parameters: { tenantDomain } });
}
