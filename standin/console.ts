import { randomBytes } from "node:crypto";
import type { Context } from "./context";
import { type Answer, formOf, type Handler, type Request } from "./http";
import { escapeHtml, htmlPage } from "./pages";
import type { Credentials } from "./users";

const cookie = "JSESSIONID";
const directory = "/carbon/admin";

/**
 * The management console: the log-in page, and one page behind it. Every role serves it.
 *
 * @param options.compiles whether the server can compile pages: if not, they are empty, as in the product
 * @param options.isUser whether a user's credentials are right
 */
export function consoleHandler(
  { node, configuration: { publicUrl } }: Context,
  options: { readonly compiles: boolean; readonly isUser: (credentials: Credentials) => Promise<boolean> },
): Handler {
  const sessions = new Map<string, string>();
  const to = (page: string): Answer => ({ status: 302, headers: { location: `${publicUrl}${directory}/${page}` } });
  const show = (title: string, content: string): Answer =>
    options.compiles ? htmlPage(title, content) : { status: 200, headers: { "content-type": "text/html" } };
  const sessionOf = ({ headers }: Request): string =>
    new RegExp(`(?:^|;\\s*)${cookie}=([0-9A-F]+)`).exec(headers.cookie ?? "")?.[1] ?? "";

  const logIn = async (request: Request): Promise<Answer> => {
    const form = formOf(request);
    const [user, password] = [form.get("username") ?? "", form.get("password") ?? ""];
    if (!(await options.isUser({ user, password }))) {
      return to("login.jsp?loginStatus=false&errorCode=login.fail.message");
    }
    const id = randomBytes(16).toString("hex").toUpperCase();
    sessions.set(id, user);
    const answer = to("index.jsp?loginStatus=true");
    return { ...answer, headers: { ...answer.headers, "set-cookie": `${cookie}=${id}; Path=/; Secure; HttpOnly` } };
  };

  const pages: Readonly<Record<string, (request: Request) => Answer | Promise<Answer>>> = {
    "GET /login.jsp": () =>
      show(
        "Management Console",
        `<form action="../admin/login_action.jsp" method="POST">
<input type="text" name="username"><input type="password" name="password">
<input type="checkbox" name="rememberMe" value="rememberMe"><input type="submit" value="Sign-in"></form>`,
      ),
    "POST /login_action.jsp": logIn,
    "GET /index.jsp": (request) => {
      const user = sessions.get(sessionOf(request));
      return user === undefined
        ? to("login.jsp")
        : show(
            "Management Console",
            `<p>${escapeHtml(node)}: ${escapeHtml(user)}</p><a href="../admin/logout_action.jsp">Sign-out</a>`,
          );
    },
    "GET /logout_action.jsp": (request) => {
      sessions.delete(sessionOf(request));
      return to("login.jsp");
    },
  };
  return (request) => {
    if (/^\/carbon\/?$/.test(request.path) && request.method === "GET") {
      return to("index.jsp");
    }
    return request.path.startsWith(`${directory}/`)
      ? pages[`${request.method} ${request.path.slice(directory.length)}`]?.(request)
      : undefined;
  };
}
