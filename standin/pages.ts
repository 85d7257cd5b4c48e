import { randomBytes } from "node:crypto";
import type { Context } from "./context";
import type { Answer, Handler } from "./http";

/** A web application with pages for browsers. */
interface Portal {
  readonly title: string;
  /** True: users who are not logged in see its first page too. */
  readonly isPublic: boolean;
}

const portals: Readonly<Record<string, Portal>> = {
  "/publisher": { title: "API Publisher", isPublic: false },
  "/store": { title: "API Store", isPublic: true },
};

const loginPage = "/site/pages/login.jag";

/** The cookie with which the Store's pages protect its forms against other sites. */
export const tokenCookie = "csrftoken";

/** Pages for browsers. Every role serves both applications, as the product's profiles do; a role's own handlers come first. */
export function pageHandler(context: Context): Handler {
  return ({ method, path }) => {
    if (method !== "GET" && method !== "HEAD") {
      return undefined;
    }
    return portalPage(context, path, undefined);
  };
}

/**
 * The first page and the log-in page of the Publisher or the Store. As in the product, a session that this server does not
 * know is no session: the Publisher leads to its log-in page, the Store shows its public page.
 * @param path of the request
 * @param user who is logged in; undefined: nobody
 * @returns undefined when no such page has this path
 */
export function portalPage(context: Context, path: string, user: string | undefined): Answer | undefined {
  const found = Object.entries(portals).find(([base]) => path === base || path.startsWith(`${base}/`));
  if (found === undefined) {
    return undefined;
  }
  const [base, { title, isPublic }] = found;
  switch (path.slice(base.length)) {
    case "":
    case "/":
      if (user === undefined && !isPublic) {
        return { status: 302, headers: { location: `${context.configuration.publicUrl}${base}${loginPage}` } };
      }
      return withToken(
        isPublic,
        page(
          context,
          title,
          user === undefined
            ? `<p><a href="${base}${loginPage}">Log in</a></p>`
            : `<p>Logged in as ${escapeHtml(user)}.</p>`,
        ),
      );
    case loginPage:
      return page(context, `${title}: log in`, loginForm(base));
    default:
      return undefined;
  }
}

/** The Store's pages set the token that its forms must repeat; the Publisher of 1.9.0 has none. */
function withToken(isPublic: boolean, answer: Answer): Answer {
  const token = `${tokenCookie}=${randomBytes(16).toString("hex")}; Path=/; Max-Age=86400`;
  return isPublic ? { ...answer, headers: { ...answer.headers, "set-cookie": token } } : answer;
}

function loginForm(base: string): string {
  return `<form method="post" action="${base}/site/blocks/user/login/ajax/login.jag">
<input type="hidden" name="action" value="login">
<p><label>User <input type="text" name="username"></label></p>
<p><label>Password <input type="password" name="password"></label></p>
<p><button type="submit">Log in</button></p></form>`;
}

/**
 * A page that says that the stand-in sent it.
 * @param content HTML
 */
function page({ node, configuration: { carbon, role } }: Context, title: string, content = ""): Answer {
  const rows = [
    ["Node", node],
    ["Role", role],
    ["Structure of version", carbon.version],
  ].map(([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`);
  return {
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title} (stand-in)</title></head>
<body><h1>${title}: the stand-in</h1>
<p>This is ${escapeHtml(carbon.name)}, a small server in the product's place. It is not WSO2 API Manager.</p>
${content}
<table>${rows.join("")}</table>
<p><a href="/standin/health">Its connections and their state</a></p>
</body></html>
`,
  };
}

/** A small page. @param content HTML */
export function htmlPage(title: string, content: string): Answer {
  return {
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)} (stand-in)</title></head>
<body>${content}</body></html>
`,
  };
}

/** Escapes text for HTML and XML. */
export function escapeHtml(text = ""): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
