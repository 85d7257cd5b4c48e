import { Refused, type Reply, replyOf } from "./answers";
import type { KeyType } from "./environments";
import type { Front, FrontRequest } from "./front";
import type { ProbeAnswer } from "./httpProbe";

/** One version of an API, as Publisher and Store identify it. */
export interface ApiName {
  readonly name: string;
  readonly version: string;
  readonly provider: string;
}

export interface NewApi extends ApiName {
  /** The path without the version, e.g. `/weather`. */
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

/** The credentials with which an application gets tokens; secret. */
export interface ConsumerKey {
  readonly consumerKey: string;
  readonly consumerSecret: string;
}

/** Where a browser returns with a code after a user's log-in. Nothing answers there, and nothing is sent. */
export const callbackUrl = "https://localhost/callback";

/** A user's session at the Publisher or the Store, with its cookies. */
export class Session {
  /** Cookies by name. */
  readonly cookies = new Map<string, string>();

  constructor(
    private readonly front: Front,
    private readonly app: "publisher" | "store",
  ) {}

  /** @throws Refused with the server's message, or with its answer if that is not JSON */
  async post(block: string, form: Readonly<Record<string, string>>): Promise<Reply> {
    const path = `/${this.app}/site/blocks/${block}`;
    const answer = await this.ask({ path, method: "POST", form, headers: { accept: "application/json" } });
    return replyOf(answer, `POST ${path} (${form.action})`);
  }

  /** Sends one request with the session's cookies, and keeps those that the answer sets. */
  async ask(request: Pick<FrontRequest, "path" | "method" | "form" | "headers">): Promise<ProbeAnswer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    // Once a page of the Store has set this cookie, its forms must repeat it in a header, as the page's scripts do.
    const token = request.method === "POST" ? this.cookies.get("csrftoken") : undefined;
    const headers = { ...request.headers, ...(cookie && { cookie }), ...(token && { "x-csrftoken": token }) };
    const answer = await this.front.ask({ ...request, role: this.app, headers });
    for (const line of answer.headers["set-cookie"] ?? []) {
      const [name, value] = (line.split(";")[0] ?? "").split(/=(.*)/s);
      if (name && value !== undefined) this.cookies.set(name.trim(), value);
    }
    return answer;
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
    const methods = ["GET", "POST"];
    const each = (value: string) => methods.map(() => value).join(",");
    const operation = {
      "x-auth-type": "Application & Application User",
      "x-throttling-tier": "Unlimited",
      responses: { 200: {} },
    };
    const swagger = {
      swagger: "2.0",
      apiVersion: version,
      info: { title: name, version },
      paths: { "/*": Object.fromEntries(methods.map((method) => [method.toLowerCase(), operation])) },
    };
    await this.session.post("item-add/ajax/add.jag", {
      action: "addAPI",
      name,
      context,
      version,
      visibility: "public",
      thumbUrl: "",
      description: "Created by verify",
      tags: "verify",
      endpointType: "nonsecured",
      tiersCollection: "Unlimited",
      http_checked: "http",
      https_checked: "https",
      default_version_checked: "",
      endpoint_config: JSON.stringify(endpoints),
      resourceCount: "0",
      "resourceMethod-0": methods.join(","),
      "resourceMethodAuthType-0": each("Application & Application User"),
      "resourceMethodThrottlingTier-0": each("Unlimited"),
      "uriTemplate-0": "/*",
      swagger: JSON.stringify(swagger),
    });
  }

  async publish({ name, version, provider }: ApiName): Promise<void> {
    await this.session.post("life-cycles/ajax/life-cycles.jag", {
      action: "updateStatus",
      name,
      version,
      provider,
      status: "PUBLISHED",
      publishToGateway: "true",
      requireResubscription: "true",
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

  /** @param tenant the domain of the tenant whose APIs are listed. @default the super tenant */
  async publishedApis(tenant?: string): Promise<readonly ListedApi[]> {
    const form = { action: "getAllPublishedAPIs", ...(tenant !== undefined && { tenant }) };
    const reply = await this.session.post("api/listing/ajax/list.jag", form);
    return (reply.apis ?? []) as ListedApi[];
  }

  async addApplication(application: string): Promise<void> {
    await this.session.post("application/application-add/ajax/application-add.jag", {
      action: "addApplication",
      application,
      tier: "Unlimited",
      description: "",
      callbackUrl,
    });
  }

  /** Creates a user by self sign-up. @param details values for the page's fields, in their order. @throws Refused */
  async signUp(username: string, password: string, details: readonly string[]): Promise<void> {
    const allFieldsValues = details.join("|");
    await this.session.post("user/sign-up/ajax/user-add.jag", {
      action: "addUser",
      username,
      password,
      allFieldsValues,
    });
  }

  /** Removes the application with its subscriptions and keys. */
  async removeApplication(application: string): Promise<void> {
    await this.session.post("application/application-remove/ajax/application-remove.jag", {
      action: "removeApplication",
      application,
    });
  }

  async subscribe({ name, version, provider }: ApiName, applicationName: string): Promise<void> {
    await this.session.post("subscription/subscription-add/ajax/subscription-add.jag", {
      action: "addAPISubscription",
      name,
      version,
      provider,
      tier: "Unlimited",
      applicationName,
    });
  }

  async generateKey(application: string, keytype: KeyType): Promise<ConsumerKey> {
    const { data } = await this.session.post("subscription/subscription-add/ajax/subscription-add.jag", {
      action: "generateApplicationKey",
      application,
      keytype,
      callbackUrl,
      authorizedDomains: "ALL",
      validityTime: "3600",
    });
    const { consumerKey, consumerSecret } = ((data as Reply | undefined)?.key ?? {}) as Partial<ConsumerKey>;
    if (!consumerKey || !consumerSecret)
      throw new Refused("expected data.key.consumerKey and consumerSecret in the Store's answer, found none");
    return { consumerKey, consumerSecret };
  }

  /** The keys of an existing application. @returns an empty map when the application is not subscribed to this API */
  async keysOf(application: string, api: ApiName): Promise<ReadonlyMap<KeyType, ConsumerKey>> {
    const reply = await this.session.post("subscription/subscription-list/ajax/subscription-list.jag", {
      action: "getAllSubscriptions",
      // Without it, the Store answers the subscriptions and keys of the user's first application only.
      selectedApp: application,
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
