import type { Pool } from "mysql2/promise";
import type { DeployedApi } from "../apiFile";
import { apiManagerFile, type Environment } from "../configuration/apiManager";
import type { Context } from "../context";
import { type Api, type ApiKey, addApi, apiPath, apisPath, recordStatus, removeApi } from "../data/apis";
import { type Registry, registries } from "../data/registry";
import { transaction } from "../data/rows";
import { type Endpoints, type Treatments, treatmentsFor } from "../environmentApi";
import { describe } from "../errors";
import { callService, gatewayTarget } from "../serviceClient";
import { domainOf, tenantPath } from "../users";
import { type Visit, webAppHandler } from "../webApp";
import type { RoleParts } from "./parts";
import { resourceService, seedSelfSignUp } from "./selfSignUp";

/** The statuses with which gateways serve an API. */
const served = ["PUBLISHED", "DEPRECATED", "PROTOTYPED"];

/** APIs, stored in apimgtdb and the shared registry and deployed to every gateway environment. */
export function publisherParts(context: Context): RoleParts {
  const sharedBy = registries(context);
  const pool = (): Pool => context.databases.pool(context.configuration.apiManager.dataSource);
  const handler = webAppHandler(context, {
    base: "/publisher",
    pages: {
      "/site/blocks/item-add/ajax/add.jag": { addAPI: (visit) => add(context, pool(), sharedBy(visit.tenant), visit) },
      "/site/blocks/item-add/ajax/remove.jag": {
        removeAPI: (visit) => remove(context, pool(), sharedBy(visit.tenant), visit),
      },
      "/site/blocks/life-cycles/ajax/life-cycles.jag": {
        updateStatus: (visit) => updateStatus(context, pool(), sharedBy(visit.tenant), visit),
      },
      "/site/blocks/listing/ajax/item-list.jag": {
        getAllAPIs: async ({ tenant }) => ({
          apis: (await sharedBy(tenant).list(apisPath)).map((text) => JSON.parse(text) as Api),
        }),
      },
    },
  });
  return {
    management: [handler],
    services: [resourceService(sharedBy(), context.configuration.userManagement.adminUser)],
    seed: () => seedSelfSignUp(sharedBy(), context.log),
  };
}

async function add(context: Context, pool: Pool, shared: Registry, visit: Visit): Promise<object> {
  const { user, field } = visit;
  const version = field("version");
  const path = field("context");
  if (!/^\/[\w./-]*\w$/.test(path)) {
    throw new Error(`context: expected a path such as /weather, found "${path}"`);
  }
  const domain = domainOf(context.configuration.carbon, user);
  const api: Api = {
    name: field("name"),
    provider: user,
    version,
    context: `${domain === undefined ? "" : tenantPath(domain)}${path}/${version}`,
    endpoints: endpointsOf(field("endpoint_config")),
    methods: methodsOf(field),
    status: "CREATED",
    description: field("description", ""),
    tags: field("tags", "").split(",").filter(Boolean),
    tiers: field("tiersCollection", "Unlimited").split(","),
  };
  if (/[/\s]/.test(api.name + version)) {
    throw new Error(`name and version: expected neither spaces nor slashes, found "${api.name}" "${version}"`);
  }
  await transaction(pool, async (db) => {
    await addApi(db, api, visit);
    // Before the commit, so that no row is left in apimgtdb when the registry can't be written.
    await shared.put(apiPath(api), JSON.stringify(api), user);
  });
  return {};
}

/**
 * The HTTP methods of an API: of its Swagger document, or without one of its fields `resourceMethod-0`,
 * `resourceMethod-1` and so on, each with methods between commas.
 * @default GET
 */
function methodsOf(field: Visit["field"]): string[] {
  const { paths = {} } = JSON.parse(field("swagger", "{}")) as { paths?: Readonly<Record<string, object>> };
  const described = Object.values(paths).flatMap((path) => Object.keys(path));
  const given = Array.from({ length: Number(field("resourceCount", "0")) + 1 }, (_, index) =>
    field(`resourceMethod-${index}`, "GET").split(","),
  ).flat();
  return [...new Set((described.length > 0 ? described : given).map((method) => method.trim().toUpperCase()))];
}

