import type { KeyType } from "./environments";
import { type Front, type FrontRequest, isBalancers } from "./front";
import type { ProbeAnswer } from "./httpProbe";

/** One version of an API, as Publisher and Store name it. */
export interface ApiName {
  readonly name: string;
  readonly version: string;
  readonly provider: string;
}

export interface NewApi extends ApiName {
  /** Without the version, e.g. `/weather`. */
  readonly context: string;
  /** URL for production keys. */
  readonly endpoint: string;
  /** URL for sandbox keys. */
  readonly sandboxEndpoint?: string;
}

export interface ListedApi extends ApiName {
  readonly context: string;
  readonly status: string;
}

/** Secret: how an application asks for tokens. */
export interface ConsumerKey {
  readonly consumerKey: string;
  readonly consumerSecret: string;
}

/** The server answered, but not as it should. */
export class Refused extends Error {}

/** The balancer has no server for this route. */
export class NoServer extends Refused {}

/** JSON of a web application: refusals are HTTP 200 with `error: true`. */
type Reply = Readonly<Record<string, unknown>>;

/** Somebody logged in at the Publisher or the Store, with that application's cookies. */
class Session {
  private readonly cookies = new Map<string, string>();

  constructor(
    private readonly front: Front,
    private readonly app: "publisher" | "store",
  ) {}

  /** @throws Refused with the server's message, or with what it answered in place of JSON */
  async post(block: string, form: Readonly<Record<string, string>>): Promise<Reply> {
    const path = `/${this.app}/site/blocks/${block}`;
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await this.front.ask({
      ...{ role: this.app, path, method: "POST", form },
      headers: { accept: "application/json", ...(cookie && { cookie }) },
    });
    for (const line of answer.headers["set-cookie"] ?? []) {
      const [name, value] = (line.split(";")[0] ?? "").split(/=(.*)/s);
      if (name && value !== undefined) this.cookies.set(name.trim(), value);
    }
    return replyOf(answer, `POST ${path} (${form.action})`);
  }

  async logIn(username: string, password: string): Promise<void> {
    await this.post("user/login/ajax/login.jag", { action: "login", username, password });
  }
}

/** The Publisher's requests, form-encoded with the session's cookie. */
export class Publisher {
  private readonly session: Session;

  constructor(front: Front) {
    this.session = new Session(front, "publisher");
  }

  logIn(username: string, password: string): Promise<void> {
    return this.session.logIn(username, password);
  }

  async addApi({ name, version, context, endpoint, sandboxEndpoint }: NewApi): Promise<void> {
    const endpoints = {
      production_endpoints: { url: endpoint, config: null },
      ...(sandboxEndpoint && { sandbox_endpoints: { url: sandboxEndpoint, config: null } }),
      endpoint_type: "http",
    };
    const operation = { "x-auth-type": "Application & Application User", "x-throttling-tier": "Unlimited" };
    const swagger = {
      ...{ swagger: "2.0", apiVersion: version, info: { title: name, version } },
      paths: { "/*": { get: { ...operation, responses: { 200: {} } } } },
    };
    await this.session.post("item-add/ajax/add.jag", {
      ...{ action: "addAPI", name, context, version, visibility: "public", thumbUrl: "" },
      ...{ description: "Made by verify", tags: "verify", endpointType: "nonsecured", tiersCollection: "Unlimited" },
      ...{ http_checked: "http", https_checked: "https", default_version_checked: "" },
      ...{ endpoint_config: JSON.stringify(endpoints), resourceCount: "0", "resourceMethod-0": "GET" },
      "resourceMethodAuthType-0": "Application & Application User",
      ...{ "resourceMethodThrottlingTier-0": "Unlimited", "uriTemplate-0": "/*", swagger: JSON.stringify(swagger) },
    });
  }

  async publish({ name, version, provider }: ApiName): Promise<void> {
    await this.session.post("life-cycles/ajax/life-cycles.jag", {
      ...{ action: "updateStatus", name, version, provider, status: "PUBLISHED" },
      ...{ publishToGateway: "true", requireResubscription: "true" },
    });
  }

  async removeApi({ name, version, provider }: ApiName): Promise<void> {
    await this.session.post("item-add/ajax/remove.jag", { action: "removeAPI", name, version, provider });
  }
}

/** The Store's requests. */
export class Store {
  private readonly session: Session;

  constructor(front: Front) {
    this.session = new Session(front, "store");
  }

  logIn(username: string, password: string): Promise<void> {
    return this.session.logIn(username, password);
  }

  async publishedApis(): Promise<readonly ListedApi[]> {
    const reply = await this.session.post("api/listing/ajax/list.jag", { action: "getAllPublishedAPIs" });
    return (reply.apis ?? []) as ListedApi[];
  }

  async addApplication(application: string): Promise<void> {
    await this.session.post("application/application-add/ajax/application-add.jag", {
      ...{ action: "addApplication", application, tier: "Unlimited", description: "", callbackUrl: "" },
    });
  }

  /** Its subscriptions and keys go with it. */
  async removeApplication(application: string): Promise<void> {
    await this.session.post("application/application-remove/ajax/application-remove.jag", {
      ...{ action: "removeApplication", application },
    });
  }

  async subscribe({ name, version, provider }: ApiName, applicationName: string): Promise<void> {
    await this.session.post("subscription/subscription-add/ajax/subscription-add.jag", {
      ...{ action: "addAPISubscription", name, version, provider, tier: "Unlimited", applicationName },
    });
  }

