import type { Pool } from "mysql2/promise";
import type { Owner } from "../users";
import { type ApiKey, findApiId } from "./apis";
import type { KeyType } from "./keyTypes";
import { change, type Queries, row, rows, transaction } from "./rows";

export interface Application {
  readonly id: number;
  readonly name: string;
  readonly tier: string;
  readonly callbackUrl: string;
  readonly description: string;
}

export interface Subscription extends ApiKey {
  readonly applicationId: number;
  readonly context: string;
  readonly tier: string;
}

export interface ApplicationKey {
  readonly applicationId: number;
  readonly keyType: KeyType;
  readonly consumerKey: string;
}

/** Every subscriber has it, as in the product. */
const defaultApplication = "DefaultApplication";

/** The ID of a subscriber. A new subscriber is created with the default application. */
export async function subscriberId(pool: Pool, owner: Owner): Promise<number> {
  const known = await findSubscriber(pool, owner);
  if (known !== undefined) {
    return known;
  }
  try {
    return await transaction(pool, (db) => insertSubscriber(db, owner));
  } catch (error) {
    // Another request may have created the subscriber at the same moment.
    const created = await findSubscriber(pool, owner);
    if (created === undefined) {
      throw error;
    }
    return created;
  }
}

async function findSubscriber(db: Queries, { user, tenant }: Owner): Promise<number | undefined> {
  const sql = "SELECT SUBSCRIBER_ID FROM AM_SUBSCRIBER WHERE USER_ID = ? AND TENANT_ID = ?";
  return (await row<{ SUBSCRIBER_ID: number }>(db, sql, [user, tenant]))?.SUBSCRIBER_ID;
}

async function insertSubscriber(db: Queries, { user, tenant }: Owner): Promise<number> {
  const { id } = await change(
    db,
    `INSERT INTO AM_SUBSCRIBER (USER_ID, TENANT_ID, EMAIL_ADDRESS, DATE_SUBSCRIBED, CREATED_BY, CREATED_TIME)
     VALUES (?, ?, '', NOW(), ?, NOW())`,
    [user, tenant, user],
  );
  await insertApplication(db, id, user, {
    name: defaultApplication,
    tier: "Unlimited",
    callbackUrl: "",
    description: "",
  });
  return id;
}

/** @throws when the subscriber has an application of this name */
export async function addApplication(pool: Pool, owner: Owner, application: Omit<Application, "id">): Promise<void> {
  const subscriber = await subscriberId(pool, owner);
  if ((await applications(pool, owner)).some(({ name }) => name === application.name)) {
    throw new Error(`application "${application.name}" already exists`);
  }
  await insertApplication(pool, subscriber, owner.user, application);
}

/** The subscriber's applications, by name. */
export async function applications(db: Queries, { user, tenant }: Owner): Promise<Application[]> {
  return rows<Application>(
    db,
    `SELECT app.APPLICATION_ID AS id, app.NAME AS name, app.APPLICATION_TIER AS tier,
            COALESCE(app.CALLBACK_URL, '') AS callbackUrl, COALESCE(app.DESCRIPTION, '') AS description
       FROM AM_APPLICATION app JOIN AM_SUBSCRIBER subscriber ON subscriber.SUBSCRIBER_ID = app.SUBSCRIBER_ID
      WHERE subscriber.USER_ID = ? AND subscriber.TENANT_ID = ? ORDER BY app.NAME`,
    [user, tenant],
  );
}

/** @throws when the subscriber has no application of this name */
export async function applicationNamed(db: Queries, owner: Owner, name: string): Promise<Application> {
  const found = (await applications(db, owner)).find((one) => one.name === name);
  if (found === undefined) {
    throw new Error(`there is no application "${name}"`);
  }
  return found;
}

/** Deletes an application with its subscriptions and keys. */
export function removeApplication(pool: Pool, id: number): Promise<void> {
  return transaction(pool, async (db) => {
    for (const table of ["AM_SUBSCRIPTION", "AM_APPLICATION_KEY_MAPPING", "AM_APPLICATION"]) {
      await change(db, `DELETE FROM ${table} WHERE APPLICATION_ID = ?`, [id]);
    }
  });
}

