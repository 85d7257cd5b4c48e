import assert from "node:assert/strict";
import type { CycleResult } from "../../../cli/verify/cycle";
import { FakeDeployment, type Override } from "./fakeDeployment";
import { runOn } from "./fakeRun";

describe("verify: tokens of a user", () => {
  let fake: FakeDeployment;
  beforeEach(async () => {
    fake = new FakeDeployment();
    await fake.start();
  });
  afterEach(() => fake.stop());

  function run(version = "1.9.0", progress?: (text: string) => void): Promise<CycleResult> {
    return runOn(fake, { outputs: { ...fake.outputs, version }, ...(progress && { progress }) });
  }

  type Seen = Parameters<Override>[0];
  const passed = ({ steps }: CycleResult) =>
    assert.deepEqual(
      steps.filter(({ ok }) => !ok),
      [],
    );
  /** The only step that failed. */
  function failure({ steps }: CycleResult) {
    const [failed, ...more] = steps.filter(({ status }) => status === "failed");
    assert.ok(failed && more.length === 0, JSON.stringify(steps, null, 1));
    const { name, detail = "", faults = [] } = failed;
    return { name, detail, links: faults.map(({ link }) => link) };
  }
  const grants = (type: string) => fake.seen.filter(({ form }) => form.grant_type === type);
  const byPassword = "get a token for a user's password";
  const byRefresh = "get a new token for the refresh token";
  const claims = "read the user's claims at userinfo";

  it("are asked for with the administrator's password, then with the refresh token, and the API is called with each", async () => {
    passed(await run());
    const [password, openid] = grants("password");
    assert.deepEqual(password?.form, { grant_type: "password", username: "admin", password: "pass & word" });
    assert.equal(openid?.form.scope, "openid");
    const [refresh] = grants("refresh_token");
    assert.deepEqual(refresh?.form, { grant_type: "refresh_token", refresh_token: "refresh-token-4" });
    for (const { headers } of [password, refresh].flatMap((seen) => seen ?? []))
      assert.match(headers.authorization ?? "", /^Basic /);
    const called = fake.seen
      .filter(({ path }) => path.startsWith("/verify"))
      .map(({ headers }) => headers.authorization);
    for (const token of ["token-4", "token-5"]) assert.ok(called.includes(`Bearer ${token}`), token);
  });

  it("fail when the password is refused: the Key Manager's grant type is the suspect, and no secret is reported", async () => {
    fake.override = ({ form }) =>
      form.grant_type === "password" ? { status: 400, body: '{"error":"invalid_grant"}' } : undefined;
    const result = await run();
    const { name, detail, links } = failure(result);
    assert.equal(name, byPassword);
    assert.match(detail, /^POST \/token: expected 200 with an access_token, found status 400: .*invalid_grant/);
    assert.deepEqual(links, ["keymanager-1 -> tokens (grant type password)"]);
    assert.ok(!JSON.stringify(result).includes("pass & word"));
  });

  const badRefresh: [string, Override, RegExp, string?][] = [
    [
      "the answer has no refresh token",
      ({ form }: Seen) => (form.grant_type === "password" ? { body: '{"access_token":"token-1"}' } : undefined),
      /expected a refresh_token for the user's password, found none/,
    ],
    [
      "the refresh token is refused",
      ({ form }: Seen) => (form.grant_type === "refresh_token" ? { status: 400, body: "unsupported" } : undefined),
      /found status 400: unsupported/,
    ],
    [
      "the refresh token returns the old token",
      ({ form }: Seen) => (form.grant_type === "refresh_token" ? { body: '{"access_token":"token-4"}' } : undefined),
      /expected a new token for the refresh token, found the old one/,
    ],
    [
      "the new token is not valid",
      ({ form }: Seen) => (form.grant_type === "refresh_token" ? { body: '{"access_token":"other"}' } : undefined),
      /expected the endpoint's answer, found status 401: 900901/,
      "call the API with the user's new token",
    ],
  ];
  for (const [what, override, expected, step = byRefresh] of badRefresh)
    it(`fail when ${what}`, async () => {
      let valid = "";
      fake.override = (seen) => {
        const answer = override(seen);
        // A token that the first step can use, without a refresh token.
        if (answer?.body?.includes("token-1") && valid === "") valid = "token-1";
        if (valid && seen.headers.authorization === "Bearer token-1") return { body: fake.answers.PRODUCTION };
        return answer;
      };
      const { name, detail } = failure(await run());
      assert.equal(name, step);
      assert.match(detail, expected);
    });

  describe("userinfo", () => {
    const asked = () => fake.seen.filter(({ path }) => path.endsWith("/userinfo"));

    it("is asked for at the Key Manager before 1.10", async () => {
      passed(await run());
      const [only, ...more] = asked();
      assert.deepEqual([only?.path, more.length], ["/oauth2/userinfo", 0]);
      assert.match(only?.host ?? "", /^keymanager\.apim-wso2\.com:/);
      assert.match(only?.headers.authorization ?? "", /^Bearer token-6$/);
    });

    it("is asked for at the gateway since 1.10", async () => {
      passed(await run("1.10.0"));
      assert.deepEqual(
        asked().map(({ path, host }) => [path, host.replace(/:.*/, "")]),
        [["/userinfo", "gateway.apim-wso2.com"]],
      );
    });

    it("is asked for at the Key Manager when the gateway does not have the API, and verify says so", async () => {
      fake.hasUserInfoApi = false;
      const said: string[] = [];
      passed(await run("1.10.0", (text) => said.push(text)));
      assert.deepEqual(said, ["the gateway has no _UserInfoAPI_.xml, so the Key Manager is asked"]);
      assert.deepEqual(
        asked().map(({ path }) => path),
        ["/userinfo", "/oauth2/userinfo"],
      );
    });

    it("fails with the Key Manager's claims as suspect when it answers an error", async () => {
      fake.override = ({ path }) => (path === "/oauth2/userinfo" ? { status: 500, body: "no claims" } : undefined);
      const { name, detail, links } = failure(await run());
      assert.equal(name, claims);
      assert.equal(
        detail,
        "GET /oauth2/userinfo: expected 200 with the user's claims in JSON, found status 500: no claims",
      );
      assert.ok(links.includes("keymanager-1 -> user's claims (userinfo)"), links.join());
    });

    it("fails with the gateway's API as suspect when that answers an error", async () => {
      fake.override = ({ path }) => (path === "/userinfo" ? { status: 500, body: "no route" } : undefined);
      const { name, links } = failure(await run("1.10.0"));
      assert.equal(name, claims);
      assert.ok(links.includes("gateway-1 -> keymanager-1 (_UserInfoAPI_ endpoint)"), links.join());
    });

    it("names the Key Manager's route when the load balancer answers", async () => {
      const body = "<html><body><h1>504 Gateway Time-out</h1>";
      fake.override = ({ path }) => (path === "/oauth2/userinfo" ? { status: 504, body } : undefined);
      assert.deepEqual(failure(await run()).links, ["loadbalancer -> keymanager-1 (keymanager)"]);
    });
  });
});
