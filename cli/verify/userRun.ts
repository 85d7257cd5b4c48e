import { errorMessage } from "../../errors";
import { noServer, parse, Refused, summary } from "./answers";
import { isBalancers } from "./front";
import type { Tokens } from "./gateway";
import type { GatewayRun } from "./gatewayRun";
import { StepFailure } from "./runSteps";

/** Whose tokens are asked for with a password; the password is secret. */
export interface UserCredentials {
  readonly username: string;
  readonly password: string;
}

/** Requests to one gateway environment with the tokens of a user, not of an application. */
export class UserRun {
  private tokens: Tokens | undefined;

  constructor(
    private readonly at: GatewayRun,
    private readonly user: UserCredentials,
  ) {}

  /** Gets a token for the user's password. */
  async logIn(): Promise<void> {
    this.tokens = await this.at.gateway.passwordGrant(this.at.ownKey(), this.user);
  }

  /** Gets a new token for the refresh token. */
  async refresh(): Promise<void> {
    const { accessToken, refreshToken } = this.last();
    if (refreshToken === undefined)
      throw new Refused("POST /token: expected a refresh_token for the user's password, found none");
    this.tokens = await this.at.gateway.refreshGrant(this.at.ownKey(), refreshToken);
    if (this.tokens.accessToken === accessToken)
      throw new Refused("expected a new token for the refresh token, found the old one");
  }

  /** Calls the API with the last token. */
  call(): Promise<void> {
    return this.at.callWithToken(this.last().accessToken);
  }

  /**
   * Asks for the user's claims at the Key Manager, or through the gateway where that has the API for it.
   * @param throughGateway whether gateways of this version have the API
   * @param progress is told when the gateway does not have the API
   */
  async readClaims(throughGateway: boolean, progress: (text: string) => void): Promise<void> {
    const { front, need } = this.at.options;
    const { accessToken } = await this.at.gateway.passwordGrant(this.at.ownKey(), this.user, "openid");
    if (throughGateway) {
      const answer = await this.at.gateway.userInfo(accessToken);
      if (answer.status !== 404) return judge("GET /userinfo", answer);
      progress("the gateway has no _UserInfoAPI_.xml, so the Key Manager is asked");
    }
    const headers = { authorization: `Bearer ${accessToken}` };
    const answer = await front.ask({ role: "keyManager", path: "/oauth2/userinfo?schema=openid", headers });
    if (isBalancers(answer)) throw new StepFailure(noServer(answer).message, need.balancer("keyManager"));
    try {
      judge("GET /oauth2/userinfo", answer);
    } catch (error) {
      throw new StepFailure(errorMessage(error), [...need.userClaims(), ...need.balancer("keyManager")]);
    }
  }

  private last(): Tokens {
    if (!this.tokens) throw new Error("the earlier steps returned no token of the user");
    return this.tokens;
  }
}

function judge(what: string, answer: Parameters<typeof summary>[0]): void {
  // Older versions return claims without the subject, so that any JSON object counts.
  if (answer.status !== 200 || parse(answer.body) === undefined)
    throw new Refused(`${what}: expected 200 with the user's claims in JSON, found ${summary(answer)}`);
}
