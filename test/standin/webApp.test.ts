import assert from "node:assert/strict";
import { Deployment, fetchFrom, type Keys, makeKeys, type TestAnswer, wiring } from "./homes";

const portals = { publisher: ["publisher.test", 9445], store: ["store.test", 9446] } as const;
type App = keyof typeof portals;

describe("stand-in: pages of Publisher and Store", function () {
  this.timeout(20_000);
  let keys: Keys;
  let deployment: Deployment;
  before(async () => {
    keys = await makeKeys(["keymanager.test", "publisher.test", "store.test"]);
  });
  beforeEach(async () => {
    deployment = new Deployment(keys);
    await (await deployment.start("keymanager.test", "api-key-manager", wiring.keyManager())).started;
  });
  afterEach(() => deployment.stop());

  const open = (app: App, path: string, cookie = ""): Promise<TestAnswer> => {
    const [host, port] = portals[app];
    return fetchFrom(host, port, `/${app}${path}`, { headers: { cookie } });
  };
  const post = (app: App, block: string, fields: Record<string, string>, cookie = ""): Promise<TestAnswer> => {
    const [host, port] = portals[app];
    return fetchFrom(host, port, `/${app}/site/blocks/${block}`, {
      method: "POST",
      body: new URLSearchParams(fields).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", cookie },
    });
  };
  const logIn = async (app: App, cookie = ""): Promise<string> => {
    const fields = { action: "login", username: "admin", password: "admin" };
    const answer = await post(app, "user/login/ajax/login.jag", fields, cookie);
    assert.equal(JSON.parse(answer.text).error, false, answer.text);
    return [answer.headers["set-cookie"]].flat()[0]?.split(";")[0] ?? assert.fail("no cookie");
  };
  const start = (app: App) => deployment.start(portals[app][0], `api-${app}`, wiring[app]());
  const unknown = "JSESSIONID=00112233445566778899AABBCCDDEEFF";

  for (const [session, cookie] of [
    ["without a session", ""],
    ["with a session of another node", unknown],
  ] as const)
    it(`the Publisher leads a user ${session} to its log-in page`, async () => {
      await start("publisher");
      for (const path of ["", "/"]) {
        const { status, headers } = await open("publisher", path, cookie);
        assert.deepEqual(
          [status, headers.location],
          [302, "https://publisher.test:9445/publisher/site/pages/login.jag"],
        );
      }
      const form = await open("publisher", "/site/pages/login.jag", cookie);
      assert.equal(form.status, 200);
      assert.match(form.text, /action="\/publisher\/site\/blocks\/user\/login\/ajax\/login\.jag"/);
      assert.match(form.text, /type="password" name="password"/);
    });

  it("the Publisher answers its page to a user who is logged in, and no longer when it has restarted", async () => {
    const first = await start("publisher");
    const cookie = await logIn("publisher");
    const { status, text } = await open("publisher", "/", cookie);
    assert.equal(status, 200);
    assert.match(text, /Logged in as admin/);
    await first.stop();
    await start("publisher");
    assert.equal((await open("publisher", "/", cookie)).status, 302);
    // The log-in with the dead session's cookie starts a new session.
    const renewed = await logIn("publisher", cookie);
    assert.notEqual(renewed, cookie);
    assert.equal((await open("publisher", "/", renewed)).status, 200);
  });

  it("the Store shows its public page to anybody, and the user's name to a user who is logged in", async () => {
    await start("store");
    for (const cookie of ["", unknown]) {
      const { status, text } = await open("store", "/", cookie);
      assert.equal(status, 200);
      assert.match(text, /href="\/store\/site\/pages\/login\.jag"/);
      assert.doesNotMatch(text, /Logged in/);
    }
    assert.match((await open("store", "/", await logIn("store"))).text, /Logged in as admin/);
  });

  it("a request with an unknown session gets the same answer as a request without one", async () => {
    for (const [app, block, action] of [
      ["publisher", "listing/ajax/item-list.jag", "getAllAPIs"],
      ["store", "application/application-list/ajax/application-list.jag", "getApplications"],
    ] as const) {
      await start(app);
      const [without, stale] = [await post(app, block, { action }), await post(app, block, { action }, unknown)];
      assert.deepEqual([stale.status, stale.text], [without.status, without.text]);
      assert.equal(stale.status, 200);
      assert.equal(JSON.parse(stale.text).error, true);
    }
  });

  it("the Store's page sets a token, which forms must repeat in a header from then on", async () => {
    await start("store");
    const [host, port] = portals.store;
    const { headers } = await fetchFrom(host, port, "/store/");
    const [cookie = ""] = [headers["set-cookie"] ?? []].flat().map((line) => line.split(";")[0] ?? "");
    assert.match(cookie, /^csrftoken=[0-9a-f]+$/);
    const logIn = async (more: Record<string, string>) =>
      (
        await fetchFrom(host, port, "/store/site/blocks/user/login/ajax/login.jag", {
          method: "POST",
          body: "action=login&username=admin&password=admin",
          headers: { cookie, ...more },
        })
      ).text;
    assert.match(await logIn({}), /Invalid CSRF Token/);
    assert.equal(await logIn({ "x-csrftoken": cookie.replace("csrftoken=", "") }), '{"error":false}');
  });
});
