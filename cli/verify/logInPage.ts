import { bundleFiles, configurationFiles } from "../../product/files";
import { pageCompiler } from "../../product/pageCompiler";
import type { Role } from "../../product/roles";
import { summary } from "./answers";
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
  return browser.open(url, end).catch((error: unknown) => {
    throw error instanceof LeftDeployment ? leftDeployment(error, at) : error;
  });
}

/** The servers whose pages are opened. */
export interface Place {
  readonly role: Role;
  readonly front: Front;
  readonly need: Suspects;
}

/** The failure of a redirect. A server has the host name and the port of its redirects in different files. */
function leftDeployment({ location, message }: LeftDeployment, { role, front, need }: Place): StepFailure {
  const isKnown = URL.canParse(location) && front.knows(new URL(location).hostname);
  return new StepFailure(message, need.browserAddress(role, isKnown ? "port" : "host"));
}

/** The log-in form of a page. @throws StepFailure when the page has none */
export function logInForm(page: Page, { role, need }: Place): Form {
  const form = formWith(page, { type: "password" });
  if (form) return form;
  throw unexpectedPage("a page with a log-in form", page, role, need, need.balancer(role));
}

/**
 * The failure of a step that found another page.
 *
 * @param others what can be at fault unless the page shows nothing
 */
export function unexpectedPage(
  expected: string,
  page: Page,
  role: Role,
  need: Suspects,
  others: readonly Suspect[],
): StepFailure {
  const found = `expected ${expected}, found ${page.url.pathname} with ${summary({ ...page, headers: {} })}`;
  if (!isBlank(page)) return new StepFailure(found, others);
  const remedy =
    "the server can't compile its pages on JDK 8; build the image from the pack (without wso2-apim:image), which puts a newer compiler into it, or base your image on JDK 7";
  return new StepFailure(`${found}, as if ${remedy}`, pageCompilerOf(role, need));
}

/** Whether a page shows nothing, or failed: as pages that the server can't compile. */
function isBlank({ status, body }: Page): boolean {
  return status >= 500 || body.trim() === "";
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
    element: "org.wso2.carbon.claim.mgt_*.jar",
    why: "a log-in on the Key Manager's page reads the user's claims",
    settings: [],
    also: [`${configurationFiles.userManagement.path} (Realm) of ${name}`, `the log of ${name}`],
  }));
}
