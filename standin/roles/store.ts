import type { Pool } from "mysql2/promise";
import { apiManagerFile } from "../configuration/apiManager";
import type { Context } from "../context";
import { type Api, apisPath } from "../data/apis";
import { keyTypes } from "../data/keyTypes";
import { type Registry, registries } from "../data/registry";
import * as data from "../data/subscriptions";
import { activeTenant } from "../data/tenants";
import { activeTokens, type Client } from "../data/tokens";
import { describe } from "../errors";
import { callService, gatewayTarget, keyManagerTarget, postToGateway } from "../serviceClient";
import { type Visit, webAppHandler } from "../webApp";
import type { RoleParts } from "./parts";
import { signUpHandler } from "./selfSignUp";

const subscriptionPage = "/site/blocks/subscription/subscription-add/ajax/subscription-add.jag";

/** Published APIs from the shared registry, applications and subscriptions from apimgtdb. */
export function storeParts(context: Context): RoleParts {
  const sharedBy = registries(context);
  const pool = (): Pool => context.databases.pool(context.configuration.apiManager.dataSource);
  const handler = webAppHandler(context, {
    base: "/store",
    pages: {
      "/site/blocks/api/listing/ajax/list.jag": {
        getAllPublishedAPIs: async (visit) => ({
          apis: await publishedApis(sharedBy(await chosenTenant(context, visit))),
        }),
      },
      "/site/blocks/application/application-list/ajax/application-list.jag": {
        getApplications: async (visit) => ({ applications: await data.applications(pool(), visit) }),
      },
      "/site/blocks/application/application-add/ajax/application-add.jag": {
        addApplication: (visit) => addApplication(pool(), visit),
      },
      "/site/blocks/application/application-remove/ajax/application-remove.jag": {
        removeApplication: (visit) => removeApplication(context, pool(), visit),
      },
      "/site/blocks/subscription/subscription-list/ajax/subscription-list.jag": {
        getAllSubscriptions: (visit) => allSubscriptions(pool(), visit),
      },
      [subscriptionPage]: {
        addAPISubscription: (visit) => subscribe(pool(), sharedBy(visit.tenant), visit),
        generateApplicationKey: (visit) => generateKey(context, pool(), visit),
      },
      "/site/blocks/subscription/subscription-remove/ajax/subscription-remove.jag": {
        removeSubscription: (visit) => unsubscribe(context, pool(), visit),
      },
    },
  });
  // Once the list is in memory, only a cluster message makes the Store read it again.
  const warmUp = async (): Promise<void> => {
    await sharedBy()
      .list(apisPath)
      .catch((error: unknown) => context.log.warn(`published APIs: ${describe(error)}`));
  };
  context.cluster.onJoin(() => void warmUp());
  return { management: [signUpHandler(context), handler], seed: warmUp };
}

async function publishedApis(shared: Registry): Promise<Api[]> {
  return (await shared.list(apisPath))
    .map((text) => JSON.parse(text) as Api)
    .filter(({ status }) => status === "PUBLISHED");
}

/** The tenant of the field `tenant`, as in the product; without it the user's own. @throws when there is no such tenant */
async function chosenTenant(context: Context, { tenant, field }: Visit): Promise<number> {
  const domain = field("tenant", "");
  return domain === "" ? tenant : (await activeTenant(context, domain)).id;
}

async function addApplication(pool: Pool, visit: Visit): Promise<object> {
  const { field } = visit;
  await data.addApplication(pool, visit, {
    name: field("application"),
    tier: field("tier", "Unlimited"),
    callbackUrl: field("callbackUrl", ""),
    description: field("description", ""),
  });
  return { status: "APPROVED" };
}

/** Removes the keys first: an application without keys can still be removed, but keys without an application can't. */
async function removeApplication(context: Context, pool: Pool, visit: Visit): Promise<object> {
  const { id } = await data.applicationNamed(pool, visit, visit.field("application"));
  const tokens = await tokensOf(pool, id);
  for (const { consumerKey } of await data.applicationKeys(pool, id)) {
    await askKeyManager(context, "removeOAuthApplication", { consumerKey });
  }
  await data.removeApplication(pool, id);
  await forgetEverywhere(context, tokens);
  return {};
}

async function tokensOf(pool: Pool, applicationId: number): Promise<string[]> {
  const keys = await data.applicationKeys(pool, applicationId);
  return (await Promise.all(keys.map(({ consumerKey }) => activeTokens(pool, consumerKey)))).flat();
}

/** Makes the gateways of all environments forget tokens. As in the product, a failure is only logged. */
async function forgetEverywhere({ configuration, caller, log }: Context, tokens: readonly string[]): Promise<void> {
  for (const environment of configuration.apiManager.environments) {
    const target = gatewayTarget(environment);
    const done = callService(caller, target, "APIAuthenticationService/invalidateKeys", { tokens });
    await done.catch((error: unknown) => log.warn(describe(error)));
  }
}

