import { createHmac } from "node:crypto";
import type { Pool } from "mysql2/promise";
import type { Context } from "../context";
import { addCode } from "../data/codes";
import { findClient } from "../data/tokens";
import { type Answer, formOf, type Handler, type Request } from "../http";
import { escapeHtml, htmlPage } from "../pages";
import { type Credentials, same } from "../users";

export interface LogInPageOptions {
  /** apimgtdb. */
  readonly pool: () => Pool;
  readonly isUser: (credentials: Credentials) => Promise<boolean>;
  /** Whether the server can compile pages. */
  readonly compiles: boolean;
  /** Whether the server has the bundle with which it reads a user's claims after a log-in. */
  readonly hasClaims: boolean;
}

/** What an application asked for at /authorize, and the user once logged in. */
interface Asked {
  readonly client: string;
  readonly callback: string;
  readonly scope: string;
  readonly user?: string;
}

const pagesAt = "/authenticationendpoint";

/** The authorization code grant of a Key Manager: `/oauth2/authorize`, the log-in page, `/commonauth` and consent. */
export function logInPages(context: Context, options: LogInPageOptions): Handler {
  const { configuration, identity } = context;
  const at = (path: string, query: Readonly<Record<string, string>>): Answer => ({
    status: 302,
    headers: { location: `${configuration.publicUrl}${path}?${new URLSearchParams(query)}` },
  });
  // All Key Managers have the same key, so that any of them goes on where another one began.
  const sign = (text: string): string => createHmac("sha256", identity.key).update(text).digest("base64url");
  const seal = (asked: Asked): string => {
    const text = Buffer.from(JSON.stringify(asked)).toString("base64url");
    return `${text}.${sign(text)}`;
  };
  const open = (sealed: string): Asked | undefined => {
    const [text = "", signature = ""] = sealed.split(".");
    return same(sign(text), signature) ? (JSON.parse(Buffer.from(text, "base64url").toString()) as Asked) : undefined;
  };
  const error = (code: string): Answer => at(`${pagesAt}/oauth2_error.do`, { oauthErrorCode: code });

  const authorize = async ({ query }: Request): Promise<Answer> => {
    const loggedIn = open(query.get("sessionDataKey") ?? "");
    if (loggedIn?.user !== undefined) {
      return at(`${pagesAt}/oauth2_authz.do`, { sessionDataKeyConsent: seal(loggedIn) });
    }
    const client = await findClient(options.pool(), query.get("client_id") ?? "");
    if (client === undefined) {
      return error("invalid_client");
    }
    const callback = query.get("redirect_uri") ?? "";
    if (callback === "" || callback !== client.callbackUrl) {
      return error("invalid_callback");
    }
    const asked = { client: client.key, callback, scope: query.get("scope") ?? "default" };
    return at(`${pagesAt}/login.do`, { sessionDataKey: seal(asked), type: "oauth2" });
  };

  const consent = async (request: Request): Promise<Answer> => {
    const form = formOf(request);
    const asked = open(form.get("sessionDataKeyConsent") ?? "");
    if (asked?.user === undefined) {
      return error("invalid_request");
    }
    const back = (query: Record<string, string>): Answer => ({
      status: 302,
      headers: { location: `${asked.callback}?${new URLSearchParams(query)}` },
    });
    if (!/^approve/.test(form.get("consent") ?? "")) {
      return back({ error: "access_denied" });
    }
    return back({ code: await addCode(options.pool(), { ...asked, user: asked.user }) });
  };

  const logIn = async (request: Request): Promise<Answer> => {
    const form = formOf(request);
    const sessionDataKey = form.get("sessionDataKey") ?? "";
    const asked = open(sessionDataKey);
    if (asked === undefined) {
      return at(`${pagesAt}/retry.do`, {});
    }
    const [user, password] = [form.get("username") ?? "", form.get("password") ?? ""];
    if (!(await options.isUser({ user, password }))) {
      return at(`${pagesAt}/login.do`, { sessionDataKey, type: "oauth2", authFailure: "true" });
    }
    if (!options.hasClaims) {
      context.log.error("NoClassDefFoundError: org/wso2/carbon/claim/mgt/ClaimManagerHandler");
      return at(`${pagesAt}/retry.do`, {});
    }
    return at("/oauth2/authorize", { sessionDataKey: seal({ ...asked, user }) });
  };

  const show = (title: string, content: string): Answer =>
    options.compiles ? htmlPage(title, content) : { status: 500, headers: { "content-type": "text/html" } };
  const hidden = (name: string, value: string): string =>
    `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;
  const pages: Readonly<Record<string, (request: Request) => Answer | Promise<Answer>>> = {
    "GET /oauth2/authorize": authorize,
    "POST /oauth2/authorize": consent,
    "POST /commonauth": logIn,
    [`GET ${pagesAt}/login.do`]: ({ query }) =>
      show(
        "Log in",
        `<form action="../commonauth" method="post"><input type="text" name="username">
<input type="password" name="password">${hidden("sessionDataKey", query.get("sessionDataKey") ?? "")}</form>`,
      ),
    [`GET ${pagesAt}/oauth2_authz.do`]: ({ query }) =>
      show(
        "Consent",
        `<form action="../oauth2/authorize" method="post">
${hidden("sessionDataKeyConsent", query.get("sessionDataKeyConsent") ?? "")}${hidden("consent", "deny")}</form>`,
      ),
    [`GET ${pagesAt}/retry.do`]: () => show("Authentication Error!", "<p>Something went wrong during the log-in.</p>"),
    [`GET ${pagesAt}/oauth2_error.do`]: ({ query }) =>
      show("OAuth error", `<p>${escapeHtml(query.get("oauthErrorCode") ?? "")}</p>`),
  };
  return (request) => pages[`${request.method} ${request.path}`]?.(request);
}
