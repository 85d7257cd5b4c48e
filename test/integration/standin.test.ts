import assert from "node:assert/strict";
import { type Edits, eventually, fetchFrom, files } from "../standin/homes";
import { good, refusal } from "./standinClient";
import { nodes, StandinRun } from "./standinRun";

describe("stand-in, from publishing to calling", function () {
  this.timeout(120_000);
  const run = new StandinRun();

  async function fullCycle(): Promise<void> {
    const key = await run.toKeys();
    const token = await run.person.token(key);
    assert.equal(await run.person.token(key), token, "client_credentials asked twice gives the same token");
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

  it("goes all the way over Thrift, and cleans up", async () => {
    await run.start();
    await fullCycle();
    assert.match(await refusal(run.person.removeApi(run.name)), /has subscriptions/);
    await good(run.person.removeApplication(run.name));
    await good(run.person.removeApi(run.name));
    await eventually(async () => !(await run.person.published()).includes(run.name));
    assert.equal((await run.person.callApi(run.path(), "any")).status, 404);
  });

  it("goes all the way over the web service, and passes the caller's token on", async () => {
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

  it("keeps what was published over restarts of every node", async () => {
    await run.start();
    const token = await run.person.token(await run.toKeys());
    await run.deployment.stop();
    run.renew();
    await run.start();
    await good(run.person.logIn("store"));
    assert.ok((await run.person.published()).includes(run.name));
    // The gateway's file went with its home; publishing again puts it back.
    await good(run.person.logIn("publisher"));
    await good(run.person.publish(run.name));
    assert.equal((await run.person.callApi(run.path(), token)).status, 200);
  });

  it("goes on when the Key Manager was started anew: the gateway opens another Thrift session", async () => {
    const running = await run.start();
    const key = await run.toKeys();
    assert.equal((await run.person.callApi(run.path(), await run.person.token(key))).status, 200);
    await running[0]?.stop();
    await run.startRole(nodes[0]);
    const revoked = await run.person.oauth("/revoke", key, { token: await run.person.token(key) });
    assert.equal(revoked.status, 200);
    assert.equal((await run.person.callApi(run.path(), await run.person.token(key))).status, 200);
  });

  it("lists subscriptions with their keys, and the gateways are told when one ends", async () => {
    await run.start();
    const key = await run.toKeys();
    const { subscriptions } = await good(
      run.person.post("store", "subscription/subscription-list/ajax/subscription-list.jag", {
        action: "getAllSubscriptions",
      }),
    );
    const application = subscriptions?.applications.find((one) => one.name === run.name);
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
        ...{ action: "removeSubscription", name: run.name, version: "1.0.0", provider: "admin" },
        applicationId: `${application?.id}`,
      });
    const token = await run.person.token(key);
    assert.equal((await run.person.callApi(run.path(), token)).status, 200);
    await good(unsubscribe());
    const after = await run.person.callApi(run.path(), token);
    assert.equal(after.status, 403, "the gateway was not told");
    assert.match(after.text, /900908/);
    assert.match(await refusal(unsubscribe()), /no subscription/);
  });

  it("gives tokens for a user's password, and refuses a wrong one", async () => {
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

  it("sends a browser from /authorize to the Key Manager's host name", async () => {
    await run.start();
    const key = await run.toKeys();
    const query = `response_type=code&client_id=${key.consumerKey}&redirect_uri=https%3A%2F%2Fapp.test`;
    const answer = await fetchFrom("gateway.test", 8244, `/authorize?${query}`);
    assert.equal(answer.status, 302);
    assert.match(String(answer.headers.location), /^https:\/\/keymanager\.test:9443\/authenticationendpoint\/login/);
  });

  it("answers 500 and 101503 when the backend is gone", async () => {
    const { endpoint } = run;
    run.endpoint = endpoint.replace(/:\d+/, ":1");
    await run.start();
    const token = await run.person.token(await run.toKeys());
    run.endpoint = endpoint;
    const answer = await run.person.callApi(run.path(), token);
    assert.equal(answer.status, 500);
    assert.match(answer.text, /101503/);
  });
});
