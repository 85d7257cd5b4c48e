import { Refused } from "./answers";
import { Browser, formWith, type Page } from "./browser";
import type { GatewayRun } from "./gatewayRun";
import {
  type BrowserUser,
  claimBundleOf,
  logInForm,
  openPage,
  type Place,
  submitForm,
  unexpectedPage,
} from "./logInPage";
import { callbackUrl } from "./product";

/** A user's way from `/authorize` to a token: the Key Manager's log-in page, consent, and a code for the application. */
export class CodeRun {
  private page: Page | undefined;
  private code: string | undefined;
  private readonly browser: Browser;
  private readonly place: Place;

  constructor(
    private readonly at: GatewayRun,
    private readonly user: BrowserUser,
  ) {
    const { front, need } = at.options;
    this.browser = new Browser(front);
    this.place = { role: "keyManager", front, need };
  }

  /** Opens `/authorize` as an application sends a browser there. */
  async authorize(): Promise<void> {
    const { front, environment } = this.at.options;
    const query = new URLSearchParams({
      response_type: "code",
      client_id: this.at.ownKey().consumerKey,
      scope: "PRODUCTION",
      redirect_uri: callbackUrl,
    });
    const url = new URL(front.url("gateway", "gatewayHttps", `/authorize?${query}`, environment.host));
    const page = await openPage(this.browser, url, this.place, callbackUrl);
    logInForm(page, this.place);
    this.page = page;
  }

  /** Logs in, and consents where the product asks for it. */
  async logIn(): Promise<void> {
    if (!this.page) throw new Error("the earlier steps opened no log-in page");
    const { username, password } = this.user;
    const form = logInForm(this.page, this.place);
    let page = await submitForm(this.browser, form, { username, password }, this.place, callbackUrl);
    const consent = formWith(page, { name: "consent" });
    if (consent) page = await submitForm(this.browser, consent, { consent: "approve" }, this.place, callbackUrl);
    const isBack = page.url.href.startsWith(callbackUrl);
    const code = isBack ? page.url.searchParams.get("code") : null;
    if (code !== null) this.code = code;
    else if (isBack)
      throw new Refused(`expected a code in the redirect, found the error ${page.url.searchParams.get("error")}`);
    else if (formWith(page, { type: "password" }))
      throw new Refused(`expected a code, found the log-in page again: user ${username} or the password is refused`);
    else {
      const { role, need } = this.place;
      throw unexpectedPage("a redirect with a code", page, role, need, claimBundleOf(role, need));
    }
  }

  /** Exchanges the code for a token, and calls the API with it. */
  async callWithCode(): Promise<void> {
    if (this.code === undefined) throw new Error("the earlier steps returned no code");
    const { accessToken } = await this.at.gateway.codeGrant(this.at.ownKey(), this.code, callbackUrl);
    await this.at.callWithToken(accessToken);
  }
}
