import type { Endpoints } from "../environmentApi";
import { type Owner, registryName } from "../users";
import { change, type Queries, row } from "./rows";

/** An API as the Publisher stores it in the registry. */
export interface Api {
  readonly name: string;
  readonly provider: string;
  readonly version: string;
  /** With the version, e.g. `/weather/1.0.0`. */
  readonly context: string;
  readonly endpoints: Endpoints;
  /** HTTP methods. @default GET: an API that an earlier state of the stand-in stored */
  readonly methods?: readonly string[];
  readonly status: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly tiers: readonly string[];
}

/** The identity of an API. */
export type ApiKey = Pick<Api, "name" | "provider" | "version">;

/** The path of all APIs in the registry. */
export const apisPath = "/_system/governance/apimgt/applicationdata/provider";

/** The path of an API in the registry. */
export function apiPath({ provider, name, version }: ApiKey): string {
  return `${apisPath}/${registryName(provider)}/${name}/${version}/api`;
}

/** The ID of an API in apimgtdb. */
export async function findApiId(db: Queries, { provider, name, version }: ApiKey): Promise<number | undefined> {
  const found = await row<{ API_ID: number }>(
    db,
    "SELECT API_ID FROM AM_API WHERE API_PROVIDER = ? AND API_NAME = ? AND API_VERSION = ?",
    [provider, name, version],
  );
  return found?.API_ID;
}

/** Adds an API to apimgtdb. @throws when another API has the same name and version, or the same context */
export async function addApi(db: Queries, api: Api, { tenant }: Pick<Owner, "tenant">): Promise<void> {
  const taken = await row<{ API_NAME: string }>(
    db,
    "SELECT API_NAME FROM AM_API WHERE CONTEXT = ? OR (API_PROVIDER = ? AND API_NAME = ? AND API_VERSION = ?)",
    [api.context, api.provider, api.name, api.version],
  );
  if (taken !== undefined) {
    throw new Error(`API ${taken.API_NAME} already has this name and version, or the context ${api.context}`);
  }
  const { id } = await change(
    db,
    `INSERT INTO AM_API (API_PROVIDER, API_NAME, API_VERSION, CONTEXT, CONTEXT_TEMPLATE, CREATED_BY, CREATED_TIME)
     VALUES (?, ?, ?, ?, ?, ?, NOW())`,
    [api.provider, api.name, api.version, api.context, api.context, api.provider],
  );
  await change(
    db,
    `INSERT INTO AM_API_URL_MAPPING (API_ID, HTTP_METHOD, AUTH_SCHEME, URL_PATTERN, THROTTLING_TIER)
     VALUES (?, 'GET', 'Any', '/*', 'Unlimited')`,
    [id],
  );
  await addEvent(db, id, null, api.status, { user: api.provider, tenant });
}

/** Records a change of status. */
export async function recordStatus(db: Queries, api: Api, status: string, owner: Owner): Promise<void> {
  const id = await findApiId(db, api);
  if (id !== undefined) {
    await addEvent(db, id, api.status, status, owner);
  }
}

/** Removes an API. @throws when the API has subscriptions */
export async function removeApi(db: Queries, key: ApiKey): Promise<void> {
  const id = await findApiId(db, key);
  if (id === undefined) {
    return;
  }
  if ((await row(db, "SELECT SUBSCRIPTION_ID FROM AM_SUBSCRIPTION WHERE API_ID = ? LIMIT 1", [id])) !== undefined) {
    throw new Error(`API ${key.name} ${key.version} has subscriptions; remove them first`);
  }
  for (const table of ["AM_API_URL_MAPPING", "AM_API_LC_EVENT", "AM_API"]) {
    await change(db, `DELETE FROM ${table} WHERE API_ID = ?`, [id]);
  }
}

async function addEvent(db: Queries, id: number, from: string | null, to: string, { user, tenant }: Owner) {
  await change(
    db,
    `INSERT INTO AM_API_LC_EVENT (API_ID, PREVIOUS_STATE, NEW_STATE, USER_ID, TENANT_ID, EVENT_DATE)
     VALUES (?, ?, ?, ?, ?, NOW())`,
    [id, from, to, user, tenant],
  );
}
