import { type HTMLElement, parse } from "node-html-parser";
import { CookieJar } from "tough-cookie";
import { noServer, Refused } from "./answers";
import { type Front, isBalancers } from "./front";

/** What a browser shows. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly body: string;
}

/** A form on a page. */
export interface Form {
  /** Where it is sent. */
  readonly action: URL;
  /** Its fields with the values that the page gives them. */
  readonly fields: Readonly<Record<string, string>>;
}

/** A redirect led to an address that is not one of the deployment. */
export class LeftDeployment extends Refused {
  constructor(readonly location: string) {
    super(`expected a redirect to one of the load balancer's host names and ports, found ${location}`);
  }
}

/** Redirects of one request at most. */
const mostRedirects = 10;

/**
 * A browser: it keeps cookies, follows redirects within the deployment, and sends forms. Scripts on the pages do not run.
 */
export class Browser {
  private readonly cookies = new CookieJar(undefined, { rejectPublicSuffixes: false });

  constructor(private readonly front: Front) {}

  /**
   * Opens an address and follows its redirects.
   *
   * @param end the beginning of an address outside the deployment that ends the way: it is returned, and not opened
   * @throws LeftDeployment; Refused after ten redirects; NoServer; NoAnswer
   */
  open(url: URL, end?: string): Promise<Page> {
    return this.go(url, undefined, end);
  }

  /** Sends a form and follows the redirects. @param values fields that the user fills in. @throws as {@link open} */
  submit({ action, fields }: Form, values: Readonly<Record<string, string>>, end?: string): Promise<Page> {
    return this.go(action, { ...fields, ...values }, end);
  }

  private async go(start: URL, form: Readonly<Record<string, string>> | undefined, end?: string): Promise<Page> {
    let url = start;
    let sent = form;
    for (let count = 0; count <= mostRedirects; count++) {
      const route = this.front.routeTo(url);
      if (!route) throw new LeftDeployment(url.origin);
      const cookie = await this.cookies.getCookieString(url.href);
      const answer = await this.front.ask({
        ...route,
        path: `${url.pathname}${url.search}`,
        headers: { accept: "text/html", ...(cookie && { cookie }) },
        ...(sent && { method: "POST", form: sent }),
      });
      if (isBalancers(answer)) throw noServer(answer);
      for (const line of answer.headers["set-cookie"] ?? [])
        await this.cookies.setCookie(line, url.href, { ignoreError: true });
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status > 399 || location === undefined)
        return { url, status: answer.status, body: answer.body };
      if (end !== undefined && location.startsWith(end)) return { url: new URL(location), status: 302, body: "" };
      if (!URL.canParse(location, url.href)) throw new LeftDeployment(location);
      url = new URL(location, url);
      sent = undefined;
    }
    throw new Refused(`expected a page after at most ${mostRedirects} redirects, found another one to ${url.pathname}`);
  }
}

/** The first form on a page that has a field of this name or type; undefined when there is none. */
export function formWith(page: Page, field: { readonly name?: string; readonly type?: string }): Form | undefined {
  const form = parse(page.body)
    .querySelectorAll("form")
    .find((each) => inputsOf(each).some((input) => isField(input, field)));
  if (!form) return undefined;
  const filled = inputsOf(form).flatMap((input) => {
    const [name, type] = [input.getAttribute("name"), input.getAttribute("type") ?? "text"];
    // A browser sends no buttons and no boxes that are not ticked.
    const isSent = name && !["button", "submit", "reset", "checkbox", "radio", "image"].includes(type);
    return isSent ? [[name, input.getAttribute("value") ?? ""] as const] : [];
  });
  return { action: new URL(form.getAttribute("action") ?? "", page.url), fields: Object.fromEntries(filled) };
}

const inputsOf = (form: HTMLElement) => form.querySelectorAll("input");

function isField(input: HTMLElement, { name, type }: { readonly name?: string; readonly type?: string }): boolean {
  return (
    (name === undefined || input.getAttribute("name") === name) &&
    (type === undefined || input.getAttribute("type") === type)
  );
}
