import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { RunningNode } from "../../standin/node";
import {
  Deployment,
  type Edits,
  eventually,
  fetchFrom,
  files,
  healthOf,
  type Keys,
  linkOf,
  makeKeys,
  onDatabaseServer,
  plus,
  wiring,
} from "../standin/homes";
import { good, Person, refusal } from "./standinClient";
import { startMysql, type TestMysql } from "./standinMysql";

type Changes = Partial<Record<keyof typeof wiring, Edits>>;

describe("stand-in, from publishing to calling", function () {
  this.timeout(120_000);
  let mysql: TestMysql;
  let keys: Keys;
  let deployment: Deployment;
  let person: Person;
  let backend: Server;
  let endpoint = "";
  let received: IncomingHttpHeaders = {};
  let count = 0;
  let name = "";

  before(async function () {
    const started = await startMysql();
    if (typeof started === "string") {
      console.log(`      skipped: ${started}`);
      this.skip();
    }
    mysql = started;
    keys = await makeKeys(["keymanager.test", "gateway.test", "publisher.test", "store.test"]);
    backend = createServer((request, response) => {
      received = request.headers;
      response.end(`backend saw ${request.url}`);
    });
    await new Promise<void>((done) => backend.listen(0, "127.0.0.1", done));
    endpoint = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/base`;
  });
  after(async () => {
    backend?.close();
    await mysql?.remove();
  });
  beforeEach(() => {
    deployment = new Deployment(keys);
    person = new Person();
    name = `Weather${++count}`;
  });
  afterEach(() => deployment?.stop());

  const nodes = [
    ["keyManager", "keymanager.test", "api-key-manager", ["apimgtdb", "userdb"]],
    ["gateway", "gateway.test", "gateway-manager", []],
    ["publisher", "publisher.test", "api-publisher", ["apimgtdb", "userdb", "regdb"]],
    ["store", "store.test", "api-store", ["apimgtdb", "userdb", "regdb"]],
  ] as const;

  /** The four, in the start order of the deployment, with something changed on some. */
  async function start(changes: Changes = {}, members = 2): Promise<RunningNode[]> {
    const running: RunningNode[] = [];
    for (const node of nodes) {
      running.push(await startRole(node, changes));
    }
    await eventually(() => deployment.lines.filter((line) => line.startsWith("Member joined")).length >= members);
    return running;
  }

  async function startRole([role, host, profile, databases]: (typeof nodes)[number], changes: Changes) {
    const edits = plus(wiring[role](), onDatabaseServer(mysql, databases), changes[role] ?? {});
    const node = await deployment.start(host, profile, edits);
    await node.started;
    return node;
  }

  async function toPublished(): Promise<void> {
    await good(person.logIn("publisher"));
    await good(person.addApi(name, endpoint));
    await good(person.publish(name));
  }

  async function toKeys(): Promise<{ consumerKey: string; consumerSecret: string }> {
    await toPublished();
    await good(person.logIn("store"));
    await eventually(async () => (await person.published()).includes(name));
    await good(person.addApplication(name));
    await good(person.subscribe(name, name));
    const { data } = await good(person.generateKeys(name));
    assert.ok(data);
    return data.key;
  }

  const path = (): string => `/${name.toLowerCase()}/1.0.0/today?unit=c`;

  async function fullCycle(): Promise<void> {
    const key = await toKeys();
    const token = await person.token(key);
    assert.equal(await person.token(key), token, "client_credentials asked twice gives the same token");
    const answer = await person.callApi(path(), token);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text, "backend saw /base/today?unit=c");
    assert.equal(received.authorization, undefined);
    const without = await person.callApi(path());
    assert.equal(without.status, 401);
    assert.match(without.text, /900902/);
    const wrong = await person.callApi(path(), "wrong");
    assert.equal(wrong.status, 401);
    assert.match(wrong.text, /900901/);
    const revoked = await person.oauth("/revoke", key, { token });
    assert.equal(revoked.status, 200);
    assert.equal(revoked.text, "");
    assert.equal(revoked.headers.revokedaccesstoken, token);
    const after = await person.callApi(path(), token);
    assert.equal(after.status, 401);
    assert.match(after.text, /900901/);
    assert.notEqual(await person.token(key), token);
  }

  it("goes all the way over Thrift, and cleans up", async () => {
    await start();
    await fullCycle();
    assert.match(await refusal(person.removeApi(name)), /has subscriptions/);
    await good(person.removeApplication(name));
    await good(person.removeApi(name));
    await eventually(async () => !(await person.published()).includes(name));
    assert.equal((await person.callApi(path(), "any")).status, 404);
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
    await start({ keyManager: webService, gateway: webService });
    await fullCycle();
    const [, claims = ""] = String(received["x-jwt-assertion"]).split(".");
    const decoded: unknown = JSON.parse(Buffer.from(claims, "base64url").toString());
    assert.equal((decoded as Record<string, unknown>)["http://wso2.org/claims/applicationname"], name);
  });

  it("keeps what was published over restarts of every node", async () => {
    await start();
    const token = await person.token(await toKeys());
    const key = { name };
    await deployment.stop();
    deployment = new Deployment(keys);
    await start();
    person = new Person();
    await good(person.logIn("store"));
    assert.ok((await person.published()).includes(key.name));
    // The gateway's file went with its home; publishing again puts it back.
    await good(person.logIn("publisher"));
    await good(person.publish(name));
    assert.equal((await person.callApi(path(), token)).status, 200);
  });

  it("goes on when the Key Manager was started anew: the gateway opens another Thrift session", async () => {
    const running = await start();
    const key = await toKeys();
    assert.equal((await person.callApi(path(), await person.token(key))).status, 200);
    await running[0]?.stop();
    await startRole(nodes[0], {});
    const revoked = await person.oauth("/revoke", key, { token: await person.token(key) });
    assert.equal(revoked.status, 200);
    assert.equal((await person.callApi(path(), await person.token(key))).status, 200);
  });

  it("lists subscriptions with their keys", async () => {
    await start();
    const key = await toKeys();
    const { subscriptions } = await good(
      person.post("store", "subscription/subscription-list/ajax/subscription-list.jag", {
        action: "getAllSubscriptions",
      }),
    );
    const application = subscriptions?.applications.find((one) => one.name === name);
    assert.deepEqual(
      [application?.prodConsumerKey, application?.prodConsumerSecret],
      [key.consumerKey, key.consumerSecret],
    );
    assert.deepEqual(
      application?.subscriptions.map((one) => [one.name, one.version]),
      [[name, "1.0.0"]],
    );
    const unsubscribe = () =>
      person.post("store", "subscription/subscription-remove/ajax/subscription-remove.jag", {
        ...{ action: "removeSubscription", name, version: "1.0.0", provider: "admin" },
        applicationId: `${application?.id}`,
      });
    await good(unsubscribe());
    assert.match(await refusal(unsubscribe()), /no subscription/);
  });

  it("gives tokens for a user's password, and refuses a wrong one", async () => {
    await start();
    const key = await toKeys();
    const grant = (password: string) =>
      person.oauth("/token", key, { grant_type: "password", username: "admin", password });
    assert.equal((await grant("admin")).status, 200);
    assert.equal((await grant("nope")).status, 400);
    const wrongSecret = await person.oauth(
      "/token",
      { ...key, consumerSecret: "x" },
      { grant_type: "client_credentials" },
    );
    assert.equal(wrongSecret.status, 401);
  });

  it("sends a browser from /authorize to the Key Manager's host name", async () => {
    await start();
    const key = await toKeys();
    const query = `response_type=code&client_id=${key.consumerKey}&redirect_uri=https%3A%2F%2Fapp.test`;
    const answer = await fetchFrom("gateway.test", 8244, `/authorize?${query}`);
    assert.equal(answer.status, 302);
    assert.match(String(answer.headers.location), /^https:\/\/keymanager\.test:9443\/authenticationendpoint\/login/);
  });

  it("answers 500 and 101503 when the backend is gone", async () => {
    endpoint = endpoint.replace(/:\d+/, ":1");
    await start();
    const token = await person.token(await toKeys());
    endpoint = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/base`;
    const answer = await person.callApi(path(), token);
    assert.equal(answer.status, 500);
    assert.match(answer.text, /101503/);
  });

  describe("with one value wrong", () => {
    const services = "https://keymanager.test:9443/services/";
    const password = (element: string): Edits => ({
      [files.apiManager]: [[new RegExp(`(<${element}\\b[\\s\\S]*?<Password>)\\$\\{admin.password}`), "$1wrong"]],
    });

    const loginFails = (what: string, edits: Edits, expected: RegExp) =>
      it(`the Publisher's login fails: ${what}`, async () => {
        await start({ publisher: edits });
        assert.match(await refusal(person.logIn("publisher")), expected);
      });
    loginFails("admin password", password("AuthManager"), /AuthManager\/ServerURL.*user admin or its password refused/);
    loginFails(
      "Key Manager's port",
      { [files.apiManager]: [[/(<AuthManager>[\s\S]*?):9443/, "$1:9444"]] },
      /AuthenticationAdmin.*AuthManager\/ServerURL/,
    );

    const publishFails = (what: string, edits: Edits, expected: RegExp) =>
      it(`publishing fails: ${what}`, async () => {
        await start({ publisher: edits });
        await good(person.logIn("publisher"));
        await good(person.addApi(name, endpoint));
        assert.match(await refusal(person.publish(name)), expected);
      });
    publishFails(
      "the environment's port",
      { [files.apiManager]: [["https://gateway.test:9444/services/", "https://gateway.test:9443/services/"]] },
      /Environment\[Production and Sandbox\]\/ServerURL.*nothing listens/,
    );
    publishFails("the environment's password", password("Environment"), /Environment\[.*password refused/);
    publishFails(
      "the environment is not a gateway",
      { [files.apiManager]: [["https://gateway.test:9444/services/", services]] },
      /Environment\[.*does not have that service/,
    );

    it("the Publisher does not become ready: a data source leads to another database", async () => {
      const edits = plus(wiring.publisher(), onDatabaseServer(mysql, ["apimgtdb", "userdb", "regdb"]), {
        [files.dataSources]: [["3306/apimgtdb", "3306/regdb"]],
      });
      const node = await deployment.start("publisher.test", "api-publisher", edits, 1);
      await assert.rejects(node.started, /WSO2AM_DB has no table AM_API: its dbscript has not run there/);
      const health = await healthOf("publisher.test", 9445);
      assert.equal(health.ready, false);
      assert.equal(linkOf(health, "WSO2AM_DB").state, "failed");
    });

    it("the Publisher does not become ready: a database password is wrong", async () => {
      const server = { ...mysql, password: "wrong-password" };
      const edits = plus(wiring.publisher(), onDatabaseServer(server, ["apimgtdb", "userdb", "regdb"]));
      const node = await deployment.start("publisher.test", "api-publisher", edits, 1);
      await assert.rejects(node.started, /WSO2REG_DB at .*user or password refused/);
      assert.equal(deployment.lines.join().includes("wrong-password"), false);
    });

    it("creating an API fails: the registry is mounted on a data source that is not there for it", async () => {
      const edits: Edits = { [files.registry]: [["jdbc/WSO2REG_DB", "jdbc/WSO2CarbonDB"]] };
      await start({ publisher: edits });
      await good(person.logIn("publisher"));
      assert.match(await refusal(person.addApi(name, endpoint)), /jdbc\/WSO2CarbonDB is embedded/);
    });

    const staysUnseen = async (): Promise<void> => {
      await toPublished();
      await good(person.logIn("store"));
      // Far longer than a message takes.
      await new Promise((wait) => setTimeout(wait, 300));
      assert.equal((await person.published()).includes(name), false);
    };

    it("the Store does not see it: a cluster member is missing", async () => {
      const alone: Edits = { [files.axis2]: [[/<member>[\s\S]*<\/member>/, ""]] };
      await start({ publisher: alone, store: alone }, 0);
      await staysUnseen();
    });

    it("the Store does not see it: another cluster domain", async () => {
      await start({ store: { [files.axis2]: [["wso2.pub.store.domain", "other.domain"]] } }, 0);
      await staysUnseen();
    });

    const keysFail = (what: string, changes: Changes, expected: RegExp) =>
      it(`key generation fails: ${what}`, async () => {
        await start(changes);
        await assert.rejects(toKeys(), expected);
        const lists = { action: "getApplications" };
        await good(person.post("store", "application/application-list/ajax/application-list.jag", lists));
      });
    keysFail(
      "the Store's key validation URL",
      { store: { [files.apiManager]: [[/(<APIKeyValidator>[\s\S]*?)keymanager.test:9443/, "$1publisher.test:9445"]] } },
      /APIKeyMgtSubscriberService.*APIKeyValidator\/ServerURL.*does not have that service/,
    );
    keysFail(
      "the Store's RevokeAPIURL",
      { store: { [files.apiManager]: [["gateway.test:8244/revoke", "gateway.test:8243/revoke"]] } },
      /RevokeAPIURL.*nothing listens/,
    );
    keysFail(
      "the gateway's token API",
      { gateway: { [files.token]: [["keymanager.test:9443", "keymanager.test:9453"]] } },
      /RevokeAPIURL.*answered 500.*_TokenAPI_ endpoint/,
    );

    const callFails = (what: string, changes: Changes, expected: RegExp) =>
      it(`calling fails: ${what}`, async () => {
        await start(changes);
        const token = await person.token(await toKeys());
        const answer = await person.callApi(path(), token);
        assert.notEqual(answer.status, 200);
        assert.match(answer.text, expected);
      });
    callFails(
      "the gateway's admin password at the Key Manager",
      { gateway: password("APIKeyValidator") },
      /900900.*refused/,
    );
    callFails(
      "Thrift on the gateway only",
      { keyManager: { [files.apiManager]: [["<EnableThriftServer>true<", "<EnableThriftServer>false<"]] } },
      /900900.*Thrift key validation at keymanager.test:10397.*nothing listens/,
    );
    callFails(
      "the Thrift host name",
      { gateway: { [files.apiManager]: [["<ThriftServerHost>keymanager.test<", "<ThriftServerHost>gone.test<"]] } },
      /900900.*gone.test.*does not resolve/,
    );
    it("revoking fails: the gateway's revoke API", async () => {
      const file = files.token.replace("Token", "Revoke");
      await start({ gateway: { [file]: [["keymanager.test:9443", "keymanager.test:9453"]] } });
      const key = await toKeys();
      const token = await person.token(key);
      assert.equal((await person.callApi(path(), token)).status, 200);
      const answer = await person.oauth("/revoke", key, { token });
      assert.equal(answer.status, 500);
      assert.match(answer.text, /_RevokeAPI_ endpoint/);
      assert.match(await refusal(person.removeApplication(name)), /RevokeAPIURL.*answered 500/);
    });
  });
});
