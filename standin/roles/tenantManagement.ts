import type { XmlElement } from "@rgrove/parse-xml";
import { textAt } from "../configuration/xml";
import type { Context } from "../context";
import { registries } from "../data/registry";
import { addTenant, deactivateTenant, findTenant, type Tenant } from "../data/tenants";
import { escapeHtml } from "../pages";
import type { Service } from "../services";

/** The tiers of a tenant in the registry, which gateways read when they load the tenant. */
export const tiersPath = "/_system/governance/apimgt/applicationdata/tiers.xml";

/** The only tier that the stand-in knows. It sets no limit. */
const tiers = `<wsp:Policy xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:throttle="http://www.wso2.org/products/wso2commons/throttle">
  <throttle:ID throttle:type="ROLE">Unlimited</throttle:ID>
</wsp:Policy>
`;

const beans = "http://beans.common.stratos.carbon.wso2.org/xsd";

/** `TenantMgtAdminService`, which every profile has: tenants in the user store, each with a registry of its own. */
export function tenantManagement(context: Context): Service {
  const shared = registries(context);
  return {
    name: "TenantMgtAdminService",
    operations: {},
    soap: {
      namespace: "http://services.mgt.tenant.carbon.wso2.org",
      operations: {
        addTenant: async (input) => {
          const [domain, admin] = [beanField(input, "tenantDomain"), beanField(input, "admin")];
          if (!/^[\w-][\w.-]*$/.test(domain)) {
            throw new Error(`tenantDomain: expected letters, digits, ".", "_" and "-", found "${domain}"`);
          }
          const adminPassword = beanField(input, "adminPassword");
          const id = await addTenant(context, { domain, email: beanField(input, "email"), admin, adminPassword });
          await shared(id).put(tiersPath, tiers, admin);
          context.log.info(`tenant ${domain} added with ID ${id}`);
          return `${id}`;
        },
        getTenant: async (input) => formatTenant(await findTenant(context, domainIn(input))),
        deactivateTenant: async (input) => {
          await deactivateTenant(context, domainIn(input));
          return undefined;
        },
      },
    },
  };
}

function beanField(input: XmlElement, name: string): string {
  const value = textAt(input, `tenantInfoBean/${name}`);
  if (value === undefined) {
    throw new Error(`tenantInfoBean: ${name} is missing`);
  }
  return value;
}

function domainIn(input: XmlElement): string {
  return textAt(input, "tenantDomain") ?? "";
}

function formatTenant({ id, domain, email, active, created }: Tenant): string {
  const fields = { active, createdDate: created.toISOString(), email, tenantDomain: domain, tenantId: id };
  return Object.entries(fields)
    .map(([name, value]) => `<ax:${name} xmlns:ax="${beans}">${escapeHtml(`${value}`)}</ax:${name}>`)
    .join("");
}
