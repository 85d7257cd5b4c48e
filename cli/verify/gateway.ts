import { noServer, parse, Refused, summary } from "./answers";
import { type Front, type FrontRequest, isBalancers } from "./front";
import type { ProbeAnswer } from "./httpProbe";
import type { ConsumerKey } from "./product";

/** The Gateway's own APIs, and calls of published APIs, at one environment's host name. */
export class Gateway {
  constructor(
    private readonly front: Front,
    private readonly host: string,
  ) {}

  /** Gets a token for the application. @throws Refused */
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

  /** @returns the Location where a browser is redirected to log in. @throws Refused when there is no redirect */
  async authorize(consumerKey: string): Promise<string> {
    const query = new URLSearchParams({
      response_type: "code",
      client_id: consumerKey,
      scope: "PRODUCTION",
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

  /** Posts a body to an API. @throws NoServer */
  async post(path: string, token: string, body: Buffer): Promise<ProbeAnswer> {
    const headers = { authorization: `Bearer ${token}` };
    return this.ask({ entrance: "gatewayHttps", path, headers, method: "POST", body });
  }

  /**
   * Asks, as a browser does, whether pages from `origin` may call an API.
   * @returns the origins that may; undefined when the gateway answers such questions not at all
   */
  async allowedOrigins(path: string, origin: string): Promise<readonly string[] | undefined> {
    const headers = { origin, "access-control-request-method": "GET" };
    const answer = await this.ask({ entrance: "gatewayHttps", path, method: "OPTIONS", headers });
    const { "access-control-allow-origin": allowed, "access-control-allow-methods": methods } = answer.headers;
    if (allowed === undefined && methods === undefined) return undefined;
    return (allowed ?? "").split(",").map((one) => one.trim());
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
