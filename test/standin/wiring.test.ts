import assert from "node:assert/strict";
import { createSecureContext } from "node:tls";
import { askOverThrift } from "../../standin/thrift";
import {
  addresses,
  Deployment,
  type Edits,
  eventually,
  fetchFrom,
  files,
  healthOf,
  type Keys,
  linkOf,
  lookup,
  makeKeys,
  plus,
  wiring,
} from "./homes";

const names = ["keymanager.test", "gateway.test", "publisher.test", "store.test"];

describe("stand-in: wiring", function () {
  this.timeout(20_000);
  let keys: Keys;
  let deployment: Deployment;
  before(async () => {
    keys = await makeKeys(names);
  });
  beforeEach(() => {
    deployment = new Deployment(keys);
  });
  afterEach(() => deployment.stop());

  const startKeyManager = (more: Edits = {}, keysOf = keys) =>
    deployment.start("keymanager.test", "api-key-manager", plus(wiring.keyManager(), more), 5, keysOf);
  const startGateway = (more: Edits = {}) =>
    deployment.start("gateway.test", "gateway-manager", plus(wiring.gateway(), more));
  const startPublisher = (more: Edits = {}) =>
    deployment.start("publisher.test", "api-publisher", plus(wiring.publisher(), more));
  const startStore = (more: Edits = {}) => deployment.start("store.test", "api-store", plus(wiring.store(), more));

  it("has no failed link between four nodes with correct files, and each node has the links of its role", async () => {
    const nodes = [await startKeyManager(), await startGateway(), await startPublisher(), await startStore()];
    await Promise.all(nodes.map((node) => node.started));
    await eventually(() => deployment.lines.filter((line) => line.startsWith("Member joined")).length >= 2);
    for (const [index, name] of names.entries()) {
      const health = await healthOf(name, 9443 + index);
      assert.deepEqual(
        health.links.filter(({ state }) => state === "failed"),
        [],
      );
      assert.equal(health.status, 200);
      assert.equal(health.ready, true);
      assert.equal(health.standIn, true);
    }
    const elements = async (name: string, port: number) =>
      (await healthOf(name, port)).links
        .filter(({ kind }) => kind !== "hostAlias" && kind !== "published")
        .map(({ protocol, host, port: to, element }) => `${protocol} ${host}:${to} ${element}`);
    assert.deepEqual(await elements("keymanager.test", 9443), [
      "https gateway.test:9444 Environment[Production and Sandbox]/ServerURL",
      "https gateway.test:8244 RevokeAPIURL",
    ]);
    assert.deepEqual(await elements("gateway.test", 9444), [
      "https keymanager.test:9443 APIKeyValidator/ServerURL",
      "thrift keymanager.test:10397 APIKeyValidator/ThriftClientPort",
      "https keymanager.test:9443 _AuthorizeAPI_ endpoint",
      "https keymanager.test:9443 _RevokeAPI_ endpoint",
      "https keymanager.test:9443 _TokenAPI_ endpoint",
    ]);
    assert.deepEqual(await elements("store.test", 9446), [
      "https keymanager.test:9443 AuthManager/ServerURL",
      "https gateway.test:9444 Environment[Production and Sandbox]/ServerURL",
      "https keymanager.test:9443 APIKeyValidator/ServerURL",
      "https gateway.test:8244 RevokeAPIURL",
      `hazelcast ${addresses["publisher.test"]}:4000 clustering/members`,
    ]);
  });

  const failing = async (name: string, port: number, element: string): Promise<string> => {
    const health = await healthOf(name, port);
    assert.equal(health.ready, true, "a failed link to another node must not make the node itself unready");
    const link = linkOf(health, element);
    assert.equal(link.state, "failed");
    const others = health.links.filter((one) => one.state === "failed" && one !== link).map((one) => one.element);
    return [link.error, ...others].join(" | ");
  };

  it("fails on links with a wrong admin password, and on no others", async () => {
    await startKeyManager();
    const gateway = await startGateway({
      [files.apiManager]: [[/(<APIKeyValidator>[\s\S]*?)\$\{admin.password}/, "$1wrong"]],
    });
    await gateway.started;
    assert.equal(
      await failing("gateway.test", 9444, "APIKeyValidator/ServerURL"),
      "user admin or its password refused | APIKeyValidator/ThriftClientPort",
    );
  });

  it("fails when the admin password was changed on the Key Manager only", async () => {
    await startKeyManager({ [files.userManagement]: [["<Password>admin<", "<Password>other<"]] });
    const gateway = await startGateway();
    await gateway.started;
    const error = await failing("gateway.test", 9444, "APIKeyValidator/ServerURL");
    assert.match(error, /^user admin or its password refused/);
  });

  it("fails when the certificate is not trusted", async () => {
    await startKeyManager({}, await makeKeys(["localhost"]).then(({ keyStore }) => ({ ...keys, keyStore })));
    const gateway = await startGateway();
    await gateway.started;
    assert.match(await failing("gateway.test", 9444, "_TokenAPI_ endpoint"), /certificate/);
  });

  it("fails when the certificate is trusted but names another host", async () => {
    const local = await makeKeys(["localhost"]);
    await startKeyManager({}, local);
    const gateway = await deployment.start("gateway.test", "gateway-manager", wiring.gateway(), 5, {
      ...keys,
      trustStore: local.trustStore,
    });
    await gateway.started;
    assert.match(
      await failing("gateway.test", 9444, "_TokenAPI_ endpoint"),
      /^its certificate is not valid for keymanager.test \(it names DNS:localhost\)/,
    );
  });

  it("fails on links with a wrong port or a wrong host, and on no others", async () => {
    await startKeyManager();
    const gateway = await startGateway({
      [files.token]: [["keymanager.test:9443", "keymanager.test:9999"]],
      [files.token.replace("Token", "Revoke")]: [["keymanager.test:9443", "elsewhere.test:9443"]],
    });
    await gateway.started;
    const health = await healthOf("gateway.test", 9444);
    assert.deepEqual(
      health.links.filter(({ state }) => state === "failed").map(({ element, error }) => [element, error]),
      [
        ["_RevokeAPI_ endpoint", "the host name does not resolve (ENOTFOUND)"],
        ["_TokenAPI_ endpoint", "nothing listens there (ECONNREFUSED)"],
        ["_RevokeAPI_ endpoint", "the host name does not resolve (ENOTFOUND)"],
      ],
    );
  });

  it("fails when key validation points at a Publisher", async () => {
    await startPublisher();
    const gateway = await startGateway({
      [files.apiManager]: [["https://keymanager.test:9443/services/", "https://publisher.test:9445/services/"]],
    });
    await gateway.started;
    assert.match(
      await failing("gateway.test", 9444, "APIKeyValidator/ServerURL"),
      /^APIKeyValidationService answered 404: this server does not have that service/,
    );
  });

  it("fails on the Thrift link only when the Key Manager does not serve Thrift", async () => {
    await startKeyManager({ [files.apiManager]: [["<EnableThriftServer>true<", "<EnableThriftServer>false<"]] });
    const gateway = await startGateway();
    await gateway.started;
    assert.equal(
      await failing("gateway.test", 9444, "APIKeyValidator/ThriftClientPort"),
      "nothing listens there (ECONNREFUSED)",
    );
  });

  it("answers over Thrift only within a session that the Key Manager opened", async () => {
    await startKeyManager();
    const caller = { trust: createSecureContext({ ca: keys.certificate }), lookup };
    const ask = (session: string) =>
      askOverThrift(caller, { host: "keymanager.test", port: 10397 }, session, { operation: "ping" }, 1000);
    await assert.rejects(ask("invented"), /session refused/);
    const login = (password: string) =>
      fetchFrom("keymanager.test", 9443, "/thriftAuthenticator", {
        method: "POST",
        headers: { authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}` },
      });
    assert.equal((await login("wrong")).status, 401);
    assert.equal(await ask((await login("admin")).text), "pong");
  });

  it("has no Thrift link when the client is WSClient", async () => {
    const gateway = await startGateway({ [files.apiManager]: [[">ThriftClient<", ">WSClient<"]] });
    await gateway.started;
    const { links } = await healthOf("gateway.test", 9444);
    assert.deepEqual(
      links.filter(({ protocol }) => protocol === "thrift"),
      [],
    );
  });

  it("fails on a missing cluster member until the member joins", async () => {
    const publisher = await startPublisher();
    await publisher.started;
    const member = async () => linkOf(await healthOf("publisher.test", 9445), "clustering/members");
    await eventually(async () => (await member()).error === "nothing listens there (ECONNREFUSED)");
    await startStore();
    await eventually(async () => (await member()).state === "ok");
  });

  it("refuses cluster members of another domain on both sides", async () => {
    const publisher = await startPublisher();
    const store = await startStore({ [files.axis2]: [["wso2.pub.store.domain", "another.domain"]] });
    await Promise.all([publisher.started, store.started]);
    const error = async (name: string, port: number) => linkOf(await healthOf(name, port), "clustering/members").error;
    await eventually(
      async () => (await error("publisher.test", 9445)) === "domain another.domain is not wso2.pub.store.domain",
    );
    await eventually(
      async () => (await error("store.test", 9446)) === "domain wso2.pub.store.domain is not another.domain",
    );
  });

  it("refuses cluster members with the same local registry, since they would share its cache", async () => {
    const shared: Edits = { [files.dataSources]: [[/\/mnt\/[\w-]+\//, "/mnt/shared/"]] };
    await startPublisher(shared);
    await startStore(shared);
    await eventually(async () => {
      const { error } = linkOf(await healthOf("store.test", 9446), "clustering/members");
      return error?.includes("its local registry has the same account and URL") === true;
    });
  });

  it("has a cluster of one member when localMemberHost is 127.0.0.1", async () => {
    const publisher = await startPublisher({
      [files.axis2]: [[`localMemberHost">${addresses["publisher.test"]}`, 'localMemberHost">127.0.0.1']],
    });
    await startStore();
    await publisher.started;
    assert.match(await failing("publisher.test", 9445, "clustering/members"), /127.0.0.1 can't be reached/);
  });

  it("answers requests to services only with the administrator's credentials", async () => {
    await (await startKeyManager()).started;
    const path = "/services/APIKeyValidationService";
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
    const status = async (headers: Record<string, string>) =>
      (await fetchFrom("keymanager.test", 9443, path, { headers })).status;
    assert.deepEqual(
      [
        await status({}),
        await status(basic("admin:wrong")),
        await status(basic("other:admin")),
        await status(basic("admin:admin")),
      ],
      [401, 401, 401, 200],
    );
  });
});
