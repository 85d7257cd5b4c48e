import { noServer, parse, Refused, summary } from "./answers";
import { type Front, type FrontRequest, isBalancers } from "./front";
import type { ProbeAnswer } from "./httpProbe";
import type { ConsumerKey } from "./product";

/** The tokens of one answer; secret. */
export interface Tokens {
  readonly accessToken: string;
  /** Absent: the grant has none. */
  readonly refreshToken?: string;
}

/** The Gateway's own APIs, and calls of published APIs, at one environment's host name. */
export class Gateway {
  constructor(
    private readonly front: Front,
    private readonly host: string,
  ) {}

  /** Gets a token for the application. @throws Refused */
  async token(key: ConsumerKey): Promise<string> {
    return (await this.grant(key, { grant_type: "client_credentials" })).accessToken;
  }

  /** Gets tokens for a user's password. @throws Refused */
  passwordGrant(key: ConsumerKey, user: { username: string; password: string }, scope?: string): Promise<Tokens> {
    const { username, password } = user;
    return this.grant(key, { grant_type: "password", username, password, ...(scope && { scope }) });
  }

  /** Gets new tokens for a refresh token. @throws Refused */
  refreshGrant(key: ConsumerKey, refreshToken: string): Promise<Tokens> {
    return this.grant(key, { grant_type: "refresh_token", refresh_token: refreshToken });
  }

  /** Gets tokens for the code that a user's log-in gave to the application. @throws Refused */
  codeGrant(key: ConsumerKey, code: string, redirectUri: string): Promise<Tokens> {
    return this.grant(key, { grant_type: "authorization_code", code, redirect_uri: redirectUri });
  }

  /** Asks for the claims of the token's user. */
  userInfo(token: string): Promise<ProbeAnswer> {
    const headers = { authorization: `Bearer ${token}` };
    return this.ask({ entrance: "gatewayHttps", path: "/userinfo?schema=openid", headers });
  }

  /** @throws Refused */
  async revoke(key: ConsumerKey, token: string): Promise<void> {
    const answer = await this.oauth("/revoke", key, { token });
    if (answer.status !== 200) throw new Refused(`POST /revoke: expected 200, found ${summary(answer)}`);
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

  /** Asks, as a browser does, whether pages from `origin` may call an API. @throws NoServer */
  async preflight(path: string, origin: string): Promise<ProbeAnswer> {
    const headers = { origin, "access-control-request-method": "GET" };
    return this.ask({ entrance: "gatewayHttps", path, method: "OPTIONS", headers });
  }

  private async grant(key: ConsumerKey, form: Record<string, string>): Promise<Tokens> {
    const answer = await this.oauth("/token", key, form);
    const { access_token: accessToken, refresh_token: refreshToken } = parse(answer.body) ?? {};
    if (answer.status !== 200 || typeof accessToken !== "string")
      throw new Refused(`POST /token: expected 200 with an access_token, found ${summary(answer)}`);
    return { accessToken, ...(typeof refreshToken === "string" && { refreshToken }) };
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
