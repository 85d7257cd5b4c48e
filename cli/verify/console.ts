import { Refused } from "./answers";
import { Browser, formWith } from "./browser";
import { type BrowserUser, logInForm, openPage, type Place, submitForm, unexpectedPage } from "./logInPage";

/** The page that ends a session of the console; each page of the console links to it. */
const logOut = "logout_action.jsp";

/**
 * Logs in to the management console at one of a role's host names, and out again.
 *
 * @throws StepFailure when the log-in page or the console does not show; Refused when the user may not log in
 */
export async function logInToConsole(place: Place, host: string, { username, password }: BrowserUser): Promise<void> {
  const { role, front, need } = place;
  const browser = new Browser(front);
  const at = (path: string) => new URL(front.url(role, "https", path, host));
  const page = await openPage(browser, at("/carbon/"), place);
  const entered = await submitForm(browser, logInForm(page, place), { username, password }, place);
  if (formWith(entered, { type: "password" }))
    throw new Refused(`expected the console, found its log-in page again: user ${username} or the password is refused`);
  if (entered.status !== 200 || !entered.body.includes(logOut))
    throw unexpectedPage("the console", entered, role, need, need.balancer(role));
  await browser.open(at(`/carbon/admin/${logOut}`));
}
