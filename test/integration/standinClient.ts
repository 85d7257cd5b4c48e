import assert from "node:assert/strict";
import { fetchFrom, type TestAnswer } from "../standin/homes";

/** A JSON answer of a web application. */
export interface Reply {
  readonly error: boolean;
  readonly message?: string;
  readonly apis?: readonly { readonly name: string; readonly status: string }[];
  readonly applications?: readonly { readonly name: string }[];
  readonly subscriptions?: {
    readonly applications: readonly {
      readonly id: number;
      readonly name: string;
      readonly prodConsumerKey: string | null;
      readonly prodConsumerSecret: string | null;
      readonly subscriptions: readonly { readonly name: string; readonly version: string }[];
    }[];
  };
  readonly data?: { readonly key: { readonly consumerKey: string; readonly consumerSecret: string } };
}

const hosts = { publisher: ["publisher.test", 9445], store: ["store.test", 9446] } as const;

/** A user with a browser and a client program, for the Publisher, the Store and the gateway. */
export class Person {
  private readonly cookies = new Map<string, string>();

  /** @param user the name with which the person logs in and provides APIs */
  constructor(private readonly user = "admin") {}

  async post(app: "publisher" | "store", page: string, fields: Record<string, string>): Promise<Reply> {
    const [host, port] = hosts[app];
    const answer = await fetchFrom(host, port, `/${app}/site/blocks/${page}`, {
      method: "POST",
      body: new URLSearchParams(fields).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", cookie: this.cookies.get(app) ?? "" },
    });
    assert.equal(answer.status, 200, answer.text);
    const [cookie] = [answer.headers["set-cookie"] ?? []].flat();
    if (cookie !== undefined) {
      this.cookies.set(app, cookie.split(";")[0] ?? "");
    }
    return JSON.parse(answer.text) as Reply;
  }

  logIn(app: "publisher" | "store", password = "admin"): Promise<Reply> {
    return this.post(app, "user/login/ajax/login.jag", { action: "login", username: this.user, password });
  }

  addApi(name: string, endpoints: Partial<Record<"production" | "sandbox", string>>, methods = "GET"): Promise<Reply> {
    const config = Object.entries(endpoints).map(([type, url]) => [`${type}_endpoints`, { url, config: null }]);
    return this.post("publisher", "item-add/ajax/add.jag", {
      action: "addAPI",
      name,
      context: `/${name.toLowerCase()}`,
      version: "1.0.0",
      endpoint_config: JSON.stringify({ ...Object.fromEntries(config), endpoint_type: "http" }),
      tiersCollection: "Unlimited",
      resourceCount: "0",
      "resourceMethod-0": methods,
    });
  }

  publish(name: string): Promise<Reply> {
    return this.post("publisher", "life-cycles/ajax/life-cycles.jag", {
      action: "updateStatus",
      name,
      version: "1.0.0",
      provider: this.user,
      status: "PUBLISHED",
      publishToGateway: "true",
      requireResubscription: "true",
    });
  }

  removeApi(name: string): Promise<Reply> {
    const fields = { action: "removeAPI", name, version: "1.0.0", provider: this.user };
    return this.post("publisher", "item-add/ajax/remove.jag", fields);
  }

  async published(): Promise<string[]> {
    const reply = await this.post("store", "api/listing/ajax/list.jag", { action: "getAllPublishedAPIs" });
    return (reply.apis ?? []).map(({ name }) => name);
  }

  addApplication(application: string): Promise<Reply> {
    const fields = { action: "addApplication", application, tier: "Unlimited", description: "", callbackUrl: "" };
    return this.post("store", "application/application-add/ajax/application-add.jag", fields);
  }

  removeApplication(application: string): Promise<Reply> {
    const fields = { action: "removeApplication", application };
    return this.post("store", "application/application-remove/ajax/application-remove.jag", fields);
  }

  subscribe(name: string, applicationName: string): Promise<Reply> {
    return this.post("store", "subscription/subscription-add/ajax/subscription-add.jag", {
      action: "addAPISubscription",
      name,
      version: "1.0.0",
      provider: this.user,
      tier: "Unlimited",
      applicationName,
    });
  }

  generateKeys(application: string, keytype = "PRODUCTION"): Promise<Reply> {
    return this.post("store", "subscription/subscription-add/ajax/subscription-add.jag", {
      action: "generateApplicationKey",
      application,
      keytype,
      callbackUrl: "https://localhost/callback",
      authorizedDomains: "ALL",
      validityTime: "3600",
    });
  }

  /** Posts a form to /token or /revoke on the gateway. */
  oauth(path: string, key: { consumerKey: string; consumerSecret: string }, fields: Record<string, string>) {
    const basic = Buffer.from(`${key.consumerKey}:${key.consumerSecret}`).toString("base64");
    return fetchFrom("gateway.test", 8244, path, {
      method: "POST",
      body: new URLSearchParams(fields).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", authorization: `Basic ${basic}` },
    });
  }

  async token(key: { consumerKey: string; consumerSecret: string }): Promise<string> {
    const answer = await this.oauth("/token", key, { grant_type: "client_credentials" });
    assert.equal(answer.status, 200, answer.text);
    return (JSON.parse(answer.text) as { access_token: string }).access_token;
  }

  /** Calls with GET, or with POST when there is a body. */
  callApi(path: string, token?: string, body?: string): Promise<TestAnswer> {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return fetchFrom("gateway.test", 8244, path, { headers, ...(body !== undefined && { method: "POST", body }) });
  }
}

/** Fails the test when the reply is an error. */
export async function good(reply: Promise<Reply>): Promise<Reply> {
  const found = await reply;
  assert.equal(found.error, false, found.message);
  return found;
}

/** The message of a reply that must be an error. */
export async function refusal(reply: Promise<Reply>): Promise<string> {
  const found = await reply;
  assert.equal(found.error, true, "expected an error, found none");
  return found.message ?? "";
}
