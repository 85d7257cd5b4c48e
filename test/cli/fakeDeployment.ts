import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseSettings } from "../../settings";
import { buildTopology, type Topology } from "../../topology";

/** One request as the fake deployment got it. */
export interface Seen {
  readonly host: string;
  readonly path: string;
  readonly action: string;
  readonly form: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
}

type Answer = { status?: number; headers?: Record<string, string | string[]>; body?: string };
/** Changes an answer; undefined leaves the good one. */
export type Override = (seen: Seen) => Answer | undefined;

/** The product's requests answered from memory on one plain port: what verify sends and how it judges is what is tested. */
export class FakeDeployment {
  readonly seen: Seen[] = [];
  readonly apis = new Set<string>();
  readonly applications = new Set<string>();
  readonly revoked = new Set<string>();
  override: Override = () => undefined;
  /** What the endpoint behind the gateway answers. */
  word = "from the endpoint";
  private tokens = 0;
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

  /** The default topology with every route on this server's port, without TLS. */
  get topology(): Topology {
    const topology = buildTopology(parseSettings({}, "dev"));
    const { balancer } = topology;
    return {
      ...topology,
      balancer: {
        ...balancer,
        routes: balancer.routes.map((route) => ({ ...route, tls: false })),
        ports: balancer.ports.map((port) => ({ ...port, published: this.port })),
      },
    };
  }

  /** `path action` of each request. */
  get log(): string[] {
    return this.seen.map(({ path, action }) => `${path.replace(/.*\//, "/")} ${action}`.trim());
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += chunk;
    const url = new URL(request.url ?? "/", "http://fake");
    const form = Object.fromEntries(new URLSearchParams(body));
    const { headers } = request;
    const seen = { host: headers.host ?? "", path: url.pathname, action: form.action ?? "", form, headers };
    this.seen.push(seen);
    const answer = this.override(seen) ?? this.answer(seen);
    response.writeHead(answer.status ?? 200, answer.headers);
    response.end(answer.body ?? "");
  }

  private answer(seen: Seen): Answer {
    const { path, form, action } = seen;
    const json = (value: object, headers: Answer["headers"] = {}) => ({
      headers,
      body: JSON.stringify({ error: false, ...value }),
    });
    const { name = "", application = "" } = form;
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
        return json({ data: { key: { consumerKey: "k3y", consumerSecret: "s3cret" } } });
      case "updateStatus":
      case "addAPISubscription":
        return json({});
    }
    if (path === "/token") return { body: JSON.stringify({ access_token: `token-${++this.tokens}` }) };
    if (path === "/revoke") {
      this.revoked.add(form.token ?? "");
      return {};
    }
    if (path === "/authorize")
      return { status: 302, headers: { location: `http://keymanager.apim-wso2.com:${this.port}/login` } };
    return this.call(seen.headers.authorization?.replace("Bearer ", ""));
  }

  private call(token: string | undefined): Answer {
    const refused = (code: number) => ({ status: 401, body: `<ams:fault><ams:code>${code}</ams:code></ams:fault>` });
    if (token === undefined) return refused(900902);
    const good = /^token-\d+$/.test(token) && !this.revoked.has(token);
    return good ? { body: this.word } : refused(900901);
  }
}
