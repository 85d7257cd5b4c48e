import { nodeCookie, nodeOfCookie } from "../../configs/balancer";
import { Refused, summary } from "./answers";
import { formWith } from "./browser";
import { type Front, isBalancers } from "./front";
import type { ProbeAnswer } from "./httpProbe";
import { Session } from "./product";

/** The web application, and whether its first page asks users to log in. */
const portals = {
  publisher: { asks: true, list: ["listing/ajax/item-list.jag", "getAllAPIs"] },
  store: { asks: false, list: ["api/listing/ajax/list.jag", "getAllPublishedAPIs"] },
} as const;

/** The roles with a web application for API providers or consumers. */
export type PortalRole = keyof typeof portals;

const redirectsAtMost = 5;

/** A user with a browser at the Publisher or the Store, whose session is in the memory of one node. */
export class Portal {
  private readonly session: Session;

  constructor(
    private readonly front: Front,
    private readonly role: PortalRole,
  ) {
    this.session = new Session(front, role);
  }

  /** The node that has the user's session, as the load balancer's cookie says. */
  get node(): string | undefined {
    const cookie = this.session.cookies.get(nodeCookie);
    return cookie === undefined ? undefined : nodeOfCookie(cookie);
  }

  /** Starts over as a new user, whom the load balancer sends to this node. */
  visit(node: string): void {
    this.session.cookies.clear();
    this.session.cookies.set(nodeCookie, node);
  }

  /** Logs in and lists the APIs, which needs the session. @throws Refused */
  async logIn(user: string, password: string): Promise<void> {
    await this.session.logIn(user, password);
    const [block, action] = portals[this.role].list;
    await this.session.post(block, { action });
  }

  /**
   * Opens the first page as a user who is not logged in any more: the Publisher must show its log-in form, the Store its
   * public page.
   * @throws Refused when the page is an error, or a redirect leaves the deployment
   */
  async openWithoutSession(): Promise<void> {
    const path = `/${this.role}/`;
    const { answer, url } = await this.follow(path);
    const what = `GET ${url.pathname}`;
    if (answer.status !== 200 || isBalancers(answer))
      throw new Refused(`${what}: expected a page with status 200, found ${summary(answer)}`);
    const page = { url, status: answer.status, body: answer.body };
    if (portals[this.role].asks && !formWith(page, { type: "password" }))
      throw new Refused(`${what}: expected a log-in form, found ${summary(answer)}`);
  }

  private async follow(path: string): Promise<{ answer: ProbeAnswer; url: URL }> {
    let url = new URL(this.front.url(this.role, "https", path));
    for (let count = 0; count <= redirectsAtMost; count++) {
      const answer = await this.session.ask({ path: url.pathname + url.search });
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status >= 400 || location === undefined) return { answer, url };
      const next = new URL(location, url);
      if (!this.front.owns(next) || next.hostname !== url.hostname)
        throw new Refused(`GET ${url.pathname}: expected a redirect within ${url.origin}, found ${next.origin}`);
      url = next;
    }
    throw new Refused(`GET ${path}: expected at most ${redirectsAtMost} redirects, found more`);
  }
}
