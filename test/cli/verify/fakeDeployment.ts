import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Backend } from "../../../cli/verify/backend";
import type { KeyType } from "../../../cli/verify/environments";
import type { StackOutputs } from "../../../outputs";
import { parseSettings } from "../../../plan/settings";
import type { RawSettings } from "../../../settings";
import { buildTopology, type Topology } from "../../../topology";
import { fakePage } from "./fakePages";
import type { Answer, Seen } from "./fakeRequest";

export type { Answer, Seen } from "./fakeRequest";

/** Replaces an answer; undefined keeps the good one. */
export type Override = (seen: Seen) => Answer | undefined;

/** Answers the product's requests from memory on one HTTP port, to test what verify sends and how it judges answers. */
export class FakeDeployment {
  readonly seen: Seen[] = [];
  readonly apis = new Set<string>();
  readonly applications = new Set<string>();
  readonly revoked = new Set<string>();
  /** Gateways that receive no calls. */
  readonly down = new Set<string>();
  override: Override = () => undefined;
  /** Requests that are never answered. */
  silent: (seen: Seen) => boolean = () => false;
  private turn = 0;
  /** Settings that differ from the defaults. */
  settings: RawSettings = {};
  /** The answers of the endpoints behind the gateways. */
  readonly answers: Record<KeyType, string> = { PRODUCTION: "from the endpoint", SANDBOX: "from the sandbox endpoint" };
  /** Whether gateways have the API _UserInfoAPI_.xml. */
  hasUserInfoApi = true;
  /** What gateways answer to a browser's question which pages may call an API. */
  allowedOrigin = "*";
  /** The endpoints as verify knows them. */
  backend: Backend = {
    urls: { PRODUCTION: "http://backend:1", SANDBOX: "http://backend:1/sandbox" },
    isAnswer: (endpoint, _, body) => body === this.answers[endpoint],
    close: async () => undefined,
  };
  /** With a backend that verify serves: what gateways change in the calls that they forward to it. */
  forwarding: (seen: Seen) => { readonly body?: Buffer; readonly headers?: Record<string, string> } = () => ({});
  /** Host name of an environment -> the type of keys that its gateway accepts, contrary to the settings. */
  readonly wrongTypes = new Map<string, string>();
  /** Token -> the type of the key that it was issued for. */
  private readonly tokens = new Map<string, KeyType>();
  private server: Server | undefined;
  private port = 0;

  async start(): Promise<void> {
    const server = createServer((request, response) => void this.receive(request, response));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  stop(): Promise<void> {
    return new Promise((done) => {
      this.server?.close(() => done());
      this.server?.closeAllConnections();
    });
  }

  /** Its URLs, as the stack's outputs have them. */
  urls: StackOutputs["urls"] = { keyManager: "", publisher: "", store: "", gatewayHttps: "", gatewayHttp: "" };

  /** The stack's outputs, as verify reads them. */
  get outputs() {
    const { topology, urls, settings } = this;
    const administrator = { adminUser: "admin", adminPassword: "pass & word" };
    return { topology, urls, settings, caCertificate: "", version: "1.9.0", ...administrator };
  }

  /** The topology with every route on this server's port, without TLS. */
  get topology(): Topology {
    const topology = buildTopology(parseSettings(this.settings, "dev"));
    const { balancer } = topology;
    return {
      ...topology,
      balancer: {
        ...balancer,
        routes: balancer.routes.map((route) => ({
          ...route,
          tls: false,
          published: route.published && { ...route.published, port: this.port },
        })),
      },
    };
  }

  /** `path action` of each request. */
  get log(): string[] {
    return this.seen.map(({ path, action }) => `${path.replace(/.*\//, "/")} ${action}`.trim());
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? "/", "http://fake");
    const form = Object.fromEntries(new URLSearchParams(body.length < 10_000 ? body.toString() : ""));
    const { headers, method = "" } = request;
    const { node, count } = this.balance(headers.host?.replace(/:.*/, "") ?? "");
    const [host, action] = [headers.host ?? "", form.action ?? ""];
    const seen: Seen = { host, method, path: url.pathname, action, form, headers, body, node };
    this.seen.push(seen);
    if (this.silent(seen)) return;
    const answer = this.override(seen) ?? (await this.answer(seen));
    response.writeHead(answer.status ?? 200, { ...answer.headers, ...(count > 1 && { "x-apim-node": node }) });
    response.end(answer.body ?? "");
  }

