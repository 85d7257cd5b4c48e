import assert from "node:assert/strict";
import { type Edits, eventually, fetchFrom, files } from "../standin/homes";
import { good, refusal } from "./standinClient";
import { StandinRun } from "./standinRun";

describe("stand-in: from publishing an API to calling it", function () {
  this.timeout(120_000);
  const run = new StandinRun();

  async function fullCycle(): Promise<void> {
    const key = await run.toKeys();
    const token = await run.person.token(key);
    assert.equal(
      await run.person.token(key),
      token,
      "a second request with client_credentials must return the same token",
    );
    const answer = await run.person.callApi(run.path(), token);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text, "backend saw /base/today?unit=c");
    assert.equal(run.received.authorization, undefined);
    const without = await run.person.callApi(run.path());
    assert.equal(without.status, 401);
    assert.match(without.text, /900902/);
    const wrong = await run.person.callApi(run.path(), "wrong");
    assert.equal(wrong.status, 401);
    assert.match(wrong.text, /900901/);
    const revoked = await run.person.oauth("/revoke", key, { token });
    assert.equal(revoked.status, 200);
    assert.equal(revoked.text, "");
    assert.equal(revoked.headers.revokedaccesstoken, token);
    const after = await run.person.callApi(run.path(), token);
    assert.equal(after.status, 401);
    assert.match(after.text, /900901/);
    assert.notEqual(await run.person.token(key), token);
  }

  it("completes the cycle with Thrift key validation, and removes the API and the application", async () => {
    await run.start();
    await fullCycle();
    assert.match(await refusal(run.person.removeApi(run.name)), /has subscriptions/);
    await good(run.person.removeApplication(run.name));
    await good(run.person.removeApi(run.name));
    await eventually(async () => !(await run.person.published()).includes(run.name));
    assert.equal((await run.person.callApi(run.path(), "any")).status, 404);
  });

  it("completes the cycle with WSClient key validation, and sends the caller's JSON Web Token to the backend", async () => {
    const webService: Edits = {
      [files.apiManager]: [
        [">ThriftClient<", ">WSClient<"],
        [
          "<!--EnableTokenGeneration>false</EnableTokenGeneration-->",
          "<EnableTokenGeneration>true</EnableTokenGeneration>",
        ],
      ],
    };
    await run.start({ keyManager: webService, gateway: webService });
    await fullCycle();
    const [, claims = ""] = String(run.received["x-jwt-assertion"]).split(".");
    const decoded: unknown = JSON.parse(Buffer.from(claims, "base64url").toString());
    assert.equal((decoded as Record<string, unknown>)["http://wso2.org/claims/applicationname"], run.name);
  });

  it("keeps published APIs when every node restarts", async () => {
    await run.start();
    const token = await run.person.token(await run.toKeys());
    await run.deployment.stop();
    run.renew();
    await run.start();
    await good(run.person.logIn("store"));
    assert.ok((await run.person.published()).includes(run.name));
    // The gateway's file was deleted with its CARBON_HOME; publishing again writes the file again.
    await good(run.person.logIn("publisher"));
    await good(run.person.publish(run.name));
    assert.equal((await run.person.callApi(run.path(), token)).status, 200);
  });

  it("validates keys after a restart of the Key Manager: the gateway opens a new Thrift session", async () => {
    const running = await run.start();
    const key = await run.toKeys();
    assert.equal((await run.person.callApi(run.path(), await run.person.token(key))).status, 200);
    await running[0]?.stop();
    await run.startRole("keyManager");
    const revoked = await run.person.oauth("/revoke", key, { token: await run.person.token(key) });
    assert.equal(revoked.status, 200);
    assert.equal((await run.person.callApi(run.path(), await run.person.token(key))).status, 200);
  });

  it("lists subscriptions with their keys, and gateways refuse a token at once when its subscription is removed", async () => {
    await run.start();
    const key = await run.toKeys();
    const listed = async (more: Record<string, string>) => {
      const fields = { action: "getAllSubscriptions", ...more };
      const { subscriptions } = await good(
        run.person.post("store", "subscription/subscription-list/ajax/subscription-list.jag", fields),
      );
      return subscriptions?.applications.find((one) => one.name === run.name);
    };
    assert.deepEqual((await listed({}))?.subscriptions, [], "only the first application is selected by default");
    const application = await listed({ selectedApp: run.name });
    assert.deepEqual(
      [application?.prodConsumerKey, application?.prodConsumerSecret],
      [key.consumerKey, key.consumerSecret],
    );
    assert.deepEqual(
      application?.subscriptions.map((one) => [one.name, one.version]),
      [[run.name, "1.0.0"]],
    );
    const unsubscribe = () =>
      run.person.post("store", "subscription/subscription-remove/ajax/subscription-remove.jag", {
        action: "removeSubscription",
        name: run.name,
        version: "1.0.0",
        provider: "admin",
        applicationId: `${application?.id}`,
      });
    const token = await run.person.token(key);
    assert.equal((await run.person.callApi(run.path(), token)).status, 200);
    await good(unsubscribe());
    const after = await run.person.callApi(run.path(), token);
    assert.equal(after.status, 403, "the gateway still has the token in its cache");
    assert.match(after.text, /900908/);
    assert.match(await refusal(unsubscribe()), /no subscription/);
  });

  it("issues a token for a user's password, and refuses a wrong password or client secret", async () => {
    await run.start();
    const key = await run.toKeys();
    const grant = (password: string) =>
      run.person.oauth("/token", key, { grant_type: "password", username: "admin", password });
    assert.equal((await grant("admin")).status, 200);
    assert.equal((await grant("nope")).status, 400);
    const wrongSecret = await run.person.oauth(
      "/token",
      { ...key, consumerSecret: "x" },
      { grant_type: "client_credentials" },
    );
    assert.equal(wrongSecret.status, 401);
  });

  it("issues a new token for a refresh token, once, and the old access token is refused at once", async () => {
    await run.start();
    const key = await run.toKeys();
    const grant = async (fields: Record<string, string>) => {
      const { status, text } = await run.person.oauth("/token", key, fields);
      return { status, ...(JSON.parse(text) as { access_token: string; refresh_token: string; error?: string }) };
    };
    const first = await grant({ grant_type: "password", username: "admin", password: "admin" });
    assert.equal((await run.person.callApi(run.path(), first.access_token)).status, 200);
    const refresh = { grant_type: "refresh_token", refresh_token: first.refresh_token };
    const second = await grant(refresh);
    assert.notEqual(second.access_token, first.access_token);
    assert.notEqual(second.refresh_token, first.refresh_token);
    const old = await run.person.callApi(run.path(), first.access_token);
    assert.equal(old.status, 401, "the gateway still has the token in its cache");
    assert.equal((await run.person.callApi(run.path(), second.access_token)).status, 200);
    const again = await grant(refresh);
    assert.deepEqual([again.status, again.error], [400, "invalid_grant"]);
    // The Key Manager's cache must not have the ended token either.
    const third = await grant({ grant_type: "password", username: "admin", password: "admin" });
    assert.equal(third.access_token, second.access_token);
  });

  it("answers /oauth2/userinfo with the user of a token that has the scope openid", async () => {
    await run.start();
    const key = await run.toKeys();
    const password = { grant_type: "password", username: "admin", password: "admin" };
    const token = async (fields: Record<string, string>) =>
      (JSON.parse((await run.person.oauth("/token", key, fields)).text) as { access_token: string }).access_token;
    const ask = (bearer: string, query = "?schema=openid") =>
      fetchFrom("keymanager.test", 9443, `/oauth2/userinfo${query}`, {
        headers: { authorization: `Bearer ${bearer}` },
      });
    const openid = await token({ ...password, scope: "openid" });
    const answer = await ask(openid);
    assert.deepEqual([answer.status, JSON.parse(answer.text)], [200, { sub: "admin" }]);
    assert.equal((await ask(openid, "")).status, 400);
    assert.equal((await ask(await token(password))).status, 403);
    assert.equal((await ask("wrong")).status, 401);
  });

  it("redirects a browser from /authorize to the Key Manager's host name", async () => {
    await run.start();
    const key = await run.toKeys();
    const query = `response_type=code&client_id=${key.consumerKey}&redirect_uri=https%3A%2F%2Flocalhost%2Fcallback`;
    const answer = await fetchFrom("gateway.test", 8244, `/authorize?${query}`);
    assert.equal(answer.status, 302);
    assert.match(String(answer.headers.location), /^https:\/\/keymanager\.test:9443\/authenticationendpoint\/login/);
  });

  it("answers status 500 with code 101503 when the backend is not reachable", async () => {
    const { endpoint } = run;
    run.endpoint = endpoint.replace(/:\d+/, ":1");
    await run.start();
    const token = await run.person.token(await run.toKeys());
    run.endpoint = endpoint;
    const answer = await run.person.callApi(run.path(), token);
    assert.equal(answer.status, 500);
    assert.match(answer.text, /101503/);
  });

  it("forwards bodies of 9 MB, and only the methods of the API's resources", async () => {
    await run.start();
    const key = await run.toKeys();
    const token = await run.person.token(key);
    const body = "x".repeat(9_000_000);
    const refused = await run.person.callApi(run.path(), token, body);
    assert.equal(refused.status, 403);
    assert.match(refused.text, /No matching resource found/);
    await good(run.person.addApi(`${run.name}Posts`, { production: run.endpoint }, "GET,POST"));
    await good(run.person.publish(`${run.name}Posts`));
    await good(run.person.subscribe(`${run.name}Posts`, run.name));
    const answer = await run.person.callApi(run.path().replace("/1.0.0", "posts/1.0.0"), token, body);
    assert.equal(answer.text, "backend saw /base/today?unit=c and 9000000 bytes");
  });

  it("waits for a back end that takes longer than ten seconds", async () => {
    await run.start();
    const token = await run.person.token(await run.toKeys());
    run.delay = 11_000;
    assert.equal((await run.person.callApi(run.path(), token)).status, 200);
  });
});
