import type { Pool } from "mysql2/promise";
import { apiManagerFile, type Environment } from "../configuration/apiManager";
import type { Context } from "../context";
import { type Api, type ApiKey, addApi, apiPath, apisPath, recordStatus, removeApi } from "../data/apis";
import { type Registry, registry } from "../data/registry";
import { transaction } from "../data/rows";
import { describe } from "../errors";
import type { Handler } from "../http";
import { callService } from "../serviceClient";
import { type Visit, webAppHandler } from "../webApp";

/** Statuses in which gateways serve an API. */
const served = ["PUBLISHED", "DEPRECATED", "PROTOTYPED"];

/** APIs: kept in apimgtdb and the shared registry, deployed to every gateway environment. */
export function publisherHandler(context: Context): Handler {
  const shared = registry(context);
  const pool = (): Pool => context.databases.pool(context.configuration.apiManager.dataSource);
  return webAppHandler(context, {
    base: "/publisher",
    pages: {
      "/site/blocks/item-add/ajax/add.jag": { addAPI: (visit) => add(pool(), shared, visit) },
      "/site/blocks/item-add/ajax/remove.jag": { removeAPI: (visit) => remove(context, pool(), shared, visit) },
      "/site/blocks/life-cycles/ajax/life-cycles.jag": {
        updateStatus: (visit) => updateStatus(context, pool(), shared, visit),
      },
      "/site/blocks/listing/ajax/item-list.jag": {
        getAllAPIs: async () => ({ apis: (await shared.list(apisPath)).map((text) => JSON.parse(text) as Api) }),
      },
    },
  });
}

async function add(pool: Pool, shared: Registry, { user, field }: Visit): Promise<object> {
  const version = field("version");
  const path = field("context");
  if (!/^\/[\w./-]*\w$/.test(path)) {
    throw new Error(`context: expected a path such as /weather, found "${path}"`);
  }
  const endpoints = JSON.parse(field("endpoint_config")) as { production_endpoints?: { url?: string } };
  const endpoint = endpoints.production_endpoints?.url;
  if (endpoint === undefined || !URL.canParse(endpoint)) {
    throw new Error(`endpoint_config: production_endpoints.url: expected a URL, found "${endpoint}"`);
  }
  const api: Api = {
    name: field("name"),
    provider: user,
    version,
    context: `${path}/${version}`,
    endpoint,
    status: "CREATED",
    description: field("description", ""),
    tags: field("tags", "").split(",").filter(Boolean),
    tiers: field("tiersCollection", "Unlimited").split(","),
  };
  if (/[/\s]/.test(api.name + version)) {
    throw new Error(`name and version: expected neither spaces nor slashes, found "${api.name}" "${version}"`);
  }
  await transaction(pool, async (db) => {
    await addApi(db, api);
    // Before the commit, so that a registry that can't be written leaves no row behind.
    await shared.put(apiPath(api), JSON.stringify(api), user);
  });
  return {};
}

async function updateStatus(context: Context, pool: Pool, shared: Registry, visit: Visit): Promise<object> {
  const api = await findApi(shared, keyOf(visit));
  const status = visit.field("status");
  if (served.includes(status)) {
    const { name, provider, version, context: path, endpoint } = api;
    await atEveryGateway(context, "addApi", { name, provider, version, context: path, endpoint });
  } else {
    await atEveryGateway(context, "deleteApi", keyOf(visit));
  }
  await recordStatus(pool, api, status, visit.user);
  await shared.put(apiPath(api), JSON.stringify({ ...api, status }), visit.user);
  return {};
}

async function remove(context: Context, pool: Pool, shared: Registry, visit: Visit): Promise<object> {
  const key = keyOf(visit);
  const { status } = await findApi(shared, key);
  await transaction(pool, async (db) => {
    await removeApi(db, key);
    const gone = atEveryGateway(context, "deleteApi", key);
    // One that was never published may be at no gateway, or at some that a failed publishing reached.
    await (served.includes(status) ? gone : gone.catch((error: unknown) => context.log.warn(describe(error))));
    await shared.remove(apiPath(key));
  });
  return {};
}

/** The environments of api-manager.xml, one after another; the first that fails ends it. */
async function atEveryGateway({ configuration, caller }: Context, operation: string, input: object): Promise<void> {
  for (const environment of configuration.apiManager.environments) {
    await callService(caller, neighbourOf(environment), `APIGatewayAdmin/${operation}`, { ...input });
  }
}

function neighbourOf(environment: Environment) {
  return { service: environment, decidedBy: `Environment[${environment.name}]/ServerURL in ${apiManagerFile}` };
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
