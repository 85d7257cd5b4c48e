import assert from "node:assert/strict";
import type { CycleResult } from "../../../cli/verify/cycle";
import type { CycleOptions } from "../../../cli/verify/cycleRun";
import type { Check } from "../../../cli/verify/linkChecks";
import { FakeDeployment, type Override } from "./fakeDeployment";
import { runOn } from "./fakeRun";

const cleanup = ["/application-remove.jag removeApplication", "/remove.jag removeAPI"];

/** What a new user sends, who is removed again. */
const signUp = [
  ...["/sign-up.jag", "/user-add.jag addUser", "/login.jag login", "/application-add.jag addApplication"],
  ...["/subscription-add.jag addAPISubscription", "/subscription-add.jag generateApplicationKey", "/token", "/"],
  ...["/application-remove.jag removeApplication", "/UserAdmin"],
];

/** What a browser opens to log in to a console and out again. */
const consolePages = [
  "/",
  "/index.jsp",
  "/login.jsp",
  "/login_action.jsp",
  "/index.jsp",
  "/logout_action.jsp",
  "/login.jsp",
];

describe("verify: the cycle from publishing to calling", () => {
  let fake: FakeDeployment;
  beforeEach(async () => {
    fake = new FakeDeployment();
    await fake.start();
  });
  afterEach(() => fake.stop());

  function run(options: Partial<CycleOptions> = {}): Promise<CycleResult> {
    return runOn(fake, options);
  }

  /** The first step that failed, with the links that it names. */
  function failure({ steps }: CycleResult) {
    const found = steps.find(({ status }) => status === "failed");
    assert.ok(found, "no step failed");
    return { ...found, links: (found.faults ?? []).map(({ link }) => link) };
  }

  const when =
    (test: (seen: Parameters<Override>[0]) => boolean, answer: ReturnType<Override>): Override =>
    (seen) =>
      test(seen) ? answer : undefined;
  const refusing = (action: string, message: string) =>
    when((seen) => seen.action === action, { body: JSON.stringify({ error: true, message }) });

  it("sends the product's requests in order, with the session's cookies, and cleans up", async () => {
    const { steps, left } = await run();
    assert.deepEqual(
      steps.filter(({ ok }) => !ok),
      [],
    );
    assert.equal(left, undefined);
    assert.deepEqual([fake.apis.size, fake.applications.size], [0, 0]);
    assert.deepEqual(fake.log, [
      "/login.jag login",
      "/add.jag addAPI",
      "/life-cycles.jag updateStatus",
      "/login.jag login",
      "/list.jag getAllPublishedAPIs",
      "/application-add.jag addApplication",
      "/subscription-add.jag addAPISubscription",
      ...Array(2).fill("/subscription-add.jag generateApplicationKey"),
      "/token",
      ...Array(2).fill("/"),
      "/token",
      ...Array(3).fill("/"),
      "/revoke",
      "/",
      "/token",
      "/",
      // With the user's password, the refresh token, and the scope openid.
      ...["/token", "/", "/token", "/", "/token", "/userinfo"],
      "/",
      "/authorize",
      ...["/login.do", "/commonauth", "/authorize", "/oauth2_authz.do", "/authorize", "/token", "/"],
      ...Array(4).fill(consolePages).flat(),
      ...signUp,
      ...cleanup,
    ]);
    const [login, add, publish] = fake.seen;
    assert.deepEqual(login?.form, { action: "login", username: "admin", password: "pass & word" });
    assert.match(login?.host ?? "", /^publisher\.apim-wso2\.com:\d+$/);
    assert.equal(add?.headers.cookie, "JSESSIONID=1; APIM_NODE=x");
    assert.deepEqual(JSON.parse(add?.form.endpoint_config ?? ""), {
      production_endpoints: { url: "http://backend:1", config: null },
      sandbox_endpoints: { url: "http://backend:1/sandbox", config: null },
      endpoint_type: "http",
    });
    assert.equal(publish?.form.status, "PUBLISHED");
    const tokens = fake.seen.filter(({ path }) => path === "/token").map(({ headers }) => headers.authorization);
    assert.deepEqual(
      tokens,
      ["PRODUCTION", "SANDBOX", ...Array(6).fill("PRODUCTION")].map(
        (type) => `Basic ${Buffer.from(`k3y-${type}:s3cret`).toString("base64")}`,
      ),
    );
  });

  it("uses new names in each run", async () => {
    await Promise.all([run(), run()]);
    const names = fake.seen.filter(({ action }) => action === "addAPI").map(({ form }) => form.name);
    assert.equal(new Set(names).size, 2);
  });

  it("treats HTTP 200 with error true as a refusal", async () => {
    fake.override = refusing("login", "Login failed");
    const failed = failure(await run());
    assert.equal(failed.detail, "refused: Login failed");
    assert.deepEqual(failed.group, "Publisher");
    assert.deepEqual(fake.log, ["/login.jag login"]);
  });

  it("does not call over HTTP when the gateways serve HTTPS only", async () => {
    fake.urls = { keyManager: "", publisher: "", store: "", gatewayHttps: "" };
    const { steps } = await run();
    assert.ok(steps.every(({ ok }) => ok));
    assert.equal(
      steps.some(({ name }) => name.endsWith("over HTTP")),
      false,
    );
  });

  const halfWay: [string, Override, string, string[]][] = [
    ["publishing", refusing("updateStatus", "no"), "publish the API", [cleanup[1] ?? ""]],
    ["subscribing", refusing("addAPISubscription", "no"), "subscribe the application", cleanup],
    ["the token", when(({ path }) => path === "/token", { status: 500 }), "get a token", cleanup],
    ["the authorize request", when(({ path }) => path === "/authorize", { status: 500 }), "open /authorize", cleanup],
  ];
  for (const [what, override, step, removed] of halfWay)
    it(`cleans up after ${what} failed, and reports the later steps as not run`, async () => {
      fake.override = override;
      const result = await run();
      assert.ok(failure(result).name.startsWith(step), failure(result).name);
      const at = result.steps.findIndex(({ status }) => status === "failed");
      for (const later of result.steps.slice(at + 1))
        assert.equal(later.status, later.group === "Clean up" ? "ok" : "not run", later.name);
      assert.deepEqual(fake.log.slice(-removed.length), removed);
      assert.deepEqual([fake.apis.size, fake.applications.size, result.left], [0, 0, undefined]);
    });

  it("removes what a lost answer may have created, and reports nothing left after a refused creation", async () => {
    fake.override = refusing("addAPI", "no");
    assert.equal((await run()).left, undefined);
    fake.override = (seen) => {
      if (seen.action !== "addAPI") return undefined;
      fake.apis.add(seen.form.name ?? "");
      return { status: 504, body: "<html><body><h1>504 Gateway Time-out</h1>" };
    };
    const result = await run();
    assert.deepEqual(failure(result).links, ["loadbalancer -> publisher-1 (publisher)"]);
    assert.deepEqual([fake.apis.size, result.left], [0, undefined]);
  });

  it("fails when something can't be removed, and reports what is left", async () => {
    fake.override = refusing("removeApplication", "no");
    const result = await run();
    assert.equal(failure(result).group, "Clean up");
    assert.deepEqual([result.left?.application, result.left?.api], [true, false]);
  });

  it("with keep, does not remove the API and the application", async () => {
    const result = await run({ keep: true });
    assert.equal(fake.apis.size + fake.applications.size, 2);
    assert.match(result.left?.name ?? "", /^Verify[0-9a-f]{8}$/);
    assert.ok(result.steps.every(({ ok }) => ok));
    const removed = result.steps.filter(({ group }) => group === "Clean up").map(({ name }) => name);
    assert.equal(removed.length, 1, removed.join());
    assert.match(removed[0] ?? "", /^remove the user verify/);
  });

  it("stops during a wait, and still cleans up", async () => {
    const stop = new AbortController();
    fake.override = ({ action }) => {
      if (action !== "getAllPublishedAPIs") return undefined;
      setTimeout(() => stop.abort(new Error("stopped")), 20);
      return { body: '{"error":false,"apis":[]}' };
    };
    const started = Date.now();
    const result = await run({ signal: stop.signal, limits: { listing: 60, deployment: 60, revocation: 60 } });
    assert.ok(Date.now() - started < 10_000);
    assert.equal(failure(result).detail, "stopped");
    assert.deepEqual(fake.log.slice(-1), ["/remove.jag removeAPI"]);
    assert.equal(fake.apis.size, 0);
  });

  it("waits for the Store's list and the gateway within the limits", async () => {
    let lists = 0;
    let calls = 0;
    fake.override = ({ action, path }) => {
      if (action === "getAllPublishedAPIs" && ++lists < 3) return { body: '{"error":false,"apis":[]}' };
      return path.startsWith("/verify") && ++calls < 3 ? { status: 404 } : undefined;
    };
    const limits = { listing: 10, deployment: 10, revocation: 10 };
    assert.ok((await run({ limits })).steps.every(({ ok }) => ok));
    assert.equal(lists, 3);
    fake.override = when(({ action }) => action === "getAllPublishedAPIs", { body: '{"error":false,"apis":[]}' });
    assert.match(failure(await run()).detail ?? "", /in the Store's list within 0.3 s, found no such API/);
  });

  const judged: [string, Override, RegExp][] = [
    [
      "a revoked token that still works",
      when(({ path }) => path === "/revoke", {}),
      /expected status 401 with code 900901 within/,
    ],
    [
      "a wrong token that works",
      when(({ headers }) => headers.authorization === "Bearer not-a-token", { body: "from the endpoint" }),
      /expected status 401 with code 900901, found status 200/,
    ],
    [
      "another code without a token",
      when(({ path, headers }) => path.startsWith("/verify") && headers.authorization === undefined, { status: 401 }),
      /expected status 401 with code 900902/,
    ],
    [
      "an answer that is not the endpoint's",
      when(({ path }) => path.startsWith("/verify"), { body: "something" }),
      /expected the endpoint's answer, found status 200: something/,
    ],
    [
      "a gateway that does not permit the Store's pages",
      when(({ headers }) => headers["access-control-request-method"] !== undefined, {
        headers: { "access-control-allow-methods": "GET" },
      }),
      /expected Access-Control-Allow-Origin to permit http:\/\/store\.apim-wso2\.com:\d+, found status 200 and no such header/,
    ],
    [
      "a gateway whose answer to a preflight is an error",
      when(({ headers }) => headers["access-control-request-method"] !== undefined, {
        status: 403,
        headers: { "access-control-allow-origin": "*" },
      }),
      /expected Access-Control-Allow-Origin to permit http:\/\/store\.apim-wso2\.com:\d+, found status 403/,
    ],
    [
      "a redirect to a container's address",
      when(({ path }) => path === "/authorize", { status: 302, headers: { location: "https://172.28.0.21:9443/x" } }),
      /expected a redirect to one of the load balancer's .* found https:\/\/172\.28\.0\.21:9443/,
    ],
    [
      "the same token after its revocation",
      (seen) => (seen.path === "/token" && fake.revoked.size > 0 ? { body: '{"access_token":"token-1"}' } : undefined),
      /expected a new token after the revocation/,
    ],
  ];
  for (const [what, override, expected] of judged)
    it(`fails on ${what}`, async () => {
      fake.override = override;
      assert.match(failure(await run()).detail ?? "", expected);
    });

  describe("CORS with several gateways", () => {
    const preflight =
      (answer: (node: string) => ReturnType<Override>): Override =>
      (seen) =>
        seen.headers["access-control-request-method"] === undefined ? undefined : answer(seen.node);
    const cors = (origin: string, status = 200) => ({ status, headers: { "access-control-allow-origin": origin } });
    beforeEach(() => {
      fake.settings = { gatewayReplicas: 2 };
    });

    it("passes when no gateway sends CORS headers, and when all permit with any good status", async () => {
      fake.override = preflight(() => ({ status: 405 }));
      assert.ok((await run()).steps.every(({ ok }) => ok));
      fake.override = preflight(() => cors("*", 204));
      assert.ok((await run()).steps.every(({ ok }) => ok));
    });

    for (const [what, second, found] of [
      ["permits other pages", cors("https://old"), 'found from gateway-2 status 200 and "https://old"'],
      ["sends no CORS headers, while the other one does", {}, "found from gateway-2 status 200 and no such header"],
      ["answers with an error", { status: 500, body: "broken" }, "found from gateway-2 status 500: broken"],
    ] as const)
      it(`fails when one of them ${what}, and names it`, async () => {
        fake.override = preflight((node) => (node === "gateway-2" ? second : cors("*")));
        const { detail = "", links } = failure(await run());
        assert.ok(detail.endsWith(found), detail);
        assert.deepEqual(links, ["gateway-1 -> Store pages (CORS)", "gateway-2 -> Store pages (CORS)"]);
      });
  });

  describe("names as the link at fault", () => {
    const authManager = "publisher-1 -> keymanager-1 (AuthManager/ServerURL)";
    const state = (name: string, ok: boolean): Check => ({ name, ok });

    it("the link that the server's message names last", async () => {
      const message =
        "token (RevokeAPIURL in repository/conf/api-manager.xml): answered 500: (_TokenAPI_ endpoint in repository/deployment/server/synapse-configs/default/api/_TokenAPI_.xml)";
      fake.override = refusing("generateApplicationKey", message);
      assert.deepEqual(failure(await run()).links, ["gateway-1 -> keymanager-1 (_TokenAPI_ endpoint)"]);
    });

    it("the link that the step needs and that its node reports as failed", async () => {
      fake.override = refusing("login", "no");
      const checks = [state(authManager, true), state("keymanager-1 -> userdb (WSO2UM_DB)", false)];
      const failed = failure(await run({ checks: [...checks, state("gateway-1 -> nowhere", false)] }));
      assert.deepEqual(failed.links, ["keymanager-1 -> userdb (WSO2UM_DB)"]);
    });

    it("all links that no earlier step has used, if the servers do not report their links", async () => {
      fake.override = refusing("updateStatus", "no");
      const failed = failure(await run());
      assert.deepEqual(failed.links, ["publisher-1 -> loadbalancer (Environment[Production and Sandbox]/ServerURL)"]);
      assert.equal(failed.faults?.[0]?.file, "repository/conf/api-manager.xml");
      assert.deepEqual(failed.faults?.[0]?.settings, ["gatewayHost", "portOffsets"]);
    });

    it("the link to the endpoint, if the gateway can't reach it", async () => {
      const fault = '<am:fault xmlns:am="x"><am:code>101503</am:code></am:fault>';
      fake.override = when(({ path }) => path.startsWith("/verify"), { status: 500, body: fault });
      assert.deepEqual(failure(await run()).links, ["gateway-1 -> http://backend:1 (endpoint)"]);
    });
  });

  describe("with several gateways", () => {
    beforeEach(() => {
      fake.settings = { gatewayReplicas: 3 };
    });
    const isCall = ({ path }: Parameters<Override>[0]) => path.startsWith("/verify");
    const at = (name: string) => (seen: Parameters<Override>[0]) => isCall(seen) && seen.node === name;

    it("calls until each gateway has answered", async () => {
      assert.deepEqual(
        (await run()).steps.filter(({ ok }) => !ok),
        [],
      );
      const called = fake.seen.filter((seen) => isCall(seen) && seen.headers.authorization);
      assert.deepEqual([...new Set(called.map(({ node }) => node))].sort(), ["gateway-1", "gateway-2", "gateway-3"]);
    });

    it("names the gateway that does not serve the API, and the volume with its API files", async () => {
      fake.override = when(at("gateway-2"), { status: 404, body: "nothing here" });
      const { name, detail, links, faults } = failure(await run());
      assert.equal(name, "call the API with the token over HTTPS");
      assert.equal(detail, "expected the endpoint's answer, found from gateway-2 status 404: nothing here");
      assert.deepEqual(links, ["gateway-2 -> gateway-synapse-configs (volume)"]);
      assert.match(faults?.[0]?.file ?? "", /synapse-configs/);
    });

    it("names no volume when no gateway serves the API", async () => {
      fake.override = when(isCall, { status: 404 });
      assert.ok(!failure(await run()).links.some((link) => link.endsWith("(volume)")));
    });

    it("names the gateway that still accepts a revoked token, and the links of its cluster", async () => {
      fake.override = (seen) => {
        const token = seen.headers.authorization?.replace("Bearer ", "") ?? "";
        return at("gateway-3")(seen) && fake.revoked.has(token) ? { body: fake.answers.PRODUCTION } : undefined;
      };
      const { name, detail, links } = failure(await run());
      assert.equal(name, "call with the revoked token: expect a refusal");
      assert.match(detail ?? "", /found from gateway-3 status 200/);
      assert.ok(links.includes("gateway-1 -> gateway-3 (clustering/members)"), links.join());
      assert.ok(links.every((link) => link.includes("clustering")));
    });
  });

  it("keeps the passwords, keys and tokens out of its report", async () => {
    fake.override = when(({ path }) => path === "/revoke", { status: 500, body: "no" });
    const text = JSON.stringify(await run());
    for (const secret of ["pass & word", "s3cret", "token-1"]) assert.ok(!text.includes(secret), secret);
  });
});
