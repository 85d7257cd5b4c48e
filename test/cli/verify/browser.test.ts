import assert from "node:assert/strict";
import type { CycleResult } from "../../../cli/verify/cycle";
import type { StepResult } from "../../../cli/verify/runSteps";
import { FakeDeployment, type Override } from "./fakeDeployment";
import { runOn } from "./fakeRun";

const password = "pass & word";
describe("verify: pages in a browser", () => {
  let fake: FakeDeployment;
  beforeEach(async () => {
    fake = new FakeDeployment();
    await fake.start();
  });
  afterEach(() => fake.stop());

  async function run(override: Override = () => undefined): Promise<CycleResult> {
    fake.override = override;
    return runOn(fake);
  }
  const failed = ({ steps }: CycleResult): StepResult =>
    steps.find(({ status }) => status === "failed") ?? assert.fail("no step failed");
  const at =
    (path: string, answer: ReturnType<Override>): Override =>
    (seen) =>
      seen.path === path ? answer : undefined;

  it("the authorization code flow sends what the pages ask for, and exchanges the code", async () => {
    const { steps } = await run();
    assert.deepEqual(
      steps.filter(({ ok }) => !ok),
      [],
    );
    const logIn = fake.seen.find(({ path }) => path === "/commonauth");
    assert.deepEqual({ ...logIn?.form }, { username: "admin", password, sessionDataKey: "asked & kept" });
    const exchange = fake.seen.find(({ form }) => form.grant_type === "authorization_code");
    assert.deepEqual(
      [exchange?.path, exchange?.form.code, exchange?.form.redirect_uri],
      ["/token", "c0de", "https://localhost/callback"],
    );
    const generated = fake.seen.filter(({ action }) => action === "generateApplicationKey");
    assert.deepEqual(
      generated.map(({ form }) => form.callbackUrl),
      Array(3).fill("https://localhost/callback"),
    );
  });

  it("logs in to the console of each role and out again, and sends cookies to their paths only", async () => {
    await run();
    const consoles = fake.seen.filter(({ path }) => path === "/carbon/admin/login_action.jsp");
    assert.deepEqual(
      consoles.map(({ host }) => host.split(".")[0]),
      ["keymanager", "gateway", "publisher", "store"],
    );
    for (const { form } of consoles) assert.deepEqual({ ...form }, { username: "admin", password });
    assert.equal(fake.seen.filter(({ path }) => path.endsWith("/logout_action.jsp")).length, 4);
    for (const { path, headers } of fake.seen)
      assert.ok(path.startsWith("/carbon") || !headers.cookie?.includes("CONSOLE"), path);
  });

  const blank = { body: " \n" };
  const cases: [string, Override, string, RegExp, string][] = [
    [
      "an empty log-in page of the console",
      at("/carbon/admin/login.jsp", blank),
      "log in to the console of the Key Manager",
      /expected a page with a log-in form, found \/carbon\/admin\/login\.jsp with status 200; likely cause: the server can't compile its pages on JDK 8; remedy: /,
      "keymanager-1 -> page compiler",
    ],
    [
      "an empty console after the log-in",
      (seen) =>
        seen.path === "/carbon/admin/index.jsp" && seen.headers.cookie?.includes("CONSOLE") ? blank : undefined,
      "log in to the console of the Key Manager",
      /expected the console, found \/carbon\/admin\/index\.jsp with status 200/,
      "keymanager-1 -> page compiler",
    ],
    [
      "a console that refuses the administrator",
      at("/carbon/admin/login_action.jsp", { status: 302, headers: { location: "../admin/login.jsp" } }),
      "log in to the console of the Key Manager",
      /found its log-in page again: user admin or the password is refused/,
      "keymanager-1 -> userdb (WSO2UM_DB)",
    ],
    [
      "a console that redirects to a container's address",
      at("/carbon/", { status: 302, headers: { location: "https://172.28.0.21:9443/carbon/admin/index.jsp" } }),
      "log in to the console of the Key Manager",
      /expected a redirect to one of the load balancer's .* found https:\/\/172\.28\.0\.21:9443/,
      "browser -> keymanager-1 (host)",
    ],
    [
      "a log-in page that answers status 500",
      at("/authenticationendpoint/login.do", { status: 500, body: "Unable to compile class for JSP" }),
      "open /authorize",
      /found \/authenticationendpoint\/login\.do with status 500: Unable to compile class for JSP; likely cause/,
      "keymanager-1 -> page compiler",
    ],
    [
      "an authentication error after the log-in",
      at("/commonauth", { body: "<html>Authentication Error!</html>" }),
      "log in there",
      /expected a redirect with a code, found \/commonauth with status 200: Authentication Error!/,
      "keymanager-1 -> claims (log-in page)",
    ],
    [
      "status 500 after the log-in, which other things can cause than the page compiler",
      at("/commonauth", { status: 500, body: "NullPointerException" }),
      "log in there",
      /found \/commonauth with status 500: NullPointerException; likely cause/,
      "keymanager-1 -> claims (log-in page)",
    ],
    [
      "a log-in whose redirect leaves the deployment",
      at("/commonauth", { status: 302, headers: { location: "https://172.28.0.21:9443/oauth2/authorize" } }),
      "log in there",
      /expected a redirect to one of the load balancer's .* found https:\/\/172\.28\.0\.21:9443/,
      "browser -> keymanager-1 (host)",
    ],
    [
      "a log-in page that refuses the user",
      at("/commonauth", { status: 302, headers: { location: "/authenticationendpoint/login.do" } }),
      "log in there",
      /found the log-in page again: user admin or the password is refused/,
      "keymanager-1 -> userdb (WSO2UM_DB)",
    ],
    [
      "a redirect with an error in place of a code",
      (seen) =>
        seen.method === "POST" && seen.path === "/oauth2/authorize"
          ? { status: 302, headers: { location: "https://localhost/callback?error=access_denied" } }
          : undefined,
      "log in there",
      /expected a code in the redirect, found the error access_denied/,
      "keymanager-1 -> apimgtdb (WSO2AM_DB)",
    ],
    [
      "redirects without end",
      at("/authenticationendpoint/login.do", {
        status: 302,
        headers: { location: "/authenticationendpoint/login.do" },
      }),
      "open /authorize",
      /expected a page after at most 10 redirects/,
      "loadbalancer -> keymanager-1 (keymanager)",
    ],
    [
      "a token endpoint that refuses the code",
      (seen) => (seen.form.grant_type === "authorization_code" ? { status: 400, body: "invalid_grant" } : undefined),
      "get a token for the code",
      /POST \/token: expected 200 with an access_token, found status 400: invalid_grant/,
      "keymanager-1 -> apimgtdb (WSO2AM_DB)",
    ],
  ];
  for (const [what, override, step, detail, suspect] of cases)
    it(`fails on ${what}, and names what can be at fault`, async () => {
      const { name, detail: found = "", faults = [] } = failed(await run(override));
      assert.ok(name.startsWith(step), name);
      assert.match(found, detail);
      const links = faults.map(({ link }) => link);
      assert.ok(links.includes(suspect), links.join("; "));
    });
});