/** As in the product, only the selected application has its subscriptions and keys: by default the user's first one. */
async function allSubscriptions(pool: Pool, visit: Visit): Promise<object> {
  const all = await data.applications(pool, visit);
  const selected = visit.field("selectedApp", all[0]?.name ?? "none");
  const found = all.map(async ({ id, name, callbackUrl }) => {
    if (name !== selected) {
      return { id, name, callbackUrl, subscriptions: [] };
    }
    const keys = await data.applicationKeys(pool, id);
    const [production, sandbox] = keyTypes.map((type) => keys.find(({ keyType }) => keyType === type));
    return {
      id,
      name,
      callbackUrl,
      prodConsumerKey: production?.consumerKey ?? null,
      prodConsumerSecret: production?.consumerSecret ?? null,
      sandboxConsumerKey: sandbox?.consumerKey ?? null,
      sandboxConsumerSecret: sandbox?.consumerSecret ?? null,
      subscriptions: await data.subscriptions(pool, [id]),
    };
  });
  return { subscriptions: { applications: await Promise.all(found) } };
}

async function subscribe(pool: Pool, shared: Registry, visit: Visit): Promise<object> {
  const { user, field } = visit;
  const api = { name: field("name"), version: field("version"), provider: field("provider") };
  const visible = await publishedApis(shared);
  if (!visible.some((one) => one.name === api.name && one.version === api.version && one.provider === api.provider)) {
    throw new Error(`API ${api.name} ${api.version} of ${api.provider} is not among the published APIs`);
  }
  await data.subscriberId(pool, visit);
  const { id } = await data.applicationNamed(pool, visit, field("applicationName"));
  await data.addSubscription(pool, id, api, field("tier", "Unlimited"), user);
  return { status: "UNBLOCKED" };
}

async function unsubscribe(context: Context, pool: Pool, visit: Visit): Promise<object> {
  const { field } = visit;
  const api = { name: field("name"), version: field("version"), provider: field("provider") };
  const all = await data.applications(pool, visit);
  const id = field("applicationId", "");
  const application = id === "" ? await data.applicationNamed(pool, visit, field("applicationName")) : undefined;
  const found = application ?? all.find((one) => `${one.id}` === id);
  if (found === undefined || !(await data.removeSubscription(pool, found.id, api))) {
    throw new Error(`there is no subscription to ${api.name} ${api.version}`);
  }
  await forgetEverywhere(context, await tokensOf(pool, found.id));
  return {};
}

/** Creates a client at the Key Manager and gets its first token through the gateway. A failure removes the client again. */
async function generateKey(context: Context, pool: Pool, visit: Visit): Promise<object> {
  const { user, field } = visit;
  const application = await data.applicationNamed(pool, visit, field("application"));
  const asked = field("keytype");
  const keyType = keyTypes.find((one) => one === asked);
  if (keyType === undefined) {
    throw new Error(`keytype: expected ${keyTypes.join(" or ")}, found "${asked}"`);
  }
  if ((await data.applicationKeys(pool, application.id)).some((one) => one.keyType === keyType)) {
    throw new Error(`application "${application.name}" already has ${keyType} keys`);
  }
  const client = (await askKeyManager(context, "createOAuthApplication", {
    user,
    name: `${user}_${application.name}_${keyType}`,
    callbackUrl: field("callbackUrl", ""),
  })) as Client;
  const key = { applicationId: application.id, keyType, consumerKey: client.key };
  try {
    await data.addApplicationKey(pool, key);
    const token = await firstToken(context, client);
    return {
      data: {
        key: {
          consumerKey: client.key,
          consumerSecret: client.secret,
          accessToken: token.access_token,
          validityTime: token.expires_in,
          accessallowdomains: field("authorizedDomains", "ALL"),
          enableRegenarate: true,
        },
      },
    };
  } catch (error) {
    await data.removeApplicationKey(pool, key).catch(() => undefined);
    await askKeyManager(context, "removeOAuthApplication", { consumerKey: client.key }).catch(() => undefined);
    throw error;
  }
}

/** Gets a token for a client. As in the product, the gateway's token API has the same base URL as its revoke API. */
async function firstToken({ configuration, caller }: Context, client: Client) {
  const { revokeUrl, element } = configuration.apiManager.keyValidation;
  if (revokeUrl === undefined) {
    throw new Error(
      `${apiManagerFile}: ${element}/RevokeAPIURL is missing; the Store gets the first token of new keys there`,
    );
  }
  const url = revokeUrl.replace(/\/revoke$/, "/token");
  const text = await postToGateway(caller, "token", { url, body: "grant_type=client_credentials", client });
  return JSON.parse(text) as { access_token: string; expires_in: number };
}

function askKeyManager({ configuration, caller }: Context, operation: string, input: Record<string, unknown>) {
  return callService(caller, keyManagerTarget(configuration), `APIKeyMgtSubscriberService/${operation}`, input);
}
