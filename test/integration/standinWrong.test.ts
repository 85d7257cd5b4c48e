import assert from "node:assert/strict";
import { type Edits, files, healthOf, linkOf, onDatabaseServer, plus, wiring } from "../standin/homes";
import { good, refusal } from "./standinClient";
import { type Changes, StandinRun } from "./standinRun";

describe("stand-in: one wrong value", function () {
  this.timeout(120_000);
  const run = new StandinRun();

  const services = "https://keymanager.test:9443/services/";
  const password = (element: string): Edits => ({
    [files.apiManager]: [[new RegExp(`(<${element}\\b[\\s\\S]*?<Password>)\\$\\{admin.password}`), "$1wrong"]],
  });

  const loginFails = (what: string, edits: Edits, expected: RegExp) =>
    it(`login to the Publisher fails with a wrong ${what}`, async () => {
      await run.start({ publisher: edits });
      assert.match(await refusal(run.person.logIn("publisher")), expected);
    });
  loginFails(
    "admin password in AuthManager",
    password("AuthManager"),
    /AuthManager\/ServerURL.*user admin or its password refused/,
  );
  loginFails(
    "port of the Key Manager in AuthManager",
    { [files.apiManager]: [[/(<AuthManager>[\s\S]*?):9443/, "$1:9444"]] },
    /AuthenticationAdmin.*AuthManager\/ServerURL/,
  );

  const publishFails = (what: string, edits: Edits, expected: RegExp) =>
    it(`publishing fails when ${what}`, async () => {
      await run.start({ publisher: edits });
      await good(run.person.logIn("publisher"));
      await good(run.person.addApi(run.name, { production: run.endpoint }));
      assert.match(await refusal(run.person.publish(run.name)), expected);
    });
  publishFails(
    "the port of the environment is wrong",
    { [files.apiManager]: [["https://gateway.test:9444/services/", "https://gateway.test:9443/services/"]] },
    /Environment\[Production and Sandbox\]\/ServerURL.*nothing listens/,
  );
  publishFails("the password of the environment is wrong", password("Environment"), /Environment\[.*password refused/);
  publishFails(
    "the environment is a Key Manager",
    { [files.apiManager]: [["https://gateway.test:9444/services/", services]] },
    /Environment\[.*does not have that service/,
  );

  it("the Publisher does not become ready when a data source names another database", async () => {
    const edits = plus(wiring.publisher(), onDatabaseServer(run.mysql, ["apimgtdb", "userdb", "regdb"]), {
      [files.dataSources]: [["3306/apimgtdb", "3306/regdb"]],
    });
    const node = await run.deployment.start("publisher.test", "api-publisher", edits, 1);
    await assert.rejects(node.started, /WSO2AM_DB has no table AM_API: its dbscript has not run there/);
    const health = await healthOf("publisher.test", 9445);
    assert.equal(health.ready, false);
    assert.equal(linkOf(health, "WSO2AM_DB").state, "failed");
  });

  it("the Publisher does not become ready when a database password is wrong", async () => {
    const server = { ...run.mysql, password: "wrong-password" };
    const edits = plus(wiring.publisher(), onDatabaseServer(server, ["apimgtdb", "userdb", "regdb"]));
    const node = await run.deployment.start("publisher.test", "api-publisher", edits, 1);
    await assert.rejects(node.started, /WSO2REG_DB at .*user or password refused/);
    assert.equal(run.deployment.lines.join().includes("wrong-password"), false);
  });

  it("creating an API fails when the registry is mounted on an embedded data source", async () => {
    const edits: Edits = { [files.registry]: [["jdbc/WSO2REG_DB", "jdbc/WSO2CarbonDB"]] };
    await run.start({ publisher: edits });
    await good(run.person.logIn("publisher"));
    assert.match(
      await refusal(run.person.addApi(run.name, { production: run.endpoint })),
      /jdbc\/WSO2CarbonDB is embedded/,
    );
  });

  const doesNotAppear = async (): Promise<void> => {
    await run.toPublished();
    await good(run.person.logIn("store"));
    // Far longer than a cluster message takes.
    await new Promise((wait) => setTimeout(wait, 300));
    assert.equal((await run.person.published()).includes(run.name), false);
  };

  it("a published API does not appear in the Store when no cluster members are configured", async () => {
    const alone: Edits = { [files.axis2]: [[/<member>[\s\S]*<\/member>/, ""]] };
    await run.start({ publisher: alone, store: alone }, 0);
    await doesNotAppear();
  });

  it("a published API does not appear in the Store when the cluster domains differ", async () => {
    await run.start({ store: { [files.axis2]: [["wso2.pub.store.domain", "other.domain"]] } }, 0);
    await doesNotAppear();
  });

  const keysFail = (what: string, changes: Changes, expected: RegExp) =>
    it(`key generation fails with a wrong ${what}`, async () => {
      await run.start(changes);
      await assert.rejects(run.toKeys(), expected);
      const lists = { action: "getApplications" };
      await good(run.person.post("store", "application/application-list/ajax/application-list.jag", lists));
    });
  keysFail(
    "key validation URL on the Store",
    { store: { [files.apiManager]: [[/(<APIKeyValidator>[\s\S]*?)keymanager.test:9443/, "$1publisher.test:9445"]] } },
    /APIKeyMgtSubscriberService.*APIKeyValidator\/ServerURL.*does not have that service/,
  );
  keysFail(
    "RevokeAPIURL on the Store",
    { store: { [files.apiManager]: [["gateway.test:8244/revoke", "gateway.test:8243/revoke"]] } },
    /RevokeAPIURL.*nothing listens/,
  );
  keysFail(
    "endpoint of the token API on the gateway",
    { gateway: { [files.token]: [["keymanager.test:9443", "keymanager.test:9453"]] } },
    /RevokeAPIURL.*answered 500.*_TokenAPI_ endpoint/,
  );

  const callFails = (what: string, changes: Changes, expected: RegExp) =>
    it(`calling an API fails when ${what}`, async () => {
      await run.start(changes);
      const token = await run.person.token(await run.toKeys());
      const answer = await run.person.callApi(run.path(), token);
      assert.notEqual(answer.status, 200);
      assert.match(answer.text, expected);
    });
  callFails(
    "the gateway has a wrong admin password for the Key Manager",
    { gateway: password("APIKeyValidator") },
    /900900.*refused/,
  );
  callFails(
    "the Key Manager does not serve Thrift",
    { keyManager: { [files.apiManager]: [["<EnableThriftServer>true<", "<EnableThriftServer>false<"]] } },
    /900900.*Thrift key validation at keymanager.test:10397.*nothing listens/,
  );
  callFails(
    "the gateway has a wrong Thrift host name",
    { gateway: { [files.apiManager]: [["<ThriftServerHost>keymanager.test<", "<ThriftServerHost>gone.test<"]] } },
    /900900.*gone.test.*does not resolve/,
  );

  it("revoking a token fails with a wrong endpoint of the revoke API on the gateway", async () => {
    const file = files.token.replace("Token", "Revoke");
    await run.start({ gateway: { [file]: [["keymanager.test:9443", "keymanager.test:9453"]] } });
    const key = await run.toKeys();
    const token = await run.person.token(key);
    assert.equal((await run.person.callApi(run.path(), token)).status, 200);
    const answer = await run.person.oauth("/revoke", key, { token });
    assert.equal(answer.status, 500);
    assert.match(answer.text, /_RevokeAPI_ endpoint/);
    assert.match(await refusal(run.person.removeApplication(run.name)), /RevokeAPIURL.*answered 500/);
  });
});