/** The backends of an API. @throws when neither is given */
function endpointsOf(configuration: string): Endpoints {
  const config = JSON.parse(configuration) as Readonly<Record<string, { url?: string } | undefined>>;
  const [production, sandbox] = (["production_endpoints", "sandbox_endpoints"] as const).map((name) => {
    const url = config[name]?.url;
    if (url !== undefined && !URL.canParse(url)) {
      throw new Error(`endpoint_config: ${name}.url: expected a URL, found "${url}"`);
    }
    return url;
  });
  if (production === undefined && sandbox === undefined) {
    throw new Error("endpoint_config: expected production_endpoints, sandbox_endpoints or both, found neither");
  }
  return { ...(production && { production }), ...(sandbox && { sandbox }) };
}

async function updateStatus(context: Context, pool: Pool, shared: Registry, visit: Visit): Promise<object> {
  const api = await findApi(shared, keyOf(visit));
  const status = visit.field("status");
  if (served.includes(status)) {
    await deployEverywhere(context, api);
  } else {
    await removeEverywhere(context, keyOf(visit));
  }
  await recordStatus(pool, api, status, visit);
  await shared.put(apiPath(api), JSON.stringify({ ...api, status }), visit.user);
  return {};
}

async function remove(context: Context, pool: Pool, shared: Registry, visit: Visit): Promise<object> {
  const key = keyOf(visit);
  const { status } = await findApi(shared, key);
  await transaction(pool, async (db) => {
    await removeApi(db, key);
    const gone = removeEverywhere(context, key);
    // Gateways have an API that was never published only after publishing failed halfway.
    await (served.includes(status) ? gone : gone.catch((error: unknown) => context.log.warn(describe(error))));
    await shared.remove(apiPath(key));
  });
  return {};
}

/** Deploys an API to the environments of api-manager.xml, one after another, and stops at the first failure. */
async function deployEverywhere(context: Context, api: Api): Promise<void> {
  const { name, provider, version, context: path, methods = ["GET"], endpoints } = api;
  for (const environment of context.configuration.apiManager.environments) {
    const treatments = treatmentsOf(environment, endpoints);
    await (treatments === undefined
      ? callGateway(context, environment, "deleteApi", { name, provider, version })
      : callGateway(context, environment, "addApi", {
          name,
          provider,
          version,
          context: path,
          methods,
          ...treatments,
        }));
  }
}

async function removeEverywhere(context: Context, { name, provider, version }: ApiKey): Promise<void> {
  for (const environment of context.configuration.apiManager.environments) {
    await callGateway(context, environment, "deleteApi", { name, provider, version });
  }
}

function treatmentsOf({ name, type }: Environment, endpoints: Endpoints): Treatments | undefined {
  try {
    return treatmentsFor(type, endpoints);
  } catch (error) {
    throw new Error(`Environment[${name}]/@type in ${apiManagerFile}: ${describe(error)}`);
  }
}

/** Calls an operation of the gateway's service. As in the product, there is a second one for the APIs of tenants. */
function callGateway(
  { caller, configuration }: Context,
  environment: Environment,
  operation: "addApi" | "deleteApi",
  input: ApiKey & Partial<DeployedApi>,
): Promise<unknown> {
  const tenantDomain = domainOf(configuration.carbon, input.provider);
  const name = tenantDomain === undefined ? operation : `${operation}ForTenant`;
  return callService(caller, gatewayTarget(environment), `APIGatewayAdmin/${name}`, {
    ...input,
    ...(tenantDomain !== undefined && { tenantDomain }),
  });
}

function keyOf({ field }: Visit): ApiKey {
  return { name: field("name"), version: field("version"), provider: field("provider") };
}

async function findApi(shared: Registry, key: ApiKey): Promise<Api> {
  const text = await shared.get(apiPath(key));
  if (text === undefined) {
    throw new Error(`there is no API ${key.name} ${key.version} of ${key.provider}`);
  }
  return JSON.parse(text) as Api;
}