  async generateKey(application: string, keytype: KeyType): Promise<ConsumerKey> {
    const { data } = await this.session.post("subscription/subscription-add/ajax/subscription-add.jag", {
      ...{ action: "generateApplicationKey", application, keytype, callbackUrl: "" },
      ...{ authorizedDomains: "ALL", validityTime: "3600" },
    });
    const { consumerKey, consumerSecret } = ((data as Reply | undefined)?.key ?? {}) as Partial<ConsumerKey>;
    if (!consumerKey || !consumerSecret) throw new Refused("the Store's answer has no data.key.consumerKey");
    return { consumerKey, consumerSecret };
  }

  /** The keys of an application made earlier. @returns none when it is not subscribed to this API */
  async keysOf(application: string, api: ApiName): Promise<ReadonlyMap<KeyType, ConsumerKey>> {
    const reply = await this.session.post("subscription/subscription-list/ajax/subscription-list.jag", {
      action: "getAllSubscriptions",
    });
    const { applications = [] } = (reply.subscriptions ?? {}) as { applications?: readonly SubscribedApplication[] };
    const found = applications.find(({ name }) => name === application);
    const subscribed = found?.subscriptions?.some(({ name, version }) => name === api.name && version === api.version);
    if (!found || !subscribed) return new Map();
    const pairs = [
      ["PRODUCTION", found.prodConsumerKey, found.prodConsumerSecret],
      ["SANDBOX", found.sandboxConsumerKey, found.sandboxConsumerSecret],
    ] as const;
    return new Map(
      pairs.flatMap(([type, consumerKey, consumerSecret]) =>
        consumerKey && consumerSecret ? [[type, { consumerKey, consumerSecret }]] : [],
      ),
    );
  }
}

interface SubscribedApplication {
  readonly name: string;
  readonly prodConsumerKey?: string | null;
  readonly prodConsumerSecret?: string | null;
  readonly sandboxConsumerKey?: string | null;
  readonly sandboxConsumerSecret?: string | null;
  readonly subscriptions?: readonly { readonly name: string; readonly version: string }[];
}

/** The Gateway's own APIs, and calls to published ones, at one environment's host name. */
export class Gateway {
  constructor(
    private readonly front: Front,
    private readonly host: string,
  ) {}

  /** The application's own token. @throws Refused */
  async token(key: ConsumerKey): Promise<string> {
    const answer = await this.oauth("/token", key, { grant_type: "client_credentials" });
    const token = parse(answer.body)?.access_token;
    if (answer.status !== 200 || typeof token !== "string")
      throw new Refused(`POST /token: expected 200 with an access_token, found ${summary(answer)}`);
    return token;
  }

  /** @throws Refused */
  async revoke(key: ConsumerKey, token: string): Promise<void> {
    const answer = await this.oauth("/revoke", key, { token });
    if (answer.status !== 200) throw new Refused(`POST /revoke: expected 200, found ${summary(answer)}`);
  }

  /** Where a browser is sent to log in. @throws Refused when it is not sent anywhere */
  async authorize(consumerKey: string): Promise<string> {
    const query = new URLSearchParams({
      ...{ response_type: "code", client_id: consumerKey, scope: "PRODUCTION" },
      redirect_uri: "https://localhost/callback",
    });
    const answer = await this.ask({ entrance: "gatewayHttps", path: `/authorize?${query}` });
    const { location } = answer.headers;
    if (answer.status !== 302 || location === undefined)
      throw new Refused(`GET /authorize: expected 302 with a Location, found ${summary(answer)}`);
    return location;
  }

  /** @throws NoServer */
  async call(path: string, token: string | undefined, entrance: "gatewayHttps" | "gatewayHttp"): Promise<ProbeAnswer> {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return this.ask({ entrance, path, headers });
  }

  private async oauth(path: string, { consumerKey, consumerSecret }: ConsumerKey, form: Record<string, string>) {
    const basic = Buffer.from(`${consumerKey}:${consumerSecret}`).toString("base64");
    const headers = { authorization: `Basic ${basic}` };
    return this.ask({ entrance: "gatewayHttps", path, method: "POST", form, headers });
  }

  private async ask(request: Omit<FrontRequest, "role" | "host">): Promise<ProbeAnswer> {
    const answer = await this.front.ask({ ...request, role: "gateway", host: this.host });
    if (isBalancers(answer)) throw noServer(answer);
    return answer;
  }
}

function noServer({ status }: ProbeAnswer): NoServer {
  return new NoServer(`the load balancer answered ${status}: it has no healthy server for this`);
}

function replyOf(answer: ProbeAnswer, what: string): Reply {
  if (isBalancers(answer)) throw noServer(answer);
  const reply = parse(answer.body);
  if (answer.status !== 200 || reply === undefined)
    throw new Refused(`${what}: expected JSON with status 200, found ${summary(answer)}`);
  if (`${reply.error}` !== "false") throw new Refused(`refused: ${reply.message ?? "without a message"}`);
  return reply;
}

function parse(text: string): Reply | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Reply) : undefined;
  } catch {
    return undefined;
  }
}

/** Status and what a person can read of the body. */
export function summary({ status, body }: ProbeAnswer): string {
  const text = body
    .replace(/<(?:script|style)[\s\S]*?<\/(?:script|style)>/g, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
    .replace(/\s+/g, " ")
    .trim();
  return text === "" ? `status ${status}` : `status ${status}: ${text.slice(0, 600)}`;
}

/** The code of a gateway's fault, e.g. 900901. */
export function faultCode({ body }: ProbeAnswer): string | undefined {
  return /<(?:\w+:)?code>(\d+)<|"code"\s*:\s*"?(\d+)/.exec(body)?.slice(1).find(Boolean);
}

/** Whether a gateway refuses a good key because of its type, or because the API has no endpoint for that. */
export function isKeyTypeRefusal(answer: ProbeAnswer): boolean {
  const { status, body } = answer;
  return (status === 401 && / Key Provided for /.test(body)) || (status === 403 && faultCode(answer) === "900901");
}
