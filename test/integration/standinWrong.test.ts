import assert from "node:assert/strict";
import { type Edits, files, healthOf, linkOf, onDatabaseServer, plus, wiring } from "../standin/homes";
import { good, refusal } from "./standinClient";
import { type Changes, StandinRun } from "./standinRun";

describe("stand-in, with one value wrong", function () {
  this.timeout(120_000);
  const run = new StandinRun();

  const services = "https://keymanager.test:9443/services/";
  const password = (element: string): Edits => ({
    [files.apiManager]: [[new RegExp(`(<${element}\\b[\\s\\S]*?<Password>)\\$\\{admin.password}`), "$1wrong"]],
  });

  const loginFails = (what: string, edits: Edits, expected: RegExp) =>
    it(`the Publisher's login fails: ${what}`, async () => {
      await run.start({ publisher: edits });
      assert.match(await refusal(run.person.logIn("publisher")), expected);
    });
  loginFails("admin password", password("AuthManager"), /AuthManager\/ServerURL.*user admin or its password refused/);
  loginFails(
    "Key Manager's port",
    { [files.apiManager]: [[/(<AuthManager>[\s\S]*?):9443/, "$1:9444"]] },
    /AuthenticationAdmin.*AuthManager\/ServerURL/,
  );

  const publishFails = (what: string, edits: Edits, expected: RegExp) =>
    it(`publishing fails: ${what}`, async () => {
      await run.start({ publisher: edits });
      await good(run.person.logIn("publisher"));
      await good(run.person.addApi(run.name, { production: run.endpoint }));
      assert.match(await refusal(run.person.publish(run.name)), expected);
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
    const edits = plus(wiring.publisher(), onDatabaseServer(run.mysql, ["apimgtdb", "userdb", "regdb"]), {
      [files.dataSources]: [["3306/apimgtdb", "3306/regdb"]],
    });
    const node = await run.deployment.start("publisher.test", "api-publisher", edits, 1);
    await assert.rejects(node.started, /WSO2AM_DB has no table AM_API: its dbscript has not run there/);
    const health = await healthOf("publisher.test", 9445);
    assert.equal(health.ready, false);
    assert.equal(linkOf(health, "WSO2AM_DB").state, "failed");
  });

  it("the Publisher does not become ready: a database password is wrong", async () => {
    const server = { ...run.mysql, password: "wrong-password" };
    const edits = plus(wiring.publisher(), onDatabaseServer(server, ["apimgtdb", "userdb", "regdb"]));
    const node = await run.deployment.start("publisher.test", "api-publisher", edits, 1);
    await assert.rejects(node.started, /WSO2REG_DB at .*user or password refused/);
    assert.equal(run.deployment.lines.join().includes("wrong-password"), false);
  });

  it("creating an API fails: the registry is mounted on a data source that is not there for it", async () => {
    const edits: Edits = { [files.registry]: [["jdbc/WSO2REG_DB", "jdbc/WSO2CarbonDB"]] };
    await run.start({ publisher: edits });
    await good(run.person.logIn("publisher"));
    assert.match(
      await refusal(run.person.addApi(run.name, { production: run.endpoint })),
      /jdbc\/WSO2CarbonDB is embedded/,
    );
  });

  const staysUnseen = async (): Promise<void> => {
    await run.toPublished();
    await good(run.person.logIn("store"));
    // Far longer than a message takes.
    await new Promise((wait) => setTimeout(wait, 300));
    assert.equal((await run.person.published()).includes(run.name), false);
  };

  it("the Store does not see it: a cluster member is missing", async () => {
    const alone: Edits = { [files.axis2]: [[/<member>[\s\S]*<\/member>/, ""]] };
    await run.start({ publisher: alone, store: alone }, 0);
    await staysUnseen();
  });

  it("the Store does not see it: another cluster domain", async () => {
    await run.start({ store: { [files.axis2]: [["wso2.pub.store.domain", "other.domain"]] } }, 0);
    await staysUnseen();
  });

  const keysFail = (what: string, changes: Changes, expected: RegExp) =>
    it(`key generation fails: ${what}`, async () => {
      await run.start(changes);
      await assert.rejects(run.toKeys(), expected);
      const lists = { action: "getApplications" };
      await good(run.person.post("store", "application/application-list/ajax/application-list.jag", lists));
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
      await run.start(changes);
      const token = await run.person.token(await run.toKeys());
      const answer = await run.person.callApi(run.path(), token);
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
