import { claimBundle } from "../../product/bundles";
import { bundleFiles, configurationFiles } from "../../product/files";
import { pageCompiler } from "../../product/pageCompiler";
import type { Role } from "../../product/roles";
import { Refused, summary } from "./answers";
import { type Browser, type Form, formWith, LeftDeployment, type Page } from "./browser";
import type { Front } from "./front";
import { StepFailure } from "./runSteps";
import type { Suspect, Suspects } from "./suspects";

/** The user with whom verify logs in; the password is secret. */
export interface BrowserUser {
  readonly username: string;
  readonly password: string;
}

/**
 * Opens an address of a role's servers in a browser.
 *
 * @param end as in {@link Browser.open}
 * @throws StepFailure when a redirect leaves the deployment; otherwise as {@link Browser.open}
 */
export function openPage(browser: Browser, url: URL, at: Place, end?: string): Promise<Page> {
  return browser.open(url, end).catch((error: unknown) => failRedirect(error, at));
}

/** Sends a form, as {@link openPage} opens an address. */
export function submitForm(
  browser: Browser,
  form: Form,
  values: Readonly<Record<string, string>>,
  at: Place,
  end?: string,
): Promise<Page> {
  return browser.submit(form, values, end).catch((error: unknown) => failRedirect(error, at));
}

/** The servers whose pages are opened. */
export interface Place {
  readonly role: Role;
  readonly front: Front;
  readonly need: Suspects;
}

/**
 * A server has the host name and the port of its redirects in different files.
 * @throws StepFailure when a redirect has left the deployment, else the error itself
 */
function failRedirect(error: unknown, { role, front, need }: Place): never {
  if (!(error instanceof LeftDeployment)) throw error;
  const { location, message } = error;
  const isKnown = URL.canParse(location) && front.knows(new URL(location).hostname);
  throw new StepFailure(message, need.browserAddress(role, isKnown ? "port" : "host"));
}

/** The log-in form of a page. @throws StepFailure when the page has none */
export function logInForm(page: Page, { role, front, need }: Place): Form {
  const form = formWith(page, { type: "password" });
  if (form) return form;
  // Without a redirect to the role's pages, the server that was asked has answered itself.
  if (!front.hosts(role, "https").includes(page.url.hostname))
    throw new Refused(`expected a redirect to a page with a log-in form, found ${describe(page)}`);
  throw unexpectedPage("a page with a log-in form", page, role, need, need.balancer(role));
}

/**
 * The failure of a step that found another page.
 *
 * @param others what can be at fault unless the page is empty
 */
export function unexpectedPage(
  expected: string,
  page: Page,
  role: Role,
  need: Suspects,
  others: readonly Suspect[],
): StepFailure {
  const found = `expected ${expected}, found ${describe(page)}`;
  const isEmpty = page.body.trim() === "";
  if (!isEmpty && page.status < 500) return new StepFailure(found, others);
  const cause =
    "likely cause: the server can't compile its pages on JDK 8; remedy: an image that set-up builds from the pack has a newer compiler, an image of your own (wso2-apim:image) needs that compiler or JDK 7";
  // An empty page is always that; a failed page may have another cause.
  const suspects = isEmpty && page.status < 500 ? [] : others;
  return new StepFailure(`${found}; ${cause}`, [...pageCompilerOf(role, need), ...suspects]);
}

function describe(page: Page): string {
  return `${page.url.pathname} with ${summary({ ...page, headers: {} })}`;
}

/** What compiles the pages of a role's nodes. */
function pageCompilerOf(role: Role, need: Suspects): Suspect[] {
  return need.nodes(role).map(({ name }) => ({
    link: `${name} -> page compiler`,
    node: name,
    file: bundleFiles.patches,
    element: `${pageCompiler.bundle}_*.jar`,
    why: "the console and the log-in pages are compiled when they are opened",
    settings: ["image"],
    also: [`the log of ${name}`],
  }));
}

/** What a Key Manager needs besides its database when a user logs in on its pages. */
export function claimBundleOf(role: Role, need: Suspects): Suspect[] {
  return need.nodes(role).map(({ name }) => ({
    link: `${name} -> claims (log-in page)`,
    node: name,
    file: bundleFiles.dropins,
    element: `${claimBundle}_*.jar`,
    why: "a log-in on the Key Manager's page reads the user's claims",
    settings: [],
    also: [`${configurationFiles.userManagement.path} (Realm) of ${name}`, `the log of ${name}`],
  }));
}
