import { randomBytes } from "node:crypto";
import type { Context } from "./context";
import { tenantOf } from "./data/tenants";
import { describeFully } from "./errors";
import { type Answer, type Handler, json, type Request } from "./http";
import { portalPage, tokenCookie } from "./pages";
import { callService, loginTarget } from "./serviceClient";
import type { Owner } from "./users";

/** One request of a logged-in user. */
export interface Visit extends Owner {
  /** A field of the form or the query. @throws when the field is missing or empty and there is no fallback */
  readonly field: (name: string, fallback?: string) => string;
}

/** Performs an action and returns the answer, to which `"error": false` is added. */
export type Action = (visit: Visit) => Promise<object>;

/** A web application of the product. Its pages get a form with an `action` and answer JSON. */
export interface WebApp {
  /** `/publisher` or `/store`. */
  readonly base: string;
  /** The actions of each page, by path below `base`. */
  readonly pages: Readonly<Record<string, Readonly<Record<string, Action>>>>;
}

/** Whether a form repeats the token that a page of the Store has set as a cookie; without the cookie, none is asked for. */
function repeatsToken({ headers }: Request): boolean {
  const token = new RegExp(`(?:^|;\\s*)${tokenCookie}=([^;]*)`).exec(headers.cookie ?? "")?.[1];
  return token === undefined || token === headers["x-csrftoken"];
}

const loginPage = "/site/blocks/user/login/ajax/login.jag";
const cookie = "JSESSIONID";
const sessionMilliseconds = 30 * 60 * 1000;

/** Errors are answered with HTTP 200, `"error": true` and a message, as in the product. */
export function webAppHandler(context: Context, { base, pages }: WebApp): Handler {
  const sessions = new Map<string, Owner & { until: number }>();

  const logIn = async (user: string, password: string): Promise<Answer> => {
    await context.cluster.settled();
    const target = loginTarget(context.configuration);
    if ((await callService(context.caller, target, "AuthenticationAdmin/login", { user, password })) !== true) {
      throw new Error(`login failed: the user store has no user ${user} with this password`);
    }
    const tenant = await tenantOf(context, user);
    const id = randomBytes(16).toString("hex").toUpperCase();
    for (const [old, { until }] of sessions) {
      if (until < Date.now()) {
        sessions.delete(old);
      }
    }
    sessions.set(id, { user, tenant, until: Date.now() + sessionMilliseconds });
    const value = `${cookie}=${id}; Path=${base}; Secure; HttpOnly`;
    return json({ error: false }, 200, { "set-cookie": value });
  };

  const ownerOf = (request: Request): Owner | undefined => {
    const id = new RegExp(`(?:^|;\\s*)${cookie}=([0-9A-F]+)`).exec(request.headers.cookie ?? "")?.[1];
    const session = id === undefined ? undefined : sessions.get(id);
    if (session === undefined || session.until < Date.now()) {
      return undefined;
    }
    session.until = Date.now() + sessionMilliseconds;
    return session;
  };

  const act = async (request: Request, path: string, fields: URLSearchParams): Promise<Answer | undefined> => {
    const name = fields.get("action") ?? "";
    if (request.method === "POST" && !repeatsToken(request)) {
      throw new Error("Invalid CSRF Token please try refreshing the page.");
    }
    if (path === loginPage && name === "login") {
      return logIn(fields.get("username") ?? "", fields.get("password") ?? "");
    }
    const page = pages[path];
    if (page === undefined) {
      const isRead = request.method === "GET" || request.method === "HEAD";
      return isRead ? portalPage(context, request.path, ownerOf(request)?.user) : undefined;
    }
    const owner = ownerOf(request);
    if (owner === undefined) {
      throw new Error("not logged in, or the session has expired");
    }
    const action = page[name];
    if (action === undefined) {
      throw new Error(`the stand-in does not support the action "${name}" of ${path}`);
    }
    const field = (key: string, fallback?: string): string => {
      const value = fields.get(key) || fallback;
      if (value === undefined) {
        throw new Error(`${name}: ${key} is missing`);
      }
      return value;
    };
    return json({ error: false, ...(await action({ user: owner.user, tenant: owner.tenant, field })) });
  };

  return async (request) => {
    if (request.path !== base && !request.path.startsWith(`${base}/`)) {
      return undefined;
    }
    const fields = new URLSearchParams([...request.query, ...new URLSearchParams(request.body.toString("utf8"))]);
    try {
      return await act(request, request.path.slice(base.length), fields);
    } catch (error) {
      const message = describeFully(error);
      context.log.warn(`${request.path} ${fields.get("action")}: ${message}`);
      return json({ error: true, message });
    }
  };
}
