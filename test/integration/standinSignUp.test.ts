import assert from "node:assert/strict";
import { managementServices } from "../../services/managementServices";
import { configureSignUp } from "../../services/signUp";
import { callService } from "../../services/soap";
import { good, refusal } from "./standinClient";
import { StandinRun } from "./standinRun";

const signUp = { enabled: true, user: "admin", password: "admin" };

describe("stand-in: self sign-up", function () {
  this.timeout(120_000);
  const run = new StandinRun();

  const add = (username: string, values = "Ann|Other|ann@example.com") =>
    run.person.post("store", "user/sign-up/ajax/user-add.jag", {
      action: "addUser",
      username,
      password: "Secret.1",
      allFieldsValues: values,
    });
  const logIn = (username: string) =>
    run.person.post("store", "user/login/ajax/login.jag", { action: "login", username, password: "Secret.1" });
  const configure = (changes: Partial<typeof signUp>) =>
    configureSignUp(managementServices(run.access("publisher")), { ...signUp, ...changes });

  it("creates users with the account of the registry's resource, which is admin/admin at first", async () => {
    await run.start();
    assert.equal(await configure({}), false, "the resource must be as the product writes it");
    await good(add("visitor"));
    await good(logIn("visitor"));
    assert.match(await refusal(add("visitor")), /already exists/);
    assert.match(await refusal(add("other", "Ann")), /allFieldsValues: expected 3 values, found 1/);
    assert.match(await refusal(logIn("other")), /login failed/);
    const remove = { service: "UserAdmin", operation: "deleteUser", namespace: "http://org.apache.axis2/xsd" };
    await callService(managementServices(run.access("keyManager")), { ...remove, parameters: { userName: "visitor" } });
    assert.match(await refusal(logIn("visitor")), /login failed/);
  });

  it("fails with another password in the resource, and a Store keeps what it has read until it restarts", async () => {
    const running = await run.start();
    await configure({ password: "former" });
    assert.match(await refusal(add("visitor")), /user admin or its password refused/);
    await configure({});
    assert.match(await refusal(add("visitor2")), /user admin or its password refused/);
    await running.at(-1)?.stop();
    await run.startRole("store");
    await good(add("visitor3"));
    await good(logIn("visitor3"));
  });

  it("is closed with EnableSignup false", async () => {
    await run.start();
    assert.equal(await configure({ enabled: false }), true);
    assert.match(await refusal(add("visitor4")), /has been disabled/);
    assert.match(await refusal(logIn("visitor4")), /login failed/);
  });

  it("a service refuses a wrong password, and a path without a resource", async () => {
    await run.start();
    const wrong = { ...run.access("publisher"), password: "wrong" };
    await assert.rejects(configureSignUp(managementServices(wrong), signUp), /refuses user admin or its password/);
    const get = {
      service: "ResourceAdminService",
      operation: "getTextContent",
      namespace: "http://services.resource.registry.carbon.wso2.org",
      parameters: { path: "/_system/governance/none" },
    };
    await assert.rejects(
      callService(managementServices(run.access("publisher")), get),
      /Resource does not exist at path \/_system\/governance\/none/,
    );
  });
});