/** @throws when the API does not exist, or the application is already subscribed to it */
export async function addSubscription(db: Queries, applicationId: number, api: ApiKey, tier: string, user: string) {
  const apiId = await findApiId(db, api);
  if (apiId === undefined) {
    throw new Error(`API ${api.name} ${api.version} of ${api.provider} is not in the API Manager database`);
  }
  if ((await subscriptions(db, [applicationId])).some((one) => one.name === api.name && one.version === api.version)) {
    throw new Error(`the application is already subscribed to ${api.name} ${api.version}`);
  }
  await change(
    db,
    `INSERT INTO AM_SUBSCRIPTION (TIER_ID, API_ID, APPLICATION_ID, SUB_STATUS, CREATED_BY, CREATED_TIME)
     VALUES (?, ?, ?, 'UNBLOCKED', ?, NOW())`,
    [tier, apiId, applicationId, user],
  );
}

/** @returns whether the subscription existed */
export async function removeSubscription(db: Queries, applicationId: number, api: ApiKey): Promise<boolean> {
  const apiId = await findApiId(db, api);
  const sql = "DELETE FROM AM_SUBSCRIPTION WHERE APPLICATION_ID = ? AND API_ID = ?";
  return (await change(db, sql, [applicationId, apiId ?? 0])).count > 0;
}

/** The subscriptions of applications. */
export async function subscriptions(db: Queries, applicationIds: readonly number[]): Promise<Subscription[]> {
  const found = await Promise.all(
    applicationIds.map((id) =>
      rows<Subscription>(
        db,
        `SELECT subscription.APPLICATION_ID AS applicationId, subscription.TIER_ID AS tier, api.API_NAME AS name,
                api.API_PROVIDER AS provider, api.API_VERSION AS version, api.CONTEXT AS context
           FROM AM_SUBSCRIPTION subscription JOIN AM_API api ON api.API_ID = subscription.API_ID
          WHERE subscription.APPLICATION_ID = ? ORDER BY api.API_NAME, api.API_VERSION`,
        [id],
      ),
    ),
  );
  return found.flat();
}

/** The keys of an application. */
export function applicationKeys(db: Queries, applicationId: number) {
  return rows<ApplicationKey & { readonly consumerSecret: string | null }>(
    db,
    `SELECT mapping.APPLICATION_ID AS applicationId, mapping.KEY_TYPE AS keyType, mapping.CONSUMER_KEY AS consumerKey,
            client.CONSUMER_SECRET AS consumerSecret
       FROM AM_APPLICATION_KEY_MAPPING mapping
       LEFT JOIN IDN_OAUTH_CONSUMER_APPS client ON client.CONSUMER_KEY = mapping.CONSUMER_KEY
      WHERE mapping.APPLICATION_ID = ?`,
    [applicationId],
  );
}

/** Adds a key to an application. */
export async function addApplicationKey(db: Queries, { applicationId, keyType, consumerKey }: ApplicationKey) {
  await change(
    db,
    "INSERT INTO AM_APPLICATION_KEY_MAPPING (APPLICATION_ID, CONSUMER_KEY, KEY_TYPE, STATE) VALUES (?, ?, ?, 'COMPLETED')",
    [applicationId, consumerKey, keyType],
  );
}

/** Removes the key of this type. */
export async function removeApplicationKey(db: Queries, { applicationId, keyType }: ApplicationKey): Promise<void> {
  const sql = "DELETE FROM AM_APPLICATION_KEY_MAPPING WHERE APPLICATION_ID = ? AND KEY_TYPE = ?";
  await change(db, sql, [applicationId, keyType]);
}

async function insertApplication(db: Queries, subscriber: number, user: string, application: Omit<Application, "id">) {
  const { name, tier, callbackUrl, description } = application;
  await change(
    db,
    `INSERT INTO AM_APPLICATION
       (NAME, SUBSCRIBER_ID, APPLICATION_TIER, CALLBACK_URL, DESCRIPTION, GROUP_ID, CREATED_BY, CREATED_TIME)
     VALUES (?, ?, ?, ?, ?, '', ?, NOW())`,
    [name, subscriber, tier, callbackUrl, description, user],
  );
}