  /** The gateway whose turn it is, and the number of gateways. */
  private balance(host: string): { node: string; count: number } {
    const route = this.topology.balancer.routes.find((one) => one.traffic === "calls" && one.host === host);
    const all = route?.targets.map((target) => target.node) ?? [];
    const names = all.filter((name) => !this.down.has(name));
    return { node: names[this.turn++ % names.length] ?? "", count: all.length };
  }

  private answer(seen: Seen): Answer | Promise<Answer> {
    const { path, form, action, headers } = seen;
    const json = (value: object, headers: Answer["headers"] = {}) => ({
      headers,
      body: JSON.stringify({ error: false, ...value }),
    });
    const { name = "", application = "", keytype = "" } = form;
    switch (action) {
      case "login":
        return json({}, { "set-cookie": ["JSESSIONID=1; Path=/; Secure", "APIM_NODE=x; path=/"] });
      case "addAPI":
        this.apis.add(name);
        return json({});
      case "removeAPI":
        return this.apis.delete(name) ? json({}) : { body: '{"error":true,"message":"no such API"}' };
      case "getAllPublishedAPIs":
        return json({ apis: [...this.apis].map((one) => ({ name: one, version: "1.0.0", provider: "admin" })) });
      case "addApplication":
        this.applications.add(application);
        return json({});
      case "removeApplication":
        return this.applications.delete(application) ? json({}) : { body: '{"error":true,"message":"none"}' };
      case "generateApplicationKey":
        return json({ data: { key: { consumerKey: `k3y-${keytype}`, consumerSecret: "s3cret" } } });
      case "addUser":
      case "updateStatus":
      case "addAPISubscription":
        return json({});
    }
    const page = fakePage(seen);
    if (page) return page;
    if (path === "/token") return this.token(seen);
    if (path === "/oauth2/userinfo" || (path === "/userinfo" && this.hasUserInfoApi))
      return { body: JSON.stringify({ sub: "admin" }) };
    if (path === "/userinfo") return { status: 404 };
    if (path === "/revoke") {
      this.revoked.add(form.token ?? "");
      return {};
    }
    if (headers["access-control-request-method"] !== undefined)
      return { headers: { "access-control-allow-origin": this.allowedOrigin, "access-control-allow-methods": "GET" } };
    return this.call(seen);
  }

  private token({ headers, form }: Seen): Answer {
    const key = Buffer.from(headers.authorization?.replace("Basic ", "") ?? "", "base64").toString();
    const token = `token-${this.tokens.size + 1}`;
    this.tokens.set(token, key.startsWith("k3y-SANDBOX") ? "SANDBOX" : "PRODUCTION");
    const ofUser = form.grant_type !== "client_credentials" && { refresh_token: `refresh-${token}` };
    return { body: JSON.stringify({ access_token: token, ...ofUser }) };
  }

  private call(seen: Seen): Answer | Promise<Answer> {
    const [host, token] = [seen.host.replace(/:.*/, ""), seen.headers.authorization?.replace("Bearer ", "")];
    const refused = (code: number) => ({ status: 401, body: `<ams:fault><ams:code>${code}</ams:code></ams:fault>` });
    if (token === undefined) return refused(900902);
    const type = this.tokens.get(token);
    if (type === undefined || this.revoked.has(token)) return refused(900901);
    const accepted =
      this.wrongTypes.get(host) ?? this.topology.environments.find(({ apiHost }) => apiHost === host)?.type;
    return accepted === "hybrid" || accepted === type.toLowerCase()
      ? this.forward(seen, type)
      : { status: 401, body: `<error><message>${type} Key Provided for ${accepted} Gateway</message></error>` };
  }

  private async forward(seen: Seen, type: KeyType): Promise<Answer> {
    const { served, urls } = this.backend;
    if (!served) return { body: this.answers[type] };
    const { body = seen.body, headers } = this.forwarding(seen);
    const url = urls[type] + seen.path.replace(/^\/[^/]+\/[^/]+/, "");
    const sent = { method: seen.method, headers, ...(body.length > 0 && { body }) };
    const answer = await fetch(url, sent as RequestInit);
    return { status: answer.status, body: await answer.text() };
  }
}
